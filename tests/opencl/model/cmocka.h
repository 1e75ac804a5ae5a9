/* SPDX-License-Identifier: MIT */
/* gputest.c outside of a test program: what it asserts ends the process. */
#ifndef TESTS_OPENCL_CMOCKA_H
#define TESTS_OPENCL_CMOCKA_H

#include <stdio.h>
#include <stdlib.h>

#define assert_true(condition) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			abort(); \
		} \
	} while (0)

#endif
