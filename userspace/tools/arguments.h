/* SPDX-License-Identifier: MIT */
/*
 * Kernel arguments as text: "f32[1024]=iota*2+1" is memory, "i32=5" a value.
 *
 *	TYPE		i8 u8 i16 u16 i32 u32 i64 u64 f32 f64
 *	CONTENT		NUMBER, NUMBER,NUMBER,... (the rest is zero), random,
 *			iota, iota*A, iota+B, iota*A+B
 */
#ifndef NVSVM_ARGUMENTS_H
#define NVSVM_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct argument {
	char type;			/* i, u or f */
	unsigned int bytes;		/* of an element */
	size_t count;			/* elements of memory; 0: a value */
	void *memory;			/* count elements, or one */
};

/* Allocates and fills. False: says on stderr what is wrong with @text. */
bool argument_parse(struct argument *a, const char *text, unsigned int seed);
void argument_free(struct argument *a);
/*
 * Compare memory with what @content would fill it with; floats within @tolerance,
 * relative. False: says which element differs, or that @content is wrong.
 */
bool argument_check(const struct argument *a, const char *content, double tolerance);
void argument_print(const struct argument *a, size_t count);

#endif
