// SPDX-License-Identifier: MIT
/*
 * Memory of the programs. In mode cold all of it is malloc's. OpenCL moves only
 * what clSVMAlloc gave, so in the other modes it comes from there: a page and more
 * as a block of its own, smaller pieces out of arenas.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cl.h"

#define PAGE		4096ul
#define ARENA_BYTES	(256ul << 10)

struct block {
	struct block *next;
	char *address;
	size_t bytes;
	size_t used, pieces;	/* of an arena */
	bool arena, placed;
};

static struct block *blocks;
static struct cl *user;

void cl_use(struct cl *c)
{
	user = c;
}

static void *checked(void *p)
{
	if (!p) {
		fprintf(stderr, "out of memory\n");
		exit(1);
	}
	return p;
}

static struct block *new_block(size_t bytes)
{
	struct block *b = checked(calloc(1, sizeof(*b)));

	b->address = checked(clSVMAlloc(user->context, CL_MEM_READ_WRITE |
					CL_MEM_SVM_FINE_GRAIN_BUFFER, bytes, PAGE));
	b->bytes = bytes;
	b->next = blocks;
	blocks = b;
	return b;
}

static void *small_piece(size_t bytes)
{
	struct block *b = blocks;
	char *p;

	bytes = cl_round_up(bytes ? bytes : 1, 16);
	while (b && !(b->arena && b->used + bytes <= b->bytes))
		b = b->next;
	if (!b) {
		b = new_block(ARENA_BYTES);
		b->arena = true;
	}
	p = b->address + b->used;
	b->used += bytes;
	b->pieces++;
	return p;
}

void *cl_alloc(size_t bytes)
{
	void *p;

	if (user->mode == CL_COLD)
		p = checked(malloc(bytes ? bytes : 1));
	else if (bytes < PAGE)
		p = small_piece(bytes);
	else
		p = new_block(bytes)->address;
	return memset(p, 0xa5, bytes);
}

void *cl_zalloc(size_t bytes)
{
	return memset(cl_alloc(bytes), 0, bytes);
}

void *cl_untouched(size_t bytes)
{
	return new_block(bytes)->address;
}

void cl_free(void *p)
{
	for (struct block **at = &blocks; *at; at = &(*at)->next) {
		struct block *b = *at;

		if ((char *)p < b->address || (char *)p >= b->address + b->bytes)
			continue;
		if (b->arena && --b->pieces)
			return;
		*at = b->next;
		clSVMFree(user->context, b->address);
		free(b);
		return;
	}
	free(p);
}

static void place(struct cl *c, struct block *b, const void *p, size_t bytes)
{
	cl_ok(c, clEnqueueSVMMigrateMem(c->queue, 1, &p, &bytes, 0, 0, NULL, NULL),
	      "clEnqueueSVMMigrateMem");
	if (!b->placed)
		c->placed += (cl_round_up((uintptr_t)p + bytes, PAGE) - (uintptr_t)p / PAGE * PAGE) /
			     PAGE;
	b->placed = true;
}

void cl_place(struct cl *c, const void *pointer, size_t bytes)
{
	const char *p = pointer;

	for (struct block *b = blocks; b; b = b->next) {
		if (p >= b->address && p + bytes <= b->address + b->bytes)
			place(c, b, p, bytes);
	}
}

void cl_place_small(struct cl *c)
{
	for (struct block *b = blocks; b; b = b->next) {
		if (b->arena)
			place(c, b, b->address, b->used);
	}
}
