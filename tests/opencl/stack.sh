# shellcheck shell=bash
# SPDX-License-Identifier: MIT

# stack_env STACK CACHE: the environment in which STACK offers its device, as env=(...).
stack_env() {
	env=(
		PATH=/usr/sbin:/usr/bin HOME=/root LC_ALL=C.UTF-8 TERM="${TERM:-dumb}"
		NOUVEAU_SVM=1 MESA_SHADER_CACHE_DIR="$2" XDG_CACHE_HOME=/tmp
	)
	case $1 in
	rusticl)
		env+=(RUSTICL_ENABLE=nouveau RUSTICL_FEATURES=fp64
			OCL_ICD_VENDORS=/etc/OpenCL/vendors/rusticl.icd)
		;;
	clover)
		# Without the last one its SPIR-V translator aborts on atomics and vectors.
		env+=(NOUVEAU_ENABLE_CL=1 OCL_ICD_VENDORS=/etc/OpenCL/vendors/mesa.icd
			CLOVER_EXTRA_BUILD_OPTIONS=-no-opaque-pointers)
		;;
	*)
		echo "${0##*/}: $1: [clients-]rusticl or [clients-]clover" >&2
		return 2
		;;
	esac
}
