/* SPDX-License-Identifier: MIT */
#ifndef SHIM_LINUX_SORT_H
#define SHIM_LINUX_SORT_H

#include <stdlib.h>

#include <linux/types.h>

/* The kernel's has a swap callback and, like qsort(), promises no stability. */
static inline void sort(void *base, size_t n, size_t size, int (*cmp)(const void *, const void *),
			void (*swap)(void *, void *, int))
{
	(void)swap;
	qsort(base, n, size, cmp);
}

#endif
