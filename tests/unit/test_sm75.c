// SPDX-License-Identifier: MIT
/* The assembler against words other tools made, and its own refusals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <sm75.h>

#define SCHEDULING 0x1ffu		/* w3 bits that are not scheduling */

/* Where a golden branch stood: its displacement gives it away. */
static uint64_t position(const char *text, const uint32_t w[4])
{
	const char *bra = strstr(text, "BRA 0x");
	unsigned long target;

	if (!bra || sscanf(bra + 4, "%lx", &target) != 1)
		return 0;
	return target - 16 - (int64_t)(int32_t)w[1];
}

static void golden(void **state)
{
	FILE *f = fopen(TEST_DATA "/sm75_golden.txt", "r");
	unsigned int seen = 0;
	char line[300];

	(void)state;
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		uint32_t want[4], got[4];
		struct sm75_error err;
		int at;

		if (sscanf(line, "%x %x %x %x %n", want, want + 1, want + 2, want + 3, &at) != 4)
			continue;
		line[strcspn(line, "\n")] = 0;
		if (sm75_assemble_one(line + at, position(line + at, want), got, &err))
			fail_msg("%s: %s", line + at, err.text);
		want[3] &= SCHEDULING;
		if (memcmp(want, got, sizeof(want)))
			fail_msg("%s: got %08x %08x %08x %08x", line + at, got[0], got[1], got[2],
				 got[3]);
		seen++;
	}
	fclose(f);
	assert_int_equal(seen, 140);
}

static void labels_and_directives(void **state)
{
	static const char source[] =
		".equ WHERE 0x18 // a name\n"
		".shared 512\n.local 32\n"
		"start: MOV R5, c[0x0][WHERE]\n"
		"\tBRA end ;\n"
		"back:\tBRA start # up\n"
		"end:\n\tBAR.SYNC RZ, RZ\n\tBRA back\n\tEXIT\n";
	struct sm75_program prog;
	struct sm75_error err;

	(void)state;
	assert_int_equal(sm75_assemble(source, &prog, &err), 0);
	assert_int_equal(prog.count, 6);
	assert_int_equal(prog.shared_bytes, 512);
	assert_int_equal(prog.local_bytes, 32);
	assert_int_equal(prog.barriers, 1);
	assert_int_equal(prog.gprs, 7);
	/* c[0][0x18]: the offset is in bits 53:38 of the instruction */
	assert_int_equal(prog.words[1], 0x18 << 6);
	assert_int_equal((int32_t)prog.words[4 + 1], 16);		/* over one */
	assert_int_equal((int32_t)prog.words[8 + 1], -48);		/* to the start */
	assert_int_equal((int32_t)prog.words[16 + 1], -48);		/* to back */
	/* a negative displacement is 48 bits wide */
	assert_int_equal(prog.words[8 + 2] & 0x3ffff, 0x3ffff);
	sm75_program_free(&prog);
}

/* Every instruction waits for all scoreboards; results of loads set one. */
static void scheduling(void **state)
{
	struct sm75_program prog;
	struct sm75_error err;

	(void)state;
	assert_int_equal(sm75_assemble("LDS R0, [R2]\nIADD3 R0, R0, R1, RZ\n", &prog, &err), 0);
	for (unsigned int i = 0; i < 2; i++)
		assert_int_equal(prog.words[4 * i + 3] >> 20 & 0x3f, 0x3f);
	assert_int_equal(prog.words[3] >> 14 & 7, 0);
	assert_int_equal(prog.words[7] >> 14 & 7, 7);
	sm75_program_free(&prog);
}

static void refusals(void **state)
{
	static const struct { const char *source; unsigned int line; } bad[] = {
		{ "FROB R1, R2\n", 1 },
		{ "EXIT\nMOV R1\n", 2 },
		{ "MOV R255, R1\n", 1 },		/* that is RZ's number */
		{ "MOV R1, c[0x12][0x0]\n", 1 },	/* no such bank */
		{ "BRA nowhere\n", 1 },
		{ "a:\na: EXIT\n", 2 },
		{ "@P7 EXIT\n", 1 },
		{ "IADD3 R0, R1, R2\n", 1 },
		{ ".shared 999999\n", 1 },
		{ ".what 3\n", 1 },
		{ "LD.E R0, R2\n", 1 },
		{ "S2R R0, SR_NOTHING\n", 1 },
		{ "MOV R1, R2, , R3\n", 1 },
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sm75_program prog;
		struct sm75_error err;

		if (!sm75_assemble(bad[i].source, &prog, &err))
			fail_msg("accepted: %s", bad[i].source);
		assert_int_equal(err.line, bad[i].line);
		assert_true(err.text[0]);
		assert_null(prog.words);
	}
}

/* Random text never crashes it. */
static void noise(void **state)
{
	static const char alphabet[] = "RPZTcb[]0x19+-|~!@.,;: \n\tIADDMOVLSBRX_#/";
	uint32_t seed = 7;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		char text[96];
		struct sm75_program prog;
		struct sm75_error err;

		for (unsigned int i = 0; i < sizeof(text) - 1; i++) {
			seed = seed * 1664525u + 1013904223u;
			text[i] = alphabet[(seed >> 10) % (sizeof(alphabet) - 1)];
		}
		text[sizeof(text) - 1] = 0;
		if (!sm75_assemble(text, &prog, &err))
			sm75_program_free(&prog);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden),
		cmocka_unit_test(labels_and_directives),
		cmocka_unit_test(scheduling),
		cmocka_unit_test(refusals),
		cmocka_unit_test(noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
