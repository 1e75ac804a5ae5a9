# SPDX-License-Identifier: MIT
#
# nouveau-svm: one command each. Everything sets up what it needs by itself.
#
# How results add up: whatever checks something ends its output with the line
#	N passed, N failed[, N skipped]
# and exits non-zero if anything failed. scripts/check runs levels, reads that
# line of each and closes with their sum in the same form.
#
# What the parts owe this file: hw/, userspace/, tests/{unit,hw,igt}/ each have a
# Makefile that honours O= and writes below $(O)/<its own path> only. userspace/
# and tests/igt/ are built inside the appliance (scripts/inroot), the rest here.

O ?= build
override O := $(abspath $(O))
export O
MAKEFLAGS += --no-print-directory
JOBS ?= $(shell nproc)
.NOTPARALLEL:
# The longest first: scripts/check runs them two at a time.
LEVELS := vm-list opencl vm-device unit hw lint
# Levels of scripts/check run side by side; what they share was built before them
# and is not to be built again by two at once.
built = $(if $(BUILT),,$(1))

.DEFAULT_GOAL := help
.PHONY: help demo check check-unit check-hw check-lint check-vm check-debug \
	check-opencl check-stress check-vm-list check-vm-device check-vm-stress \
	check-opencl-stress check-opencl-clients check-opencl-model \
	bench shell module hw userspace opencl igt lint symbols host guest \
	clean clean-cache

help: ## this text
	@echo 'nouveau-svm: shared virtual memory on a software TU104'
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22
	@echo
	@echo "  VRAM=256M MEM=3G SMP=2   the guest's size"
	@echo '  KVM=auto|on|off          auto: KVM if a kernel was seen to boot under it, else TCG'
	@echo '  KERNEL=<dir>             another kernel: vmlinuz and lib/modules/<release>'
	@echo '  O=build                  where everything is built'
	@echo "  MIRROR=<url>             Debian mirror for the appliance (else the host's)"

demo: guest opencl ## GPU kernels walk the CPU's malloc'd data; leaves a picture
	@scripts/demo

check: guest igt opencl ## all levels: unit, hw, lint, vm, opencl
	@scripts/check $(LEVELS)

check-unit: host ## the driver's pure code in user space, ASan and UBSan
	@$(MAKE) -j$(JOBS) -C tests/unit check

check-hw: host ## the GPU model against the manuals' values, and fuzzing
	@$(MAKE) -j$(JOBS) -C tests/hw check

lint: host ## checkpatch, sparse, W=1, layers, constants
	@scripts/lint

check-lint: lint

check-vm: guest igt ## the driver on the model, in a guest, under igt_runner
	@scripts/check-vm

check-vm-list: $(call built,guest igt)
	@scripts/check-vm --list

check-vm-device: $(call built,guest igt)
	@scripts/check-vm --device

check-stress: guest igt opencl ## the tests that take minutes under TCG
	@LANES=1 scripts/check vm-stress opencl-model opencl-stress opencl-clients

check-vm-stress: $(call built,guest igt)
	@scripts/check-vm --stress

check-opencl-stress: $(call built,guest opencl)
	@tests/opencl/check --stress

check-opencl-clients: $(call built,guest) ## OpenCL programs of others that Debian packages, hours
	@tests/opencl/check --clients

check-opencl-model: host ## their compilers and the GPU model alone: piglit's 1300 programs
	@scripts/build-opencl-model
	@tests/opencl/check --model

check-opencl: $(call built,guest opencl) ## OpenCL programs on unmodified rusticl and clover
	@tests/opencl/check

check-debug: hw userspace igt ## check-vm on a KASAN + lockdep + kmemleak kernel
	@KERNEL=$$(scripts/debug-kernel) && export KERNEL && \
		scripts/build-module && scripts/check-vm --debug-kernel

bench: guest opencl ## counts and ratios of faults, migration, copies; OpenCL's speed
	@scripts/bench

shell: guest opencl ## a shell in the guest; SHARE=<dir> is /nv/share there
	@scripts/opencl-vm --shell $(if $(SHARE),--share "$(SHARE)")

guest: module hw userspace

module: host ## nouveau.ko against the guest's kernel
	@scripts/build-module

hw: host ## the GPU model, build/hw/tu104
	@$(MAKE) -j$(JOBS) -C hw all

userspace: host ## libnvsvm, nvsvm, the assembler
	@scripts/inroot make -s -j$(JOBS) -C userspace all

opencl: host ## nvcl, the OpenCL programs
	@scripts/build-opencl

igt: host ## the igt tests
	@scripts/inroot make -s -j$(JOBS) -C tests/igt all

symbols: module ## each kernel symbol the module imports, and how it is exported
	@scripts/symbols $(O)/module/nouveau.ko

host:
	@scripts/host-packages

clean: ## remove what was built
	rm -rf $(O)

clean-cache: ## remove what was downloaded and cached outside the checkout
	@scripts/clean-cache
