// SPDX-License-Identifier: MIT
/*
 * Kernels that nvcc compiled (tests/cuda), on malloc'd memory: libnvsvm reads
 * the cubin, the driver answers the faults, the CPU knows the results.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nvsvm.h>

#include "cases.h"
#include "nv_igt.h"

#define MEMORY_MAX 8

/* The file, as the toolchain wrote it. */
__asm__(".section .rodata\ncubin_start: .incbin \"" CUBIN
	"\"\ncubin_end:\n.previous\n");
extern const char cubin_start[], cubin_end[];

static struct nvsvm_context *context;
static struct nvsvm_module *module;
static void *blocks[MEMORY_MAX];
static unsigned int nblocks;

static void *env_memory(struct cuda_env *env, size_t bytes, uint64_t *gpu)
{
	(void)env;
	igt_assert(nblocks < MEMORY_MAX);
	blocks[nblocks] = calloc(1, bytes);
	igt_assert(blocks[nblocks]);
	*gpu = (uintptr_t)blocks[nblocks];
	return blocks[nblocks++];
}

static int env_launch(struct cuda_env *env, const char *name, const uint32_t grid[3],
		      const uint32_t block[3], unsigned int shared, const void *args, size_t bytes)
{
	struct nvsvm_kernel *kernel;
	int ret;

	ret = nvsvm_module_kernel(module, name, CUDA_STACK, &kernel, env->error,
				  sizeof(env->error));
	if (ret)
		return ret;
	ret = nvsvm_kernel_set_shared(kernel, shared);
	if (!ret)
		ret = nvsvm_launch(kernel, grid, block, args, bytes);
	if (!ret)
		ret = nvsvm_wait(context);
	nvsvm_kernel_free(kernel);
	return ret;
}

static void run(const struct cuda_case *c)
{
	struct cuda_env env = { .memory = env_memory, .launch = env_launch };
	bool ok = c->run(&env, c);

	while (nblocks)
		free(blocks[--nblocks]);
	igt_assert_f(ok, "%s\n", env.error);
}

/* What a kernel leaves in a variable is there for the CPU. */
static void variable(void)
{
	size_t bytes;
	void *p;

	igt_assert_eq(nvsvm_module_variable(module, "launches", &p, &bytes), 0);
	igt_assert_eq(bytes, 4);
	*(uint32_t *)p = 0;
	for (unsigned int i = 0; i < cuda_case_count; i++)
		if (!strcmp(cuda_cases[i].name, "variables"))
			run(&cuda_cases[i]);
	igt_assert_eq(*(uint32_t *)p, 256);
	igt_assert_eq(nvsvm_module_variable(module, "nothing", &p, &bytes), -ENOENT);
}

static void refused(void)
{
	struct nvsvm_kernel *kernel;
	struct nvsvm_module *other;
	char error[160] = "";

	igt_assert_eq(nvsvm_module_load(context, cubin_start, 100, &other, error, sizeof(error)),
		      -EINVAL);
	igt_assert(error[0]);
	igt_assert_eq(nvsvm_module_kernel(module, "nothing", 0, &kernel, error, sizeof(error)),
		      -ENOENT);
	igt_assert_eq(nvsvm_module_kernel(module, "calls", 1 << 20, &kernel, error,
					  sizeof(error)), -EINVAL);
	igt_assert_eq(nvsvm_module_kernel(module, "vadd", 0, &kernel, error, sizeof(error)), 0);
	igt_assert_eq(nvsvm_module_free(module), -EBUSY);
	igt_assert_eq(nvsvm_kernel_set_shared(kernel, 1 << 20), -EINVAL);
	igt_assert_eq(nvsvm_kernel_parameters(kernel, NULL, 0), 4);
	nvsvm_kernel_free(kernel);
}

/* nvsvm run --cubin with a file and arguments; what its checks say is its exit status. */
static int tool(const char *file, const char *arguments)
{
	const char *nvsvm = getenv("NVSVM");
	char command[640];
	int status;

	snprintf(command, sizeof(command), "%s run --cubin %s %s", nvsvm ? nvsvm : "nvsvm", file,
		 arguments);
	status = system(command);
	igt_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Products of matrices by the command: bytes, halves (1 and -1), and a check that fails. */
static void command_line(void)
{
	char file[] = "/tmp/nvsvm-cubin-XXXXXX";
	size_t bytes = (size_t)(cubin_end - cubin_start);
	int fd = mkstemp(file), integers, halves, wrong;

	igt_assert(fd >= 0);
	igt_assert_eq(write(fd, cubin_start, bytes), (ssize_t)bytes);
	close(fd);
	integers = tool(file, "--kernel mma_byte --grid 2,2 --block 128 'i32[4096]=0' 'i8[4096]=3' "
			"'i8[4096]=-2' i32=64 --check 0=-384");
	halves = tool(file, "--kernel mma_half --grid 8,4 'f32[4096]=0' 'u16[4096]=15360' "
		      "'u16[4096]=48128' i32=64 --check 0=-64");
	wrong = tool(file, "--kernel mma_half --grid 8,4 'f32[4096]=0' 'u16[4096]=15360' "
		     "'u16[4096]=48128' i32=64 --check 0=-63");
	unlink(file);
	igt_assert_eq(integers, 0);
	igt_assert_eq(halves, 0);
	igt_assert_eq(wrong, 1);
}

int igt_main()
{
	igt_fixture() {
		char error[160] = "";

		igt_assert_eq(nvsvm_open(NULL, &context), 0);
		igt_assert_f(!nvsvm_module_load(context, cubin_start,
						(size_t)(cubin_end - cubin_start), &module, error,
						sizeof(error)), "%s\n", error);
	}
	for (unsigned int i = 0; i < cuda_case_count; i++)
		igt_subtest(cuda_cases[i].name)
			run(&cuda_cases[i]);
	igt_subtest("device-variable")
		variable();
	igt_subtest("bad-file")
		refused();
	igt_subtest("tool")
		command_line();
	igt_fixture() {
		nvsvm_module_free(module);
		nvsvm_close(context);
	}
}
