// SPDX-License-Identifier: MIT
/* Data and expected results of the demo kernels. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels.h"
#include "workload.h"

#define BLOCK 256u
#define LISTS 256u
#define KEYS 4096u
#define BINS 256u
#define TILE 16u
#define MATMUL_MAX 192u		/* the CPU check is cubic */

static uint32_t next_random(struct job *job)
{
	job->seed = job->seed * 1664525u + 1013904223u;
	return job->seed >> 8;
}

static void *take(struct job *job, unsigned int i, size_t bytes)
{
	job->array[i] = malloc(bytes);
	return job->array[i];
}

static void push_pointer(struct job *job, const void *p)
{
	uint64_t v = (uintptr_t)p;

	memcpy(job->args + job->args_bytes, &v, sizeof(v));
	job->args_bytes += sizeof(v);
}

static void push_u32(struct job *job, uint32_t v)
{
	memcpy(job->args + job->args_bytes, &v, sizeof(v));
	job->args_bytes += sizeof(v);
}

static void shape(struct job *job, uint32_t threads, uint32_t max_blocks)
{
	uint32_t blocks = (threads + BLOCK - 1) / BLOCK;

	job->grid[0] = blocks < max_blocks ? blocks : max_blocks;
	job->grid[1] = job->grid[2] = 1;
	job->block[0] = BLOCK;
	job->block[1] = job->block[2] = 1;
}

static bool wrong(struct job *job, size_t i, uint64_t got, uint64_t want)
{
	snprintf(job->error, sizeof(job->error), "item %zu: got 0x%" PRIx64 ", want 0x%" PRIx64,
		 i, got, want);
	return false;
}

void job_free(struct job *job)
{
	for (int i = 0; i < JOB_ARRAYS; i++)
		free(job->array[i]);
	memset(job, 0, sizeof(*job));
}

/* vector add */

static int vecadd_setup(struct job *job)
{
	size_t n = job->bytes / 12 ? job->bytes / 12 : 1;
	uint32_t *a = take(job, 0, n * 4), *b = take(job, 1, n * 4), *c = take(job, 2, n * 4);

	if (!a || !b || !c)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		a[i] = next_random(job);
		b[i] = next_random(job);
	}
	job->items = n;
	push_pointer(job, a);
	push_pointer(job, b);
	push_pointer(job, c);
	push_u32(job, n);
	shape(job, n, UINT32_MAX);
	job->watch = c;
	job->watch_bytes = n * 4;
	return 0;
}

static bool vecadd_check(struct job *job)
{
	const uint32_t *a = job->array[0], *b = job->array[1], *c = job->array[2];

	for (size_t i = 0; i < job->items; i++)
		if (c[i] != a[i] + b[i])
			return wrong(job, i, c[i], a[i] + b[i]);
	return true;
}

/* linked lists, nodes shuffled over one arena */

struct node {
	struct node *next;
	uint64_t value;
};

struct list_result {
	uint64_t sum, count;
};

static int list_setup(struct job *job)
{
	size_t n = job->bytes / sizeof(struct node);
	struct node *nodes, **heads;
	struct list_result *out;
	uint32_t *order;

	if (n < LISTS)
		n = LISTS;
	nodes = take(job, 0, n * sizeof(*nodes));
	heads = take(job, 1, LISTS * sizeof(*heads));
	out = take(job, 2, LISTS * sizeof(*out));
	order = take(job, 3, n * sizeof(*order));
	if (!nodes || !heads || !out || !order)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		order[i] = i;
	for (size_t i = n - 1; i; i--) {
		size_t j = next_random(job) % (i + 1);
		uint32_t t = order[i];

		order[i] = order[j];
		order[j] = t;
	}
	memset(heads, 0, LISTS * sizeof(*heads));
	for (size_t i = 0; i < n; i++) {
		struct node *node = &nodes[order[i]];

		node->next = heads[i % LISTS];
		node->value = (uint64_t)next_random(job) << 20;
		heads[i % LISTS] = node;
	}
	job->items = n;
	push_pointer(job, heads);
	push_pointer(job, out);
	push_u32(job, LISTS);
	shape(job, LISTS, UINT32_MAX);
	job->watch = nodes;
	job->watch_bytes = n * sizeof(*nodes);
	return 0;
}

static bool list_check(struct job *job)
{
	struct node **heads = job->array[1];
	const struct list_result *out = job->array[2];

	for (size_t i = 0; i < LISTS; i++) {
		struct list_result want = { 0 };

		for (const struct node *node = heads[i]; node; node = node->next) {
			want.sum += node->value;
			want.count++;
		}
		if (out[i].sum != want.sum)
			return wrong(job, i, out[i].sum, want.sum);
		if (out[i].count != want.count)
			return wrong(job, i, out[i].count, want.count);
	}
	return true;
}

/* binary search tree */

struct leaf {
	struct leaf *left, *right;
	uint32_t key, value;
	uint64_t pad;			/* keeps nodes 16-byte aligned for 128-bit loads */
};

static void tree_insert(struct leaf *root, struct leaf *node)
{
	for (;;) {
		struct leaf **side = node->key < root->key ? &root->left : &root->right;

		if (node->key == root->key)
			return;
		if (!*side) {
			*side = node;
			return;
		}
		root = *side;
	}
}

static const struct leaf *tree_find(const struct leaf *root, uint32_t key)
{
	while (root && root->key != key)
		root = key < root->key ? root->left : root->right;
	return root;
}

static int tree_setup(struct job *job)
{
	size_t n = job->bytes / sizeof(struct leaf);
	struct leaf *nodes;
	uint32_t *keys, *out;

	if (!n)
		n = 1;
	nodes = take(job, 0, n * sizeof(*nodes));
	keys = take(job, 1, KEYS * sizeof(*keys));
	out = take(job, 2, KEYS * sizeof(*out));
	if (!nodes || !keys || !out)
		return -ENOMEM;
	memset(nodes, 0, n * sizeof(*nodes));
	for (size_t i = 0; i < n; i++) {
		nodes[i].key = next_random(job);
		nodes[i].value = next_random(job);
		if (i)
			tree_insert(nodes, &nodes[i]);
	}
	for (size_t i = 0; i < KEYS; i++)
		keys[i] = i % 4 ? nodes[next_random(job) % n].key : next_random(job);
	job->items = n;
	push_pointer(job, nodes);
	push_pointer(job, keys);
	push_pointer(job, out);
	push_u32(job, KEYS);
	shape(job, KEYS, UINT32_MAX);
	job->watch = nodes;
	job->watch_bytes = n * sizeof(*nodes);
	return 0;
}

static bool tree_check(struct job *job)
{
	const uint32_t *keys = job->array[1], *out = job->array[2];

	for (size_t i = 0; i < KEYS; i++) {
		const struct leaf *hit = tree_find(job->array[0], keys[i]);
		uint32_t want = hit ? hit->value : ~0u;

		if (out[i] != want)
			return wrong(job, i, out[i], want);
	}
	return true;
}

/* reduction */

static int reduce_setup(struct job *job)
{
	size_t n = job->bytes / 4 ? job->bytes / 4 : 1;
	uint32_t *in = take(job, 0, n * 4), *out = take(job, 1, 64);

	if (!in || !out)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		in[i] = next_random(job);
	*out = 0;
	job->items = n;
	push_pointer(job, in);
	push_pointer(job, out);
	push_u32(job, n);
	shape(job, n, 64);
	job->watch = in;
	job->watch_bytes = n * 4;
	return 0;
}

static bool reduce_check(struct job *job)
{
	const uint32_t *in = job->array[0], *out = job->array[1];
	uint32_t want = 0;

	for (size_t i = 0; i < job->items; i++)
		want += in[i];
	want *= job->launches;
	return *out == want || wrong(job, 0, *out, want);
}

/* histogram */

static int histogram_setup(struct job *job)
{
	size_t n = job->bytes;
	uint8_t *in = take(job, 0, n);
	uint32_t *bins = take(job, 1, BINS * sizeof(*bins));

	if (!in || !bins)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		in[i] = next_random(job) & next_random(job);
	memset(bins, 0, BINS * sizeof(*bins));
	job->items = n;
	push_pointer(job, in);
	push_pointer(job, bins);
	push_u32(job, n);
	shape(job, n, 64);
	job->watch = in;
	job->watch_bytes = n;
	return 0;
}

static bool histogram_check(struct job *job)
{
	const uint8_t *in = job->array[0];
	const uint32_t *bins = job->array[1];
	uint32_t want[BINS] = { 0 };

	for (size_t i = 0; i < job->items; i++)
		want[in[i]] += job->launches;
	for (size_t i = 0; i < BINS; i++)
		if (bins[i] != want[i])
			return wrong(job, i, bins[i], want[i]);
	return true;
}

/* matrix multiply */

static int matmul_setup(struct job *job)
{
	size_t n = TILE;
	float *m[3];

	while (3 * 4 * (n + TILE) * (n + TILE) <= job->bytes && n < MATMUL_MAX)
		n += TILE;
	for (int i = 0; i < 3; i++) {
		m[i] = take(job, i, n * n * sizeof(float));
		if (!m[i])
			return -ENOMEM;
	}
	for (size_t i = 0; i < n * n; i++) {
		m[0][i] = (float)(next_random(job) % 2000) / 1000.0f - 1.0f;
		m[1][i] = (float)(next_random(job) % 2000) / 1000.0f - 1.0f;
	}
	job->items = n;
	for (int i = 0; i < 3; i++)
		push_pointer(job, m[i]);
	push_u32(job, n);
	job->grid[0] = job->grid[1] = n / TILE;
	job->grid[2] = 1;
	job->block[0] = job->block[1] = TILE;
	job->block[2] = 1;
	job->watch = m[1];
	job->watch_bytes = n * n * sizeof(float);
	return 0;
}

/* Same order of fused multiply-adds as the kernel: results are equal, not close. */
static bool matmul_check(struct job *job)
{
	const float *a = job->array[0], *b = job->array[1], *c = job->array[2];
	size_t n = job->items;

	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < n; j++) {
			float want = 0;
			uint32_t got_bits, want_bits;

			for (size_t k = 0; k < n; k++)
				want = fmaf(a[i * n + k], b[k * n + j], want);
			memcpy(&got_bits, &c[i * n + j], 4);
			memcpy(&want_bits, &want, 4);
			if (got_bits != want_bits)
				return wrong(job, i * n + j, got_bits, want_bits);
		}
	}
	return true;
}

const struct workload workloads[] = {
	{ "vecadd", "c[i] = a[i] + b[i]", kernel_vecadd, vecadd_setup, vecadd_check },
	{ "list", "walks linked lists the CPU built", kernel_list, list_setup, list_check },
	{ "tree", "searches a binary tree of pointers", kernel_tree, tree_setup, tree_check },
	{ "reduce", "sums an array", kernel_reduce, reduce_setup, reduce_check },
	{ "histogram", "counts bytes with atomics", kernel_histogram, histogram_setup,
	  histogram_check },
	{ "matmul", "multiplies matrices by tiles", kernel_matmul, matmul_setup, matmul_check },
};

const unsigned int workload_count = sizeof(workloads) / sizeof(workloads[0]);
