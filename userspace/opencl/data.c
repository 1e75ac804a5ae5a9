// SPDX-License-Identifier: MIT
/* Data structures on plain malloc pointers: arrays, lists, trees, hash tables. */
#include <stdlib.h>
#include <string.h>

#include "cl.h"

static const char vecadd_source[] =
	"__kernel void vecadd(__global const int *a, __global const int *b,\n"
	"                     __global int *sum, int n)\n"
	"{\n"
	"	int i = get_global_id(0);\n"
	"	if (i < n)\n"
	"		sum[i] = a[i] + b[i];\n"
	"}\n";

static void vecadd(struct cl *c, size_t n)
{
	cl_kernel k = cl_build(c, vecadd_source, "vecadd");
	size_t bytes = n * sizeof(uint32_t);
	uint32_t *a = cl_alloc(bytes), *b = cl_alloc(bytes), *sum = cl_alloc(bytes);
	uint32_t *want = cl_alloc(bytes), seed = 1;

	for (size_t i = 0; i < n; i++) {
		a[i] = cl_random(&seed);
		b[i] = cl_random(&seed);
		want[i] = a[i] + b[i];
	}
	cl_arg_ptr(c, k, 0, a);
	cl_arg_ptr(c, k, 1, b);
	cl_arg_ptr(c, k, 2, sum);
	cl_arg_int(c, k, 3, n);
	cl_place(c, a, bytes);
	cl_place(c, b, bytes);
	cl_place(c, sum, bytes);
	cl_launch(c, k, cl_round_up(n, 64), 64);
	cl_same_u32(c, "sum", sum, want, n);
	cl_free(want);
	cl_free(sum);
	cl_free(b);
	cl_free(a);
}

/* ---- a list: each node from malloc, in an order of its own ---- */

struct node {
	struct node *next;
	uint32_t value, pad;
};

static const char list_source[] =
	"struct node { __global struct node *next; uint value, pad; };\n"
	"__kernel void walk(__global struct node *head, __global uint *result)\n"
	"{\n"
	"	uint sum = 0, length = 0;\n"
	"	for (__global struct node *p = head; p; p = p->next) {\n"
	"		sum += p->value * ++length;\n"
	"		p->value += 1;\n"
	"	}\n"
	"	result[0] = sum;\n"
	"	result[1] = length;\n"
	"}\n"
	"__kernel void link(__global struct node *nodes, __global const uint *order, uint n)\n"
	"{\n"
	"	uint i = get_global_id(0);\n"
	"	if (i >= n)\n"
	"		return;\n"
	"	__global struct node *p = nodes + order[i];\n"
	"	p->next = i + 1 < n ? nodes + order[i + 1] : 0;\n"
	"	p->value = i ^ 0x5a5a;\n"
	"}\n";

static uint32_t *shuffled(size_t n)
{
	uint32_t *order = cl_alloc(n * sizeof(*order)), seed = 7;

	for (size_t i = 0; i < n; i++) {
		size_t j = cl_random(&seed) % (i + 1);

		order[i] = order[j];
		order[j] = i;
	}
	return order;
}

/* The CPU links, the GPU walks. */
static void list_walk(struct cl *c, size_t n)
{
	cl_kernel k = cl_build(c, list_source, "walk");
	struct node **node = cl_alloc(n * sizeof(*node)), *head = NULL;
	uint32_t *order = shuffled(n), want[2] = { 0, n }, seed = 3;
	uint32_t *result = cl_alloc(sizeof(want));

	for (size_t i = 0; i < n; i++)
		node[i] = cl_alloc(sizeof(**node));
	for (size_t i = 0; i < n; i++) {
		struct node *p = node[order[i]];

		p->value = cl_random(&seed);
		p->next = head;
		head = p;
		want[0] += p->value * (n - i);
	}
	cl_arg_ptr(c, k, 0, head);
	cl_arg_ptr(c, k, 1, result);
	for (size_t i = 0; i < n; i += 64)
		cl_place(c, node[i], sizeof(**node));
	cl_launch(c, k, 1, 1);
	cl_same_u32(c, "result", result, want, 2);
	seed = 3;
	for (size_t i = 0; i < n; i++) {
		uint32_t value = cl_random(&seed) + 1;

		if (node[order[i]]->value != value)
			cl_fail(c, "node %zu holds %#x, expected %#x", i, node[order[i]]->value, value);
	}
	for (size_t i = 0; i < n; i++)
		cl_free(node[i]);
	cl_free(result);
	cl_free(order);
	cl_free(node);
}

/* The GPU links, the CPU walks. */
static void list_link(struct cl *c, size_t n)
{
	cl_kernel k = cl_build(c, list_source, "link");
	struct node *nodes = cl_alloc(n * sizeof(*nodes)), *p;
	uint32_t *order = shuffled(n);
	size_t length = 0;

	cl_arg_ptr(c, k, 0, nodes);
	cl_arg_ptr(c, k, 1, order);
	cl_arg_int(c, k, 2, n);
	cl_place(c, nodes, n * sizeof(*nodes));
	cl_launch(c, k, cl_round_up(n, 64), 64);
	for (p = nodes + order[0]; p && length < n; p = p->next, length++) {
		if (p != nodes + order[length] || p->value != (length ^ 0x5a5a)) {
			cl_fail(c, "node %zu: %p value %#x, expected %p", length, (void *)p,
				p->value, (void *)(nodes + order[length]));
			break;
		}
	}
	if (p || length != n)
		cl_fail(c, "%zu of %zu nodes", length, n);
	cl_free(order);
	cl_free(nodes);
}

/* ---- a search tree ---- */

struct tree {
	struct tree *child[2];
	uint32_t key, value;
};

static const char tree_source[] =
	"struct tree { __global struct tree *child[2]; uint key, value; };\n"
	"__kernel void lookup(__global struct tree *root, __global const uint *key,\n"
	"                     __global uint *value, uint n)\n"
	"{\n"
	"	uint i = get_global_id(0);\n"
	"	if (i >= n)\n"
	"		return;\n"
	"	__global struct tree *p = root;\n"
	"	while (p && p->key != key[i])\n"
	"		p = p->child[key[i] > p->key];\n"
	"	value[i] = p ? p->value : 0xffffffff;\n"
	"}\n"
	/* Node i of 1..n in heap order; CPU code checks the shape. */
	"__kernel void grow(__global struct tree *nodes, uint n)\n"
	"{\n"
	"	uint i = get_global_id(0) + 1;\n"
	"	if (i > n)\n"
	"		return;\n"
	"	nodes[i].child[0] = 2 * i <= n ? nodes + 2 * i : 0;\n"
	"	nodes[i].child[1] = 2 * i + 1 <= n ? nodes + 2 * i + 1 : 0;\n"
	"	nodes[i].key = i;\n"
	"	nodes[i].value = i * 3;\n"
	"}\n";

static void tree_insert(struct tree **at, uint32_t key)
{
	while (*at && (*at)->key != key)
		at = &(*at)->child[key > (*at)->key];
	if (!*at) {
		*at = cl_alloc(sizeof(**at));
		**at = (struct tree){ .key = key, .value = key * 5 + 1 };
	}
}

static void tree_free(struct tree *t)
{
	if (t) {
		tree_free(t->child[0]);
		tree_free(t->child[1]);
		cl_free(t);
	}
}

static void tree_lookup(struct cl *c, size_t n)
{
	cl_kernel k = cl_build(c, tree_source, "lookup");
	uint32_t *key = cl_alloc(n * 4), *value = cl_alloc(n * 4), *want = cl_alloc(n * 4);
	struct tree *root = NULL;
	uint32_t seed = 11;

	for (size_t i = 0; i < n; i++) {
		key[i] = cl_random(&seed) | 1;
		want[i] = key[i] * 5 + 1;
		tree_insert(&root, key[i]);
		if (i % 4 == 3) {		/* an even key is not in the tree */
			key[i] &= ~1u;
			want[i] = 0xffffffff;
		}
	}
	cl_arg_ptr(c, k, 0, root);
	cl_arg_ptr(c, k, 1, key);
	cl_arg_ptr(c, k, 2, value);
	cl_arg_int(c, k, 3, n);
	cl_place(c, root, sizeof(*root));
	cl_place(c, key, n * 4);
	cl_launch(c, k, cl_round_up(n, 32), 32);
	cl_same_u32(c, "value", value, want, n);
	tree_free(root);
	cl_free(want);
	cl_free(value);
	cl_free(key);
}

static size_t tree_check(struct cl *c, const struct tree *t, size_t i, size_t n)
{
	if (!t || i > n)
		return 0;
	if (t->key != i || t->value != i * 3)
		cl_fail(c, "node %zu: key %u value %u", i, t->key, t->value);
	return 1 + tree_check(c, t->child[0], 2 * i, n) + tree_check(c, t->child[1], 2 * i + 1, n);
}

static void tree_grow(struct cl *c, size_t n)
{
	cl_kernel k = cl_build(c, tree_source, "grow");
	struct tree *nodes = cl_alloc((n + 1) * sizeof(*nodes));
	size_t found;

	cl_arg_ptr(c, k, 0, nodes);
	cl_arg_int(c, k, 1, n);
	cl_place(c, nodes, (n + 1) * sizeof(*nodes));
	cl_launch(c, k, cl_round_up(n, 64), 64);
	if (nodes[1].key == 1) {
		found = tree_check(c, nodes + 1, 1, n);
		if (found != n)
			cl_fail(c, "%zu of %zu nodes", found, n);
	} else {
		cl_fail(c, "no root");
	}
	cl_free(nodes);
}

/* ---- a hash table: the CPU's with chains, the GPU's with open addressing ---- */

struct entry {
	struct entry *next;
	uint32_t key, value;
};

static const char hash_source[] =
	"struct entry { __global struct entry *next; uint key, value; };\n"
	"uint hash(uint key, uint mask) { return (key * 2654435761u >> 7) & mask; }\n"
	/* Before OpenCL C 2.0 no argument may point to a pointer: hence the struct. */
	"struct head { __global struct entry *first; };\n"
	"__kernel void find(__global const struct head *bucket, uint mask,\n"
	"                   __global const uint *key, __global uint *value, uint n)\n"
	"{\n"
	"	uint i = get_global_id(0);\n"
	"	if (i >= n)\n"
	"		return;\n"
	"	__global struct entry *p = bucket[hash(key[i], mask)].first;\n"
	"	while (p && p->key != key[i])\n"
	"		p = p->next;\n"
	"	value[i] = p ? p->value : 0;\n"
	"}\n"
	"__kernel void insert(volatile __global uint *slot, uint mask,\n"
	"                     __global const uint *key, uint n)\n"
	"{\n"
	"	uint i = get_global_id(0);\n"
	"	if (i >= n)\n"
	"		return;\n"
	"	for (uint at = hash(key[i], mask);; at = (at + 1) & mask) {\n"
	"		uint old = atomic_cmpxchg(slot + at, 0u, key[i]);\n"
	"		if (old == 0 || old == key[i])\n"
	"			return;\n"
	"	}\n"
	"}\n";

static uint32_t hash(uint32_t key, uint32_t mask)
{
	return (key * 2654435761u >> 7) & mask;
}

static uint32_t hash_mask(size_t n)
{
	uint32_t size = 4;

	while (size < 2 * n)
		size *= 2;
	return size - 1;
}

static void hash_find(struct cl *c, size_t n)
{
	cl_kernel k = cl_build(c, hash_source, "find");
	uint32_t *key = cl_alloc(n * 4), *value = cl_alloc(n * 4), *want = cl_alloc(n * 4);
	uint32_t mask = hash_mask(n), seed = 5;
	struct entry **bucket = cl_zalloc((mask + 1) * sizeof(*bucket)), *e;

	for (size_t i = 0; i < n; i++) {
		key[i] = i * 16 + 1 + cl_random(&seed) % 16;
		want[i] = cl_random(&seed) + 1;
		e = cl_alloc(sizeof(*e));
		*e = (struct entry){ bucket[hash(key[i], mask)], key[i], want[i] };
		bucket[hash(key[i], mask)] = e;
	}
	cl_arg_ptr(c, k, 0, bucket);
	cl_arg_int(c, k, 1, mask);
	cl_arg_ptr(c, k, 2, key);
	cl_arg_ptr(c, k, 3, value);
	cl_arg_int(c, k, 4, n);
	cl_place(c, bucket, (mask + 1) * sizeof(*bucket));
	cl_place(c, key, n * 4);
	cl_launch(c, k, cl_round_up(n, 32), 32);
	cl_same_u32(c, "value", value, want, n);
	for (uint32_t i = 0; i <= mask; i++) {
		while ((e = bucket[i])) {
			bucket[i] = e->next;
			cl_free(e);
		}
	}
	cl_free(bucket);
	cl_free(want);
	cl_free(value);
	cl_free(key);
}

static void hash_insert(struct cl *c, size_t n)
{
	cl_kernel k = cl_build(c, hash_source, "insert");
	uint32_t mask = hash_mask(n), filled = 0;
	uint32_t *key = cl_alloc(n * 4), *slot = cl_zalloc((mask + 1) * 4ul);

	for (size_t i = 0; i < n; i++)
		key[i] = i * 977 + 1;
	cl_arg_ptr(c, k, 0, slot);
	cl_arg_int(c, k, 1, mask);
	cl_arg_ptr(c, k, 2, key);
	cl_arg_int(c, k, 3, n);
	cl_place(c, slot, (mask + 1) * 4ul);
	cl_launch(c, k, cl_round_up(n, 32), 32);
	for (size_t i = 0; i < n; i++) {
		uint32_t at = hash(key[i], mask);

		while (slot[at] && slot[at] != key[i])
			at = (at + 1) & mask;
		if (!slot[at])
			cl_fail(c, "key %u is missing", key[i]);
	}
	for (uint32_t i = 0; i <= mask; i++)
		filled += slot[i] != 0;
	if (filled != n)
		cl_fail(c, "%u slots filled for %zu keys", filled, n);
	cl_free(slot);
	cl_free(key);
}

const struct cl_test tests_data[] = {
	{ "vecadd", vecadd, 65536, 4194304, "vector add on malloc'd arrays" },
	{ "list-walk", list_walk, 2000, 4194304, "a list linked by the CPU, walked by the GPU" },
	{ "list-link", list_link, 4096, 4194304, "a list linked by the GPU, walked by the CPU" },
	{ "tree-lookup", tree_lookup, 1024, 4194304, "look-ups in a search tree grown by the CPU" },
	{ "tree-grow", tree_grow, 4096, 4194304, "a tree grown by the GPU, walked by the CPU" },
	{ "hash-find", hash_find, 2048, 4194304, "look-ups in a chained hash table of the CPU" },
	{ "hash-insert", hash_insert, 2048, 4194304, "a hash table filled by the GPU with compare-and-swap" },
	{ 0 }
};
