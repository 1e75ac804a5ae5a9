// SPDX-License-Identifier: MIT
/* Injection rules, the log's limits and the counters file. */
#include "hwtest.h"

#include <errno.h>
#include <unistd.h>

#include "counters.h"
#include "inject.h"

static struct sim *sim_with(const char *spec, uint64_t seed)
{
	struct sim_config c = { .gpu = { .inject = spec, .seed = seed } };

	hwtest_quiet();
	return sim_create(&c);
}

static void test_specifications(void **state)
{
	static const char *const good[] = { "", "overflow=n1", "ce-error=p0.5", "duplicate=p100",
					    "late-valid=@3,slow-replay=n2,lost-interrupt=p0" };
	static const char *const bad[] = { "overflow", "overflow=", "overflow=5", "overflow=n0",
					   "overflow=p101", "overflow=p-1", "overflow=pnan",
					   "overflow=n-1", "overflow=n5x", "nothing=n1",
					   "=n1", "overflow=n1,,x" };
	FILE *err = stderr;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(inject_check(good[i]), 0);
	stderr = fopen("/dev/null", "w");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (inject_check(bad[i]) != -EINVAL)
			fail_msg("'%s' was taken", bad[i]);
	fclose(stderr);
	stderr = err;
}

static void test_every_and_once(void **state)
{
	struct sim *s = sim_with("overflow=n3,ce-error=@4", 1);

	for (int i = 1; i <= 12; i++) {
		assert_int_equal(inject_hit(sim_gpu(s), INJECT_OVERFLOW), i % 3 == 0);
		assert_int_equal(inject_hit(sim_gpu(s), INJECT_CE_ERROR), i == 4);
		assert_false(inject_hit(sim_gpu(s), INJECT_DUPLICATE));
	}
	gpu_reset(sim_gpu(s));				/* counts start again */
	assert_false(inject_hit(sim_gpu(s), INJECT_OVERFLOW));
	sim_destroy(s);
}

static uint64_t draw(uint64_t seed, unsigned int *hits)
{
	struct sim *s = sim_with("late-valid=p25", seed);
	uint64_t bits = 0;

	*hits = 0;
	for (int i = 0; i < 4000; i++) {
		bool hit = inject_hit(sim_gpu(s), INJECT_LATE_VALID);

		*hits += hit;
		bits = bits * 3 + hit;
	}
	sim_destroy(s);
	return bits;
}

static void test_probability_is_seeded(void **state)
{
	unsigned int a, b, c;
	uint64_t one = draw(1, &a);

	assert_true(one == draw(1, &b));
	assert_true(one != draw(2, &c));
	assert_in_range(a, 850, 1150);
	assert_in_range(c, 850, 1150);
}

static void test_counters_file(void **state)
{
	char path[] = "/tmp/tu104-counters-XXXXXX", text[4096] = "";
	struct sim *s = sim_with(NULL, 1);
	int fd = mkstemp(path);

	sim_rd32(s, 0);
	sim_rd32(s, 4);
	sim_wr32(s, 0x1400, 1);
	assert_int_equal(counters_write_json(&sim_gpu(s)->counters, path), 0);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	assert_int_equal(strncmp(text, "{\n\t\"mmio_reads\": 2,\n\t\"mmio_writes\": 1,\n", 39), 0);
	assert_non_null(strstr(text, "\"sm_exceptions\": 0\n}\n"));
	assert_int_equal(counters_write_json(&sim_gpu(s)->counters, "/nonexistent/x"), -ENOENT);
	close(fd);
	unlink(path);
	sim_destroy(s);
}

static void test_log_is_bounded(void **state)
{
	char path[] = "/tmp/tu104-log-XXXXXX", line[1024];
	unsigned long lines = 0, before = log_count(LOG_UNIMPLEMENTED);
	int fd = mkstemp(path);
	FILE *f;

	assert_int_equal(log_open(path, 1u << LOG_UNIMPLEMENTED), 0);
	for (int i = 0; i < 30000; i++) {
		log_unimp("test", "line %d", i);
		log_guest_error("test", "not asked for");
	}
	log_close();
	hwtest_quiet();
	assert_int_equal(log_count(LOG_UNIMPLEMENTED), before + 30000);
	f = fopen(path, "r");
	while (fgets(line, sizeof(line), f)) {
		assert_non_null(strstr(line, "unimplemented"));
		lines++;
	}
	fclose(f);
	assert_in_range(lines, 1, 20001);
	assert_int_equal(log_open("/nonexistent/x", 0), -ENOENT);
	close(fd);
	unlink(path);
}

static void test_bad_configurations(void **state)
{
	static const struct gpu_config bad[] = {
		{ .vram_bytes = 32 << 20 }, { .vram_bytes = 96 << 20 },
		{ .vram_bytes = 32ull << 30 }, { .vram_bytes = 64 << 20, .gpcs = 7 },
		{ .vram_bytes = 64 << 20, .tpcs = 5 },
	};
	struct sim *s = sim_with(NULL, 1);

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		errno = 0;
		assert_null(gpu_create(sim_gpu(s)->host, &bad[i]));
		assert_int_equal(errno, EINVAL);
	}
	sim_destroy(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_specifications),
		cmocka_unit_test(test_every_and_once),
		cmocka_unit_test(test_probability_is_seeded),
		cmocka_unit_test(test_counters_file),
		cmocka_unit_test(test_log_is_bounded),
		cmocka_unit_test(test_bad_configurations),
	};

	return cmocka_run_group_tests_name("inject", tests, NULL, NULL);
}
