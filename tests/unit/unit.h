/* SPDX-License-Identifier: MIT */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/types.h>

#include <cmocka.h>

/* Same numbers for the same seed on every machine (splitmix64). */
static u64 unit_rng;

static inline u64 unit_random(void)
{
	u64 z = unit_rng += 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

/* Call first in a random test: a failure can be repeated with UNIT_SEED. */
static inline void unit_seed(void)
{
	const char *s = getenv("UNIT_SEED");

	unit_rng = s ? strtoull(s, NULL, 0) : 1;
	printf("UNIT_SEED=%llu\n", unit_rng);
}

#endif
