/* SPDX-License-Identifier: MIT */
/*
 * igt for these tests. In an igt tree this is igt.h; elsewhere it is our own
 * declarations of what Debian's libigt.so exports, since no package carries
 * its headers. Tests spell the macros the current way: int igt_main(),
 * igt_fixture(), igt_subtest_group().
 */
#ifndef NV_IGT_H
#define NV_IGT_H

#ifdef NV_IGT_IN_TREE
#include "igt.h"
#else

#include <getopt.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

enum igt_log_level { IGT_LOG_DEBUG, IGT_LOG_INFO, IGT_LOG_WARN, IGT_LOG_CRITICAL };

extern sigjmp_buf igt_subtest_jmpbuf;

int igt_subtest_init_parse_opts(int *argc, char **argv, const char *short_opts,
				const struct option *long_opts, const char *help,
				int (*handler)(int, int, void *), void *data);
bool __igt_fixture(void);
void __igt_fixture_complete(void);
bool __igt_run_subtest(const char *name, const char *file, int line);
void __igt_subtest_group_save(int *save, int *desc);
void __igt_subtest_group_restore(int save, int desc);
void igt_success(void);
void igt_exit(void) __attribute__((noreturn));
void __igt_skip_check(const char *file, int line, const char *func, const char *check,
		      const char *fmt, ...) __attribute__((noreturn, format(printf, 5, 6)));
void __igt_fail_assert(const char *domain, const char *file, int line, const char *func,
		       const char *assertion, const char *fmt, ...)
	__attribute__((noreturn, format(printf, 6, 7)));
void igt_describe_f(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void igt_log(const char *domain, enum igt_log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
bool __igt_fork(void);
void igt_waitchildren(void);
void igt_set_timeout(unsigned int seconds, const char *op);
void igt_reset_timeout(void);
void igt_install_exit_handler(void (*fn)(int sig));
extern const char *__igt_test_description __attribute__((weak));

#define NV_IGT_NAME2(a, b)	a##b
#define NV_IGT_NAME(a, b)	NV_IGT_NAME2(a, b)

#define IGT_TEST_DESCRIPTION(text)	const char *__igt_test_description = text

/* "int igt_main() { ... }": the int declares a variable nobody needs. */
#define igt_main() \
	nv_igt_main_is_below; \
	static void nv_igt_main(void); \
	int main(int argc, char **argv) \
	{ \
		igt_subtest_init_parse_opts(&argc, argv, NULL, NULL, NULL, NULL, NULL); \
		nv_igt_main(); \
		igt_exit(); \
	} \
	static void nv_igt_main(void)

#define igt_fixture() \
	for (volatile int NV_IGT_NAME(nv_igt_once, __LINE__) = 0; \
	     !NV_IGT_NAME(nv_igt_once, __LINE__) && __igt_fixture() && \
	     !sigsetjmp(igt_subtest_jmpbuf, 1); \
	     NV_IGT_NAME(nv_igt_once, __LINE__)++, __igt_fixture_complete())

#define igt_subtest(name) \
	for (; __igt_run_subtest((name), __FILE__, __LINE__) && \
	     !sigsetjmp(igt_subtest_jmpbuf, 1); igt_success())

#define igt_subtest_group() \
	for (int NV_IGT_NAME(nv_igt_once, __LINE__) = 0, \
		 NV_IGT_NAME(nv_igt_save, __LINE__) = 0, NV_IGT_NAME(nv_igt_desc, __LINE__) = 0; \
	     !NV_IGT_NAME(nv_igt_once, __LINE__) && \
	     (__igt_subtest_group_save(&NV_IGT_NAME(nv_igt_save, __LINE__), \
				       &NV_IGT_NAME(nv_igt_desc, __LINE__)), true); \
	     NV_IGT_NAME(nv_igt_once, __LINE__)++, \
	     __igt_subtest_group_restore(NV_IGT_NAME(nv_igt_save, __LINE__), \
					 NV_IGT_NAME(nv_igt_desc, __LINE__)))

#define igt_describe(text)	igt_describe_f("%s", (text))
#define igt_info(...)		igt_log(NULL, IGT_LOG_INFO, __VA_ARGS__)
#define igt_debug(...)		igt_log(NULL, IGT_LOG_DEBUG, __VA_ARGS__)

#define igt_assert_f(cond, ...) \
	do { \
		if (!(cond)) \
			__igt_fail_assert(NULL, __FILE__, __LINE__, __func__, #cond, \
					  __VA_ARGS__); \
	} while (0)
#define igt_assert(cond) \
	do { \
		if (!(cond)) \
			__igt_fail_assert(NULL, __FILE__, __LINE__, __func__, #cond, NULL); \
	} while (0)
#define nv_igt_compare(a, op, b) \
	do { \
		long long nv_igt_a = (long long)(a), nv_igt_b = (long long)(b); \
		igt_assert_f(nv_igt_a op nv_igt_b, "%s = %lld (0x%llx), %s = %lld (0x%llx)\n", #a, \
			     nv_igt_a, nv_igt_a, #b, nv_igt_b, nv_igt_b); \
	} while (0)
#define igt_assert_eq(a, b)	nv_igt_compare(a, ==, b)
#define igt_assert_neq(a, b)	nv_igt_compare(a, !=, b)
#define igt_assert_lt(a, b)	nv_igt_compare(a, <, b)
#define igt_assert_lte(a, b)	nv_igt_compare(a, <=, b)
#define igt_require_f(cond, ...) \
	do { \
		if (!(cond)) \
			__igt_skip_check(__FILE__, __LINE__, __func__, #cond, __VA_ARGS__); \
	} while (0)
#define igt_require(cond) \
	do { \
		if (!(cond)) \
			__igt_skip_check(__FILE__, __LINE__, __func__, #cond, NULL); \
	} while (0)
#define igt_fork(child, n) \
	for (int child = 0; child < (n); child++) \
		for (; __igt_fork(); exit(0))

#endif

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
