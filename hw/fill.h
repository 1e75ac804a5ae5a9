/* SPDX-License-Identifier: MIT */
/* Memory filled with one element over and over: copy engines, clears. */
#ifndef HW_FILL_H
#define HW_FILL_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* @n bytes at @to, the first of which is byte @phase of the @size bytes at @elem. */
static inline void fill_pattern(uint8_t *to, size_t n, const uint8_t *elem, unsigned int size,
				unsigned int phase)
{
	size_t have = 0;

	if (size == 1) {
		memset(to, elem[0], n);
		return;
	}
	for (; have < n && have < size; have++)
		to[have] = elem[(phase + have) % size];
	while (have < n) {	/* doubling keeps the phase: have is a multiple of size */
		size_t more = have < n - have ? have : n - have;

		memcpy(to + have, to, more);
		have += more;
	}
}

#endif
