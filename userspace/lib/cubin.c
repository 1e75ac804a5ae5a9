// SPDX-License-Identifier: MIT
/* The ELF container: sections, symbols, and where each section goes. */
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cubin.h"

#define EM_NVIDIA_CUDA 190
#define SM 75
/* The architecture in e_flags: bits 7:0, since ABI version 8 bits 15:8. */
#define ABI_WIDE_FLAGS 8
#define MAX_SECTIONS 65280
#define MAX_PLACE (256u << 20)
#define MAX_ALIGN 65536
#define CODE_ALIGN 128
#define CONST_ALIGN 256

int cubin_fail(struct cubin_error *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return -EINVAL;
}

/* @bytes at @offset lie inside of the file. */
static bool inside(const struct cubin *c, uint64_t offset, uint64_t bytes)
{
	return offset <= c->bytes && bytes <= c->bytes - offset;
}

/* A string of string table @table; NULL when it is not one. */
static const char *string_at(const struct cubin *c, unsigned int table, uint32_t at)
{
	const struct cubin_section *s;

	if (table >= c->nsections)
		return NULL;
	s = &c->section[table];
	if (s->type != SHT_STRTAB || !s->data || at >= s->size ||
	    !memchr(s->data + at, 0, s->size - at))
		return NULL;
	return (const char *)s->data + at;
}

static int check_header(const struct cubin *c, struct cubin_error *err)
{
	const uint8_t *p = c->image;
	uint32_t flags, sm;

	if (c->bytes < sizeof(Elf64_Ehdr) || memcmp(p, ELFMAG, SELFMAG) ||
	    p[EI_CLASS] != ELFCLASS64 || p[EI_DATA] != ELFDATA2LSB)
		return cubin_fail(err, "not a 64-bit little-endian ELF file");
	if (cubin_u16(p + 18) != EM_NVIDIA_CUDA)
		return cubin_fail(err, "ELF machine %u is not a CUDA GPU", cubin_u16(p + 18));
	flags = cubin_u32(p + 48);
	sm = p[EI_ABIVERSION] >= ABI_WIDE_FLAGS ? flags >> 8 & 0xff : flags & 0xff;
	if (sm != SM)
		return cubin_fail(err, "machine code for sm_%u, not sm_%u", sm, SM);
	return 0;
}

static int read_section(struct cubin *c, unsigned int i, const uint8_t *p, struct cubin_error *err)
{
	struct cubin_section *s = &c->section[i];
	uint64_t offset = cubin_u64(p + 24);

	s->type = cubin_u32(p + 4);
	s->flags = cubin_u64(p + 8);
	s->size = cubin_u64(p + 32);
	s->link = cubin_u32(p + 40);
	s->info = cubin_u32(p + 44);
	s->align = cubin_u64(p + 48);
	s->entry = cubin_u64(p + 56);
	if (s->type == SHT_NOBITS || s->type == SHT_NULL) {
		if (s->size > MAX_PLACE)
			return cubin_fail(err, "section %u of %llu bytes", i,
					  (unsigned long long)s->size);
		return 0;
	}
	if (!inside(c, offset, s->size))
		return cubin_fail(err, "section %u lies outside of the file", i);
	s->data = c->image + offset;
	return 0;
}

static int read_sections(struct cubin *c, struct cubin_error *err)
{
	uint64_t table = cubin_u64(c->image + 40);
	unsigned int n = cubin_u16(c->image + 60), names = cubin_u16(c->image + 62);
	int ret = 0;

	if (cubin_u16(c->image + 58) != sizeof(Elf64_Shdr) || !n || n > MAX_SECTIONS ||
	    !inside(c, table, (uint64_t)n * sizeof(Elf64_Shdr)))
		return cubin_fail(err, "no table of sections");
	c->section = calloc(n, sizeof(*c->section));
	if (!c->section)
		return -ENOMEM;
	c->nsections = n;
	for (unsigned int i = 0; i < n && !ret; i++)
		ret = read_section(c, i, c->image + table + i * sizeof(Elf64_Shdr), err);
	for (unsigned int i = 0; i < n && !ret; i++) {
		uint32_t at = cubin_u32(c->image + table + i * sizeof(Elf64_Shdr));

		c->section[i].name = string_at(c, names, at);
		if (!c->section[i].name || strlen(c->section[i].name) >= CUBIN_NAME_MAX)
			ret = cubin_fail(err, "section %u has no name", i);
	}
	return ret;
}

static int read_symbols(struct cubin *c, struct cubin_error *err)
{
	const struct cubin_section *table = NULL;

	for (unsigned int i = 0; i < c->nsections; i++)
		if (c->section[i].type == SHT_SYMTAB)
			table = &c->section[i];
	if (!table)
		return cubin_fail(err, "no symbols");
	c->nsymbols = (unsigned int)(table->size / sizeof(Elf64_Sym));
	c->symbol = calloc(c->nsymbols + 1, sizeof(*c->symbol));
	if (!c->symbol)
		return -ENOMEM;
	for (unsigned int i = 0; i < c->nsymbols; i++) {
		const uint8_t *p = table->data + i * sizeof(Elf64_Sym);
		struct cubin_symbol *s = &c->symbol[i];

		s->name = string_at(c, table->link, cubin_u32(p));
		s->type = p[4] & 0xf;
		s->section = (uint16_t)cubin_u16(p + 6);
		s->value = cubin_u64(p + 8);
		s->size = cubin_u64(p + 16);
		if (!s->name || strlen(s->name) >= CUBIN_NAME_MAX)
			return cubin_fail(err, "symbol %u has no name", i);
		if (s->section < c->nsections &&
		    (s->value > c->section[s->section].size ||
		     s->size > c->section[s->section].size - s->value))
			return cubin_fail(err, "symbol '%s' reaches out of its section", s->name);
	}
	return 0;
}

static bool starts(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

static enum cubin_place place_of(const struct cubin_section *s)
{
	if (s->type != SHT_PROGBITS && s->type != SHT_NOBITS)
		return CUBIN_NOWHERE;
	if (starts(s->name, ".text."))
		return CUBIN_CODE;
	if (starts(s->name, ".nv.constant"))
		return CUBIN_CONST;
	if (!strcmp(s->name, ".nv.global") || starts(s->name, ".nv.global."))
		return CUBIN_DATA;
	return CUBIN_NOWHERE;
}

static int place_sections(struct cubin *c, struct cubin_error *err)
{
	for (unsigned int i = 0; i < c->nsections; i++) {
		struct cubin_section *s = &c->section[i];
		uint64_t align, *end;

		s->place = place_of(s);
		if (s->place == CUBIN_NOWHERE)
			continue;
		align = s->place == CUBIN_CODE ? CODE_ALIGN :
			s->place == CUBIN_CONST ? CONST_ALIGN : s->align ? s->align : 1;
		if (align & (align - 1) || align > MAX_ALIGN)
			return cubin_fail(err, "%s: alignment %llu", s->name,
					  (unsigned long long)align);
		end = &c->place_bytes[s->place];
		s->at = (*end + align - 1) & ~(align - 1);
		if (s->size > MAX_PLACE || s->at > MAX_PLACE - s->size)
			return cubin_fail(err, "%s: more than %u MiB", s->name, MAX_PLACE >> 20);
		*end = s->at + s->size;
	}
	return c->place_bytes[CUBIN_CODE] ? 0 : cubin_fail(err, "no code");
}

int cubin_open(struct cubin *c, const void *image, size_t bytes, struct cubin_error *err)
{
	int ret;

	memset(c, 0, sizeof(*c));
	c->image = image;
	c->bytes = bytes;
	ret = check_header(c, err);
	if (!ret)
		ret = read_sections(c, err);
	if (!ret)
		ret = read_symbols(c, err);
	if (!ret)
		ret = place_sections(c, err);
	if (ret)
		cubin_close(c);
	return ret;
}

void cubin_close(struct cubin *c)
{
	free(c->section);
	free(c->symbol);
	memset(c, 0, sizeof(*c));
}

const struct cubin_section *cubin_find_section(const struct cubin *c, const char *prefix,
					       const char *kernel)
{
	size_t n = strlen(prefix);

	for (unsigned int i = 0; i < c->nsections; i++)
		if (!strncmp(c->section[i].name, prefix, n) &&
		    !strcmp(c->section[i].name + n, kernel))
			return &c->section[i];
	return NULL;
}

int cubin_find_variable(const struct cubin *c, const char *name, enum cubin_place *place,
			uint64_t *at, uint64_t *size)
{
	for (unsigned int i = 0; i < c->nsymbols; i++) {
		const struct cubin_symbol *s = &c->symbol[i];
		const struct cubin_section *in;

		if (s->type != STT_OBJECT || s->section >= c->nsections || strcmp(s->name, name))
			continue;
		in = &c->section[s->section];
		if (in->place != CUBIN_DATA && in->place != CUBIN_CONST)
			continue;
		*place = in->place;
		*at = in->at + s->value;
		*size = s->size;
		return 0;
	}
	return -ENOENT;
}
