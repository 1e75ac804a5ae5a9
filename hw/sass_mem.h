/* SPDX-License-Identifier: MIT */
/* Address resolution shared by loads, stores and atomics. */
#ifndef HW_SASS_MEM_H
#define HW_SASS_MEM_H

#include "sass_exec.h"
#include "sass_operand.h"

/* One lane's access at @p; NULL for a sparse page. */
typedef void (*sass_element_fn)(struct warp *w, const struct sass_insn *in, unsigned int lane,
				uint8_t *p);

/* Which lanes go where; addresses in the windows become offsets. */
struct sass_spaces {
	uint32_t global, shared, local;
};

/* Bytes of memory types 0..6. */
extern const uint8_t sass_type_bytes[8];

void sass_addresses(struct warp *w, const struct sass_insn *in, uint64_t *va);
/* Returns 0 or the warp error of the first lane that is out of bounds. */
unsigned int sass_resolve(struct warp *w, uint64_t *va, uint32_t mask, unsigned int bytes,
			  struct sass_spaces *s);
uint8_t *sass_local(struct warp *w, unsigned int lane, uint64_t off);
/* Perform @fn for the lanes that hit; park the warp for the others. */
enum sass_result sass_global(struct warp *w, const struct sass_insn *in, uint32_t mask,
			     const uint64_t *va, enum mmu_access access, sass_element_fn fn);

/* What an instruction does to each element: by its type, or by its operation. */
sass_element_fn sass_load_fn(const struct sass_insn *in);
sass_element_fn sass_store_fn(const struct sass_insn *in);
unsigned int sass_atomic_bytes(const struct sass_insn *in);
void sass_atomic_element(struct warp *w, const struct sass_insn *in, unsigned int lane, uint8_t *p);

#endif
