// SPDX-License-Identifier: MIT
/* Filling the places, and the relocations. */
#include <elf.h>
#include <errno.h>
#include <string.h>

#include "cubin.h"

/* Data words and what an instruction has at bits 63:32, or 81:34 in dwords. */
enum {
	R_CUDA_NONE = 0, R_CUDA_32 = 1, R_CUDA_64 = 2, R_CUDA_G32 = 3, R_CUDA_G64 = 4,
	R_CUDA_FUNC_DESC_32 = 34, R_CUDA_FUNC_DESC_64 = 35,
	R_CUDA_ABS32_32 = 55, R_CUDA_ABS32_LO_32 = 56, R_CUDA_ABS32_HI_32 = 57,
	R_CUDA_ABS47_34 = 58,
	R_CUDA_FUNC_DESC32_32 = 61, R_CUDA_FUNC_DESC32_LO_32 = 62, R_CUDA_FUNC_DESC32_HI_32 = 63,
};

#define INSTRUCTION_BYTES 16

static void put(uint8_t *p, uint64_t v, unsigned int bytes)
{
	for (unsigned int i = 0; i < bytes; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static uint64_t get(const uint8_t *p, unsigned int bytes)
{
	uint64_t v = 0;

	for (unsigned int i = 0; i < bytes; i++)
		v |= (uint64_t)p[i] << 8 * i;
	return v;
}

/* Bits 81:34 of an instruction: an address in dwords. */
static void put_branch(uint8_t *insn, uint64_t address)
{
	uint64_t v = address >> 2, lo = get(insn, 8), hi = get(insn + 8, 8);

	lo = (lo & ((1ull << 34) - 1)) | v << 34;
	hi = (hi & ~((1ull << 18) - 1)) | (v >> 30 & ((1ull << 18) - 1));
	put(insn, lo, 8);
	put(insn + 8, hi, 8);
}

/* Bytes that a relocation of @type touches from its offset on; 0: not supported. */
static unsigned int touched(uint32_t type)
{
	switch (type) {
	case R_CUDA_32:
	case R_CUDA_G32:
	case R_CUDA_FUNC_DESC_32:
		return 4;
	case R_CUDA_64:
	case R_CUDA_G64:
	case R_CUDA_FUNC_DESC_64:
		return 8;
	case R_CUDA_ABS32_32:
	case R_CUDA_ABS32_LO_32:
	case R_CUDA_ABS32_HI_32:
	case R_CUDA_ABS47_34:
	case R_CUDA_FUNC_DESC32_32:
	case R_CUDA_FUNC_DESC32_LO_32:
	case R_CUDA_FUNC_DESC32_HI_32:
		return INSTRUCTION_BYTES;
	}
	return 0;
}

static void patch(uint8_t *p, uint32_t type, uint64_t v)
{
	switch (type) {
	case R_CUDA_32:
	case R_CUDA_G32:
	case R_CUDA_FUNC_DESC_32:
		put(p, v, 4);
		break;
	case R_CUDA_64:
	case R_CUDA_G64:
	case R_CUDA_FUNC_DESC_64:
		put(p, v, 8);
		break;
	case R_CUDA_ABS32_32:
	case R_CUDA_ABS32_LO_32:
	case R_CUDA_FUNC_DESC32_32:
	case R_CUDA_FUNC_DESC32_LO_32:
		put(p + 4, v, 4);
		break;
	case R_CUDA_ABS32_HI_32:
	case R_CUDA_FUNC_DESC32_HI_32:
		put(p + 4, v >> 32, 4);
		break;
	default:
		put_branch(p, v);
		break;
	}
}

static int symbol_address(const struct cubin *c, const struct cubin_target *t, uint32_t n,
			  uint64_t *address, struct cubin_error *err)
{
	const struct cubin_symbol *s;
	const struct cubin_section *in;

	if (n >= c->nsymbols)
		return cubin_fail(err, "relocation to symbol %u of %u", n, c->nsymbols);
	s = &c->symbol[n];
	if (!s->section || s->section >= c->nsections)
		return cubin_fail(err, "undefined symbol '%s'", s->name);
	in = &c->section[s->section];
	/* Shared memory has offsets, not addresses. */
	if (in->place == CUBIN_NOWHERE && strncmp(in->name, ".nv.shared.", 11))
		return cubin_fail(err, "symbol '%s' in %s, which is not loaded", s->name, in->name);
	*address = (in->place == CUBIN_NOWHERE ? 0 : t->address[in->place] + in->at) + s->value;
	/* Constants are named by their offset in the bank. */
	if (in->place == CUBIN_CONST)
		*address = s->value;
	return 0;
}

static int relocate_section(const struct cubin *c, const struct cubin_target *t,
			    const struct cubin_section *r, struct cubin_error *err)
{
	unsigned int step = r->type == SHT_RELA ? sizeof(Elf64_Rela) : sizeof(Elf64_Rel);
	const struct cubin_section *in;

	if (r->info >= c->nsections)
		return cubin_fail(err, "%s: relocates section %u", r->name, r->info);
	in = &c->section[r->info];
	if (in->place == CUBIN_NOWHERE)
		return 0;		/* debug information */
	for (uint64_t at = 0; r->size - at >= step; at += step) {
		uint64_t offset = cubin_u64(r->data + at), value = 0;
		uint32_t type = cubin_u32(r->data + at + 8), bytes = touched(type);
		uint8_t *p;
		int ret;

		if (type == R_CUDA_NONE)
			continue;
		if (!bytes)
			return cubin_fail(err, "%s: relocation type %u is not supported", r->name,
					  type);
		if (offset > in->size || bytes > in->size - offset || !in->data)
			return cubin_fail(err, "%s: relocation outside of %s", r->name, in->name);
		ret = symbol_address(c, t, cubin_u32(r->data + at + 12), &value, err);
		if (ret)
			return ret;
		p = t->memory[in->place] + in->at + offset;
		if (r->type == SHT_RELA)
			value += cubin_u64(r->data + at + 16);
		else if (bytes < INSTRUCTION_BYTES)
			value += get(p, bytes);
		patch(p, type, value);
	}
	return 0;
}

int cubin_load(const struct cubin *c, const struct cubin_target *t, struct cubin_error *err)
{
	int ret = 0;

	for (unsigned int i = 0; i < CUBIN_PLACES; i++)
		if (i != CUBIN_NOWHERE && c->place_bytes[i])
			memset(t->memory[i], 0, c->place_bytes[i]);
	for (unsigned int i = 0; i < c->nsections; i++) {
		const struct cubin_section *s = &c->section[i];

		if (s->place != CUBIN_NOWHERE && s->data)
			memcpy(t->memory[s->place] + s->at, s->data, s->size);
	}
	for (unsigned int i = 0; i < c->nsections && !ret; i++)
		if (c->section[i].type == SHT_REL || c->section[i].type == SHT_RELA)
			ret = relocate_section(c, t, &c->section[i], err);
	return ret;
}
