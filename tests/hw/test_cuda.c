// SPDX-License-Identifier: MIT
/*
 * CUDA kernels, as nvcc compiled them, on the model in this process: the reader
 * of cubins, what the file says of a kernel, and the instructions, without a
 * driver. tests/cuda has the same kernels for a guest.
 */
#include "../../userspace/lib/cubin.c"
#include "../../userspace/lib/cubin_info.c"
#include "../../userspace/lib/cubin_reloc.c"
#include "../cuda/cases.c"
#include "../cuda/number.c"
#include "../cuda/matrix.c"

#include "launch.h"

#define CODE_BYTES	0x40000
#define BANK_BYTES	0x8000
#define MEMORY_BYTES	0x100000
#define CODE_VA		0x610000000ull
#define BANK_VA		0x620000000ull
#define MEMORY_VA	(L_DATA_VA + 0x1000000)

static struct gputest gputest, *gt = &gputest;
static struct launch_env le;
static struct cubin cubin;
static uint8_t *file, *code, *banks, *memory;
static size_t file_bytes, used;

/* One context for all: what a case leaves behind the next one finds. */
static void *env_memory(struct cuda_env *env, size_t bytes, uint64_t *gpu)
{
	uint8_t *p = memory + used;

	assert_true(used + bytes <= MEMORY_BYTES);
	memset(p, 0, bytes);
	*gpu = MEMORY_VA + used;
	used = (used + bytes + 15) & ~15ull;
	return p;
}

static void bind_bank(uint32_t *q, unsigned int b, uint64_t va, uint32_t bytes)
{
	qmd_set(q, 640 + b, 640 + b, 1);
	qmd_set(q, 1055 + 64 * b, 1024 + 64 * b, (uint32_t)va);
	qmd_set(q, 1072 + 64 * b, 1056 + 64 * b, va >> 32);
	qmd_set(q, 1087 + 64 * b, 1075 + 64 * b, (bytes + 15) / 16);
}

static int env_launch(struct cuda_env *env, const char *name, const uint32_t grid[3],
		      const uint32_t block[3], unsigned int shared, const void *args, size_t bytes)
{
	struct cubin_error err;
	struct cubin_kernel k;
	uint32_t stack, *q;

	if (cubin_find_kernel(&cubin, name, &k, &err))
		fail_msg("%s", err.text);
	assert_true(bytes <= k.param_bytes);
	q = le_qmd(&le, 1, 1);
	qmd_set(q, 415, 384, grid[0]);
	qmd_set(q, 431, 416, grid[1]);
	qmd_set(q, 463, 448, grid[2]);
	for (unsigned int i = 0; i < 3; i++)
		qmd_set(q, 607 + 16 * i, 592 + 16 * i, block[i]);
	stack = (k.stack + CUDA_STACK + 15) & ~15u;
	qmd_set(q, 656, 648, k.registers);
	qmd_set(q, 561, 544, (k.shared + shared + 255) / 256 * 256);
	qmd_set(q, 951, 928, stack);
	memset(le.constants, 0, 0x160);
	memcpy(le.constants, block, 12);
	memcpy(le.constants + 3, grid, 12);
	le.constants[6] = 0xfe000000;
	le.constants[8] = 0xff000000;
	le.constants[10] = stack;
	le.constants[11] = shared;
	memcpy((uint8_t *)le.constants + k.param_base, args, bytes);
	for (unsigned int b = 1; b < CUBIN_BANKS; b++)
		if (k.bank[b].bytes)
			bind_bank(q, b, BANK_VA + k.bank[b].at, k.bank[b].bytes);
	qmd_set(q, 1567, 1536, (uint32_t)(CODE_VA + k.code));
	qmd_set(q, 1584, 1568, (CODE_VA + k.code) >> 32);
	if (!le_run(&le, 20000)) {
		snprintf(env->error, sizeof(env->error), "no end: GR_INTR %#x, warp error %#x %#x",
			 gt_rd(gt, GR_INTR), gt_rd(gt, WARP_ESR(0, 0)), gt_rd(gt, WARP_ESR(0, 1)));
		return -1;
	}
	return 0;
}

static int setup(void **state)
{
	char path[512];
	const char *slash = strrchr(__FILE__, '/');
	struct cubin_error err = { "" };
	struct cubin_target t = { 0 };
	struct gt_chan *channel = &le.c;
	uint64_t code_pa, bank_pa, memory_pa;
	FILE *f;

	snprintf(path, sizeof(path), "%.*s/../cuda/kernels.cubin", (int)(slash - __FILE__),
		 __FILE__);
	f = fopen(path, "rb");
	assert_non_null(f);
	file = malloc(1 << 20);
	file_bytes = fread(file, 1, 1 << 20, f);
	fclose(f);
	if (cubin_open(&cubin, file, file_bytes, &err))
		fail_msg("%s", err.text);
	gt_create(gt, NULL);
	gt_faults_on(gt, 0);
	gt_faults_on(gt, 1);
	le_open(&le, gt, 5);
	gt_runlist(gt, 0, &channel, 1);
	le_setup(&le);
	code_pa = gt_vram(gt, CODE_BYTES, 0x1000);
	bank_pa = gt_vram(gt, BANK_BYTES, 0x1000);
	memory_pa = gt_sys(gt, MEMORY_BYTES, 0x1000);
	code = sim_vram(gt->sim, code_pa, CODE_BYTES);
	banks = sim_vram(gt->sim, bank_pa, BANK_BYTES);
	memory = sim_mem(gt->sim, memory_pa, MEMORY_BYTES);
	gt_map_range(&le.vm, CODE_VA, CODE_BYTES, 12, code_pa, GT_VRAM_RW);
	gt_map_range(&le.vm, BANK_VA, BANK_BYTES, 12, bank_pa, GT_VRAM_RW);
	gt_map_range(&le.vm, MEMORY_VA, MEMORY_BYTES, 12, memory_pa, GT_SYS_RW);
	assert_true(cubin.place_bytes[CUBIN_CODE] <= CODE_BYTES);
	assert_true(cubin.place_bytes[CUBIN_CONST] <= BANK_BYTES);
	t.memory[CUBIN_CODE] = code;
	t.address[CUBIN_CODE] = CODE_VA;
	t.memory[CUBIN_CONST] = banks;
	t.address[CUBIN_CONST] = BANK_VA;
	t.memory[CUBIN_DATA] = memory;
	t.address[CUBIN_DATA] = MEMORY_VA;
	if (cubin_load(&cubin, &t, &err))
		fail_msg("%s", err.text);
	return 0;
}

static int teardown(void **state)
{
	gt_destroy(gt);
	cubin_close(&cubin);
	free(file);
	return 0;
}

static void run_case(void **state)
{
	const struct cuda_case *c = *state;
	struct cuda_env env = { .memory = env_memory, .launch = env_launch };

	used = (cubin.place_bytes[CUBIN_DATA] + 4095) & ~4095ull;
	if (!c->run(&env, c))
		fail_msg("%s: %s", c->name, env.error);
}

/* What the kernels leave in variables of their own. */
static void test_variables(void **state)
{
	enum cubin_place place;
	uint64_t at, size;

	assert_int_equal(cubin_find_variable(&cubin, "launches", &place, &at, &size), 0);
	assert_int_equal(place, CUBIN_DATA);
	assert_int_equal(size, 4);
	assert_int_equal(*(uint32_t *)(memory + at), 256);
	assert_int_equal(cubin_find_variable(&cubin, "coefficients", &place, &at, &size), 0);
	assert_int_equal(place, CUBIN_CONST);
	assert_int_equal(size, 20);
	assert_int_equal(cubin_find_variable(&cubin, "vadd", &place, &at, &size), -ENOENT);
}

static void test_parameters(void **state)
{
	struct cubin_error err;
	struct cubin_kernel k;

	assert_int_equal(cubin_find_kernel(&cubin, "vadd", &k, &err), 0);
	assert_int_equal(k.nparams, 4);
	assert_int_equal(k.param_base, 0x160);
	assert_int_equal(k.param_bytes, 28);
	assert_int_equal(k.param[2].offset, 16);
	assert_int_equal(k.param[2].size, 8);
	assert_int_equal(k.param[3].offset, 24);
	assert_int_equal(k.param[3].size, 4);
	assert_int_equal(cubin_find_kernel(&cubin, "sgemm", &k, &err), 0);
	assert_int_equal(k.shared, 2048);
	assert_int_equal(k.barriers, 1);
	assert_true(k.registers >= 16 && k.registers <= 255);
	assert_int_equal(cubin_find_kernel(&cubin, "calls", &k, &err), 0);
	assert_true(k.stack > 0);
	assert_int_equal(cubin_find_kernel(&cubin, "nothing", &k, &err), -ENOENT);
}

/* A file cut short or with bytes changed is refused or read, never more. */
static void test_hostile(void **state)
{
	uint8_t *copy = malloc(file_bytes), *places[CUBIN_PLACES];
	unsigned int refused = 0, loaded = 0;

	for (unsigned int n = 0; n < 4000; n++) {
		size_t bytes = n % 3 ? file_bytes : cuda_random() % file_bytes;
		struct cubin_target t = { 0 };
		struct cubin_error err = { "" };
		struct cubin_kernel k;
		struct cubin c;
		const char *name;

		memcpy(copy, file, file_bytes);
		for (unsigned int i = 0; n % 3 && i <= n % 5; i++) {
			/* Where the tables are, more often than anywhere. */
			uint64_t tables = cubin_u64(file + 40);
			size_t at = n % 2 ? tables + cuda_random() % (file_bytes - tables) :
					    cuda_random() % file_bytes;

			copy[at] = (uint8_t)(n % 7 ? cuda_random() : 0xff);
		}
		uint8_t *exact = malloc(bytes ? bytes : 1);

		memcpy(exact, copy, bytes);
		if (cubin_open(&c, exact, bytes, &err)) {
			assert_true(err.text[0]);
			refused++;
			free(exact);
			continue;
		}
		for (unsigned int i = 0; i < CUBIN_PLACES; i++)
			t.memory[i] = places[i] = c.place_bytes[i] < 1 << 20 ?
				malloc(c.place_bytes[i] + 1) : NULL;
		if (places[CUBIN_CODE] && places[CUBIN_DATA] && places[CUBIN_CONST] &&
		    !cubin_load(&c, &t, &err))
			loaded++;
		for (unsigned int i = 0; (name = cubin_kernel_name(&c, i)); i++)
			if (cubin_find_kernel(&c, name, &k, &err))
				assert_true(err.text[0]);
		for (unsigned int i = 0; i < CUBIN_PLACES; i++)
			free(places[i]);
		cubin_close(&c);
		free(exact);
	}
	free(copy);
	assert_true(refused > 1000);
	assert_true(loaded > 500);
}

int main(void)
{
	struct CMUnitTest tests[64] = { { 0 } };
	unsigned int n = 0;

	for (; n < cuda_case_count; n++)
		tests[n] = (struct CMUnitTest){
			.name = cuda_cases[n].name, .test_func = run_case,
			.initial_state = (void *)&cuda_cases[n],
		};
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_variables);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_parameters);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_hostile);
	return _cmocka_run_group_tests("cuda", tests, n, setup, teardown);
}
