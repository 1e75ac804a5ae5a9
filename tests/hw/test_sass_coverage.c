// SPDX-License-Identifier: MIT
/*
 * How much of what two compilers emit the model executes. Prints the counts; fails
 * when something is missing that a compute shader can have. The sample of
 * ptxas's output (tests/data/README.md says how it was made) has one word for
 * each opcode and set of modifiers that some 1400 PTX snippets came out as.
 */
#include "hwtest.h"
#include "sass.h"

static FILE *data_file(const char *name)
{
	char path[512];
	const char *slash = strrchr(__FILE__, '/');
	FILE *f;

	snprintf(path, sizeof(path), "%.*s/../data/%s", (int)(slash - __FILE__), __FILE__, name);
	f = fopen(path, "r");
	assert_non_null(f);
	return f;
}

static void test_nv50_ir(void **state)
{
	unsigned int all = 0, known = 0, graphics = 0, missing = 0;
	FILE *f = data_file("sm75_nv50ir.txt");
	char line[128];

	while (fgets(line, sizeof(line), f)) {
		uint32_t w[4] = { 0 };
		char name[32];
		struct sass_insn in;

		if (sscanf(line, "%x %31s", &w[0], name) != 2)
			continue;
		w[0] |= 7 << 12;
		sass_decode(&in, w);
		all++;
		if (in.desc && in.exec) {
			known++;
		} else if (strstr(line, "graphics")) {
			graphics++;
		} else {
			print_error("unknown: %s", line);
			missing++;
		}
	}
	fclose(f);
	print_message("counted: nv50_ir: opcodes known %u of %u; %u more only graphics has\n", known, all,
		      graphics);
	assert_int_equal(missing, 0);
	assert_true(all >= 170);
}

static void test_ptxas(void **state)
{
	static uint8_t seen[4096];	/* 1: in the sample, 2: and not executed */
	unsigned int words = 0, good = 0, missing = 0, all = 0, known = 0;
	FILE *f = data_file("sm75_ptxas.txt");
	char line[128];

	while (fgets(line, sizeof(line), f)) {
		uint32_t w[4];
		struct sass_insn in;

		if (line[0] == '#' ||
		    sscanf(line, "%x %x %x %x", &w[0], &w[1], &w[2], &w[3]) != 4)
			continue;
		sass_decode(&in, w);
		words++;
		seen[w[0] & 0xfff] |= 1;
		if (in.desc && in.exec && !in.esr) {
			good++;
			continue;
		}
		seen[w[0] & 0xfff] |= 2;
		print_error("not executed: %s", line);
		missing++;
	}
	fclose(f);
	for (unsigned int i = 0; i < 4096; i++) {
		all += seen[i] & 1;
		known += seen[i] == 1;
	}
	print_message("counted: ptxas sample: opcodes known %u of %u, encodings %u of %u\n", known, all, good,
		      words);
	assert_int_equal(missing, 0);
	assert_true(words >= 800);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nv50_ir),
		cmocka_unit_test(test_ptxas),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
