// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Streams: faults in block after block, at equal distances, either way.
 *
 * Density prefetch stops at the edge of a 2 MiB block. A kernel that walks over
 * memory faults once in every block it comes to; when it has done so a few times
 * where it was expected to, the blocks that come next are fetched along, twice as
 * many each time, and fewer as VRAM runs out, where what is
 * fetched too early pushes out what is used.
 *
 * Several streams at a time: a kernel that adds two arrays into a third has
 * three, whose faults come mixed. Found by where the next fault is expected.
 *
 * Pure: no locks, no clock; tests/unit/test_stream.c.
 */
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/types.h>

#include "nouveau_svm_policy.h"

/* Expected faults that make a stream. */
#define RUN_MIN		2u
#define RUN_MAX		1000u
/* Of what is fetched ahead; more than any use of the knob. */
#define DOUBLINGS	16u

/* To the front, where the ones used last are. */
static void stream_touch(struct nouveau_svm_streams *st, unsigned int i)
{
	struct nouveau_svm_stream used = st->s[i];

	memmove(&st->s[1], &st->s[0], i * sizeof(st->s[0]));
	st->s[0] = used;
}

/* Whether @block continues @s: where it is expected, or in what was fetched for it. */
static bool stream_continues(const struct nouveau_svm_stream *s, u64 block)
{
	s64 d = block - s->last;

	if (!s->stride || d % s->stride)
		return false;
	d /= s->stride;
	return d > 0 && d <= s->ahead + 1;
}

/* Block @block as the second one of @s, when it is near. */
static bool stream_begins(const struct nouveau_svm_stream *s, u64 block)
{
	s64 d = block - s->last;

	return d && d >= -NOUVEAU_SVM_STRIDE_MAX && d <= NOUVEAU_SVM_STRIDE_MAX;
}

static unsigned int stream_depth(const struct nouveau_svm_stream *s,
				 const struct nouveau_svm_knobs *k, u64 vram_free, u64 vram_total)
{
	unsigned int depth, free;

	if (s->run < RUN_MIN)
		return 0;
	/* Twice as many each time, which is never more than it has come so far. */
	depth = min_t(unsigned int, 2u << min(s->run - RUN_MIN, DOUBLINGS), k->stream_blocks);
	/* Percent of units of 1 MiB: no overflow, no 64-bit by 64-bit division. */
	free = (unsigned int)((vram_free >> 20) * 100 / (u32)((vram_total >> 20) + 1));
	if (vram_total && free < k->stream_percent)
		depth = depth * free / k->stream_percent;
	if (vram_total && free < k->noprefetch_percent)
		depth = 0;
	return depth;
}

/**
 * nouveau_svm_stream_seen - a block was faulted on
 * @st: the streams of the mirror
 * @k: knobs
 * @block: block number
 * @vram_free: bytes
 * @vram_total: bytes; 0 when there is none to run out of
 * @stride: set to the distance from the block before; 0: this is of no stream
 *
 * Return: how many blocks to fetch behind it.
 */
unsigned int nouveau_svm_stream_seen(struct nouveau_svm_streams *st,
				     const struct nouveau_svm_knobs *k, u64 block, u64 vram_free,
				     u64 vram_total, s32 *stride)
{
	struct nouveau_svm_stream *s = &st->s[0];
	unsigned int i;

	*stride = 0;
	/* The same block again says nothing new. */
	for (i = 0; i < st->n; i++)
		if (st->s[i].last == block)
			return 0;
	for (i = 0; i < st->n; i++)
		if (stream_continues(&st->s[i], block))
			break;
	if (i < st->n) {
		stream_touch(st, i);
		/* What lies between was fetched, and was right. */
		s->run = min_t(unsigned int, s->run + 1, RUN_MAX);
		s->ahead -= min_t(u64, s->ahead, (s64)(block - s->last) / s->stride);
		s->last = block;
		*stride = s->stride;
		i = stream_depth(s, k, vram_free, vram_total);
		return i > s->ahead ? i : 0;
	}
	for (i = 0; i < st->n; i++)
		if (!st->s[i].run && stream_begins(&st->s[i], block))
			break;
	if (i < st->n) {
		stream_touch(st, i);
		s->stride = block - s->last;
		s->last = block;
		s->run = 1;
		*stride = s->stride;
		return 0;
	}
	if (st->n < NOUVEAU_SVM_STREAMS)
		st->n++;
	/* The one not used for longest makes room. */
	stream_touch(st, st->n - 1);
	*s = (struct nouveau_svm_stream){ .last = block };
	return 0;
}

/**
 * nouveau_svm_stream_fetched - what was asked for last was done
 * @st: the streams of the mirror
 * @n: blocks fetched behind the last one seen
 */
void nouveau_svm_stream_fetched(struct nouveau_svm_streams *st, unsigned int n)
{
	st->s[0].ahead = n;
}
