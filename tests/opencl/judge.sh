# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# judge.sh: what becomes of a program of others; for third-party and in-process, which
# set $stack and $patterns, and $known, the path of third-party.known.

chosen() {
	local p

	for p in "${patterns[@]}"; do
		# shellcheck disable=SC2053
		[[ $1 == $p ]] && return
	done
	return 1
}

# known NAME: why it cannot pass on this stack, if so.
known() {
	local names stacks why

	while IFS='|' read -r names stacks why; do
		# shellcheck disable=SC2053
		if [[ $names != '#'* && $1 == ${names%%+( )} && $stacks == *"$stack"* ]]; then
			echo "${why# }"
			return
		fi
	done <"$known"
}

# known_failure NAME LOG: the same, also if each of its subtests that fail is known.
known_failure() {
	local subtest why last=''

	why=$(known "$1")
	if [ -z "$why" ] && untranslated "$2"; then
		known "$1: not translated"
		return
	fi
	if [ -z "$why" ]; then
		while read -r subtest; do
			why=$(known "$1: $subtest")
			[ -n "$why" ] || return
			last=$why
		done < <(failing "$2")
		why=$last
	fi
	echo "$why"
}

# The subtests that an output says failed: piglit's, and CLBlast's routines, which may be
# tried several times, with other kernels: CGEMM/1, CGEMM/2.
failing() {
	sed -n 's/^PIGLIT: {"subtest": {"\(.*\)" : "\(fail\|crash\)"}}/\1/p' "$1"
	sed 's/\x1b\[[0-9;]*m//g' "$1" | awk -F "'" '
		/Starting tests for the/ { routine = $2; tries[routine]++ }
		/^ *[1-9][0-9]* test\(s\) failed/ { print routine "/" tries[routine] }'
}

# Mesa's code generator gave up on a kernel, and said so.
untranslated() {
	grep -qa '^nvc0_program_translate:[0-9]* - shader translation failed' "$1"
}

# judge NAME EXPECTED LOG RC COMPLAINTS SECONDS: one line of what became of it. Nothing is
# known that makes the model or the kernel complain, but for a kernel that was not
# translated: clover launches it, and the GPU runs what lies there.
judge() {
	local name=$1 expected=$2 log=$3 rc=$4 complaints=$5 seconds=$6 why='' verdict=pass failed

	if [ -n "$complaints" ]; then
		why=$(head -n1 <<<"$complaints")
	elif grep -qa '^PIGLIT: {"result": "skip"' "$log"; then
		verdict=skip
		why="the client asks for what the stack does not offer"
	elif [ "$rc" -ne 0 ]; then
		failed=$(failing "$log" | paste -sd,)
		why="exit $rc: ${failed:-$(grep -aiE 'fail|error|expect|differ' "$log" | head -n1)}"
	elif ! grep -qaE -- "$expected" "$log"; then
		why="no '$expected' in its output"
	fi
	if [ $verdict = pass ] && [ -n "$why" ]; then
		verdict=fail
		failed=$(known_failure "$name" "$log")
		if [ -n "$failed" ] && { [ -z "$complaints" ] || untranslated "$log"; }; then
			verdict=known
			why=$failed
		fi
	fi
	echo "$verdict $name${why:+: ${why:0:160}} ($seconds s)"
}

# Debian's piglit, inside of a root.
piglit=/usr/lib/x86_64-linux-gnu/piglit

# run_clients ROOT CHECKOUT: all else, with the caller's run SECONDS NAME EXPECTED CMD...;
# CHECKOUT is where this checkout is found inside of the root.
run_clients() {
	local t

	# One device, one platform, no interaction; it compares with the known answer.
	run 300 clFFT '[*]PASS[*]' clFFT-client --gpu -x 256 -b 4
	run 300 clFFT-2d '[*]PASS[*]' clFFT-client --gpu -x 32 -y 32
	run 1800 pyopencl 'all right' python3 "$2/tests/opencl/arrays.py"
	run 600 'clpeak latency' 'Kernel launch latency : [0-9.]+ us' clpeak --kernel-latency
	# Its buffers are half of video memory; its compute tests, which want 10^10
	# lane-instructions a launch, are left out.
	run 1800 'clpeak transfer' 'memcpy to mapped ptr +: [0-9.]+' \
		env TU104_VRAM=128 clpeak --transfer-bandwidth
	# Two of them in a launch: Mesa allows 80 % of video memory, and when it has SVM all
	# buffers share a window of addresses as large as that.
	run 1800 'clpeak global' 'float16 +: [0-9.]+' \
		env TU104_VRAM=128 NOUVEAU_SVM=0 NOUVEAU_LIBDRM_VRAM_LIMIT_PERCENT=200 \
		clpeak --global-bandwidth
	# The word is "gpu". Needs VRAM=1G.
	run 3600 hashcat '0aa0be2a866411d9ff03515227454947:gpu' hashcat -m 0 -a 3 -D 2 -O --force \
		--potfile-disable --self-test-disable -n 1 -u 32 0aa0be2a866411d9ff03515227454947 '?l?l?l'
	for t in xaxpy xdot xgemv xger xomatcopy xgemm; do
		run 3600 "clblast $t" '[1-9][0-9]* test\(s\) passed' \
			clblast_test_$t -platform 0 -device 0 -precision 32
	done
	for t in "$1$piglit"/bin/cl-*; do
		t=${t##*/}
		[ "$t" = cl-program-tester ] ||
			run 900 "piglit $t" 'PIGLIT: {"result": "pass"' "$piglit/bin/$t"
	done
}

# list_programs ROOT: those of piglit's tester that were chosen, as paths inside of it.
list_programs() {
	local t

	for t in "$1$piglit"/{tests/cl/program/{build{,/fail},execute{,/builtin/*}},generated_tests/cl/{builtin/*,store,vload,vstore}}/*.{cl,program_test}; do
		t=${t#"$1"}
		! chosen "piglit ${t#*/cl/}" || echo "$t"
	done
}

# judge_programs: what piglit-program printed of each.
judge_programs() {
	local rc seconds log t

	while read -r rc seconds log t; do
		judge "piglit ${t#*/cl/}" 'PIGLIT: {"result": "pass"' "$log" "$rc" \
			"$(cat "$log.said")" "$seconds"
	done
}
