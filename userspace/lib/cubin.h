/* SPDX-License-Identifier: MIT */
/*
 * SM75 machine code as NVIDIA's toolchain packs it: an ELF file ("cubin").
 * Reading, placing and relocating; nothing here knows a GPU. Every number of
 * the file is checked before use: the file may be anything.
 *
 * Section names, attributes and relocation numbers are those the toolchain's
 * output shows: .text.K, .nv.constantB[.K], .nv.global[.init], .nv.shared.K,
 * .nv.info[.K].
 */
#ifndef NVSVM_CUBIN_H
#define NVSVM_CUBIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CUBIN_BANKS 8
#define CUBIN_PARAMS_MAX 256
#define CUBIN_NAME_MAX 256

struct cubin_error {
	char text[160];
};

/* Where a section goes. */
enum cubin_place { CUBIN_NOWHERE, CUBIN_CODE, CUBIN_DATA, CUBIN_CONST, CUBIN_PLACES };

struct cubin_section {
	const char *name;
	uint32_t type, link, info;
	uint64_t flags, size, align, entry;
	const uint8_t *data;		/* NULL: no bytes in the file, zeros */
	enum cubin_place place;
	uint64_t at;			/* offset in its place */
};

struct cubin_symbol {
	const char *name;
	uint8_t type;
	uint16_t section;
	uint64_t value, size;
};

struct cubin {
	const uint8_t *image;
	size_t bytes;
	unsigned int nsections, nsymbols;
	struct cubin_section *section;
	struct cubin_symbol *symbol;
	uint64_t place_bytes[CUBIN_PLACES];
};

/* What a place is loaded at: memory to fill and the address the GPU sees. */
struct cubin_target {
	uint8_t *memory[CUBIN_PLACES];
	uint64_t address[CUBIN_PLACES];
};

struct cubin_kernel {
	uint64_t code;			/* offset in CUBIN_CODE */
	unsigned int registers, barriers;
	uint32_t shared, stack;		/* bytes, static; least stack of its call tree */
	unsigned int max_threads;	/* of a block, 0: not said */
	uint32_t param_base, param_bytes;	/* in bank 0 */
	unsigned int nparams;
	struct {
		uint32_t offset, size;
	} param[CUBIN_PARAMS_MAX];
	struct {
		uint64_t at;		/* offset in CUBIN_CONST */
		uint32_t bytes;		/* 0: no such bank */
	} bank[CUBIN_BANKS];
};

/*
 * Read the ELF file @image, which must stay. 0, -EINVAL with @err filled when
 * it is not an sm_75 cubin or broken, -ENOMEM.
 */
int cubin_open(struct cubin *c, const void *image, size_t bytes, struct cubin_error *err);
void cubin_close(struct cubin *c);

/* Fill @t's memory, place_bytes[] each, and apply the relocations. */
int cubin_load(const struct cubin *c, const struct cubin_target *t, struct cubin_error *err);

/* The kernel @name. -ENOENT: there is none. -EINVAL: what is said of it is broken. */
int cubin_find_kernel(const struct cubin *c, const char *name, struct cubin_kernel *k,
		      struct cubin_error *err);
/* Name of kernel @i, or NULL past the last. */
const char *cubin_kernel_name(const struct cubin *c, unsigned int i);
/* A __device__ or __constant__ variable: its place and offset; -ENOENT. */
int cubin_find_variable(const struct cubin *c, const char *name, enum cubin_place *place,
			uint64_t *at, uint64_t *size);

/* Shared by the files of the reader: fills @err, returns -EINVAL. */
int cubin_fail(struct cubin_error *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
const struct cubin_section *cubin_find_section(const struct cubin *c, const char *prefix,
					       const char *kernel);

static inline uint32_t cubin_u16(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8;
}

static inline uint32_t cubin_u32(const uint8_t *p)
{
	return cubin_u16(p) | cubin_u16(p + 2) << 16;
}

static inline uint64_t cubin_u64(const uint8_t *p)
{
	return cubin_u32(p) | (uint64_t)cubin_u32(p + 4) << 32;
}

#endif
