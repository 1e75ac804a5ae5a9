// SPDX-License-Identifier: MIT
/* What the file says of a kernel: registers, stack, parameters, constant banks. */
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cubin.h"

/* Formats of an attribute: no value, a byte, a half, bytes. */
enum { EIFMT_NVAL = 1, EIFMT_BVAL, EIFMT_HVAL, EIFMT_SVAL };

enum {
	EIATTR_MAX_THREADS = 0x05, EIATTR_PARAM_CBANK = 0x0a, EIATTR_MIN_STACK_SIZE = 0x12,
	EIATTR_KPARAM_INFO = 0x17, EIATTR_CBANK_PARAM_SIZE = 0x19, EIATTR_REGCOUNT = 0x2f,
	EIATTR_NUM_BARRIERS = 0x4c,
};

#define KPARAM_SIZE_SHIFT 18	/* of the third word: log alignment, space and such below */
#define MAX_GPRS 253
#define MAX_BANK 65536
#define MAX_SHARED 65536
#define FIRST_PARAM_DEFAULT 0x160

struct attribute {
	uint8_t name;
	uint32_t value;			/* of a byte or half */
	const uint8_t *data;		/* of bytes */
	uint32_t bytes;
};

/* The attribute at *@at, which moves on. False: end. -EINVAL through @ret: broken. */
static bool next_attribute(const struct cubin_section *s, uint64_t *at, struct attribute *a,
			   int *ret, struct cubin_error *err)
{
	const uint8_t *p = s->data + *at;

	if (*at == s->size)
		return false;
	if (s->size - *at < 4) {
		*ret = cubin_fail(err, "%s: cut short", s->name);
		return false;
	}
	*a = (struct attribute){ .name = p[1] };
	switch (p[0]) {
	case EIFMT_NVAL:
	case EIFMT_BVAL:
	case EIFMT_HVAL:
		a->value = p[0] == EIFMT_BVAL ? p[2] : cubin_u16(p + 2);
		*at += 4;
		return true;
	case EIFMT_SVAL:
		a->bytes = cubin_u16(p + 2);
		if (s->size - *at - 4 < a->bytes)
			break;
		a->data = p + 4;
		*at += 4 + (uint64_t)a->bytes;
		return true;
	}
	*ret = cubin_fail(err, "%s: no attribute at %llu", s->name, (unsigned long long)*at);
	return false;
}

/* Attributes of all kernels, each with the symbol it is about. */
static int read_common(const struct cubin *c, const char *name, struct cubin_kernel *k,
		       struct cubin_error *err)
{
	const struct cubin_section *s = cubin_find_section(c, ".nv.info", "");
	struct attribute a;
	uint64_t at = 0;
	int ret = 0;

	if (!s || !s->data)
		return cubin_fail(err, "no .nv.info");
	while (next_attribute(s, &at, &a, &ret, err)) {
		uint32_t symbol;

		if ((a.name != EIATTR_REGCOUNT && a.name != EIATTR_MIN_STACK_SIZE) || a.bytes < 8)
			continue;
		symbol = cubin_u32(a.data);
		if (symbol >= c->nsymbols || strcmp(c->symbol[symbol].name, name))
			continue;
		if (a.name == EIATTR_REGCOUNT)
			k->registers = cubin_u32(a.data + 4);
		else
			k->stack = cubin_u32(a.data + 4);
	}
	if (!ret && (!k->registers || k->registers > MAX_GPRS + 2))
		ret = cubin_fail(err, "%s: %u registers", name, k->registers);
	return ret;
}

static int add_parameter(struct cubin_kernel *k, const struct attribute *a,
			 struct cubin_error *err)
{
	uint32_t ordinal = cubin_u16(a->data + 4);

	if (ordinal >= CUBIN_PARAMS_MAX)
		return cubin_fail(err, "more than %u parameters", CUBIN_PARAMS_MAX);
	k->param[ordinal].offset = cubin_u16(a->data + 6);
	k->param[ordinal].size = cubin_u32(a->data + 8) >> KPARAM_SIZE_SHIFT;
	if (ordinal >= k->nparams)
		k->nparams = ordinal + 1;
	return 0;
}

static int read_own(const struct cubin *c, const char *name, struct cubin_kernel *k,
		    struct cubin_error *err)
{
	const struct cubin_section *s = cubin_find_section(c, ".nv.info.", name);
	struct attribute a;
	uint64_t at = 0;
	int ret = 0;

	k->param_base = FIRST_PARAM_DEFAULT;
	if (!s || !s->data)
		return cubin_fail(err, "no .nv.info.%s", name);
	while (!ret && next_attribute(s, &at, &a, &ret, err)) {
		if (a.name == EIATTR_KPARAM_INFO && a.bytes >= 12) {
			ret = add_parameter(k, &a, err);
		} else if (a.name == EIATTR_PARAM_CBANK && a.bytes >= 8) {
			k->param_base = cubin_u16(a.data + 4);
			k->param_bytes = cubin_u16(a.data + 6);
		} else if (a.name == EIATTR_CBANK_PARAM_SIZE && !a.bytes) {
			k->param_bytes = a.value;
		} else if (a.name == EIATTR_NUM_BARRIERS && !a.bytes) {
			k->barriers = a.value;
		} else if (a.name == EIATTR_MAX_THREADS && a.bytes >= 12) {
			uint64_t n = (uint64_t)cubin_u32(a.data) * cubin_u32(a.data + 4);

			/* Three factors; what overflows limits nothing. */
			n = n > 1024 ? 1024 : n * cubin_u32(a.data + 8);
			k->max_threads = n > 1024 ? 1024 : (unsigned int)n;
		}
	}
	for (unsigned int i = 0; i < k->nparams && !ret; i++)
		if (k->param[i].offset > k->param_bytes ||
		    k->param[i].size > k->param_bytes - k->param[i].offset)
			ret = cubin_fail(err, "%s: parameter %u lies outside of the bank", name, i);
	if (!ret && k->barriers > 16)
		ret = cubin_fail(err, "%s: %u barriers", name, k->barriers);
	return ret;
}

/* Bank @b is the kernel's own, or that of all kernels. */
static int read_bank(const struct cubin *c, const char *name, unsigned int b,
		     struct cubin_kernel *k, struct cubin_error *err)
{
	const struct cubin_section *s;
	char prefix[24];

	snprintf(prefix, sizeof(prefix), ".nv.constant%u.", b);
	s = cubin_find_section(c, prefix, name);
	if (!s) {
		prefix[strlen(prefix) - 1] = 0;
		s = cubin_find_section(c, prefix, "");
	}
	if (!s || s->place != CUBIN_CONST)
		return 0;
	if (s->size > MAX_BANK)
		return cubin_fail(err, "%s: %llu bytes", s->name, (unsigned long long)s->size);
	k->bank[b].at = s->at;
	k->bank[b].bytes = (uint32_t)s->size;
	return 0;
}

static bool is_kernel(const struct cubin *c, const struct cubin_symbol *s)
{
	return s->type == STT_FUNC && s->section < c->nsections &&
	       c->section[s->section].place == CUBIN_CODE && !s->value &&
	       !strcmp(c->section[s->section].name + strlen(".text."), s->name) &&
	       cubin_find_section(c, ".nv.info.", s->name) &&
	       cubin_find_section(c, ".nv.constant0.", s->name);
}

const char *cubin_kernel_name(const struct cubin *c, unsigned int i)
{
	for (unsigned int n = 0; n < c->nsymbols; n++)
		if (is_kernel(c, &c->symbol[n]) && !i--)
			return c->symbol[n].name;
	return NULL;
}

int cubin_find_kernel(const struct cubin *c, const char *name, struct cubin_kernel *k,
		      struct cubin_error *err)
{
	const struct cubin_section *shared = cubin_find_section(c, ".nv.shared.", name);
	const struct cubin_symbol *symbol = NULL;
	int ret;

	for (unsigned int n = 0; n < c->nsymbols && !symbol; n++)
		if (is_kernel(c, &c->symbol[n]) && !strcmp(c->symbol[n].name, name))
			symbol = &c->symbol[n];
	if (!symbol) {
		cubin_fail(err, "no kernel '%s'", name);
		return -ENOENT;
	}
	memset(k, 0, sizeof(*k));
	k->code = c->section[symbol->section].at;
	ret = read_common(c, name, k, err);
	if (!ret)
		ret = read_own(c, name, k, err);
	for (unsigned int b = 0; b < CUBIN_BANKS && !ret; b++)
		ret = read_bank(c, name, b, k, err);
	if (!ret && shared && shared->size > MAX_SHARED)
		ret = cubin_fail(err, "%s: %llu bytes of shared memory", name,
				 (unsigned long long)shared->size);
	if (!ret && k->param_base + (uint64_t)k->param_bytes > k->bank[0].bytes)
		ret = cubin_fail(err, "%s: parameters past the end of bank 0", name);
	if (!ret && shared)
		k->shared = (uint32_t)shared->size;
	return ret;
}
