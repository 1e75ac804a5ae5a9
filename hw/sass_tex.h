/* SPDX-License-Identifier: MIT */
/*
 * What textures and surfaces share: handles, headers, and the way through the
 * lanes. A handle names a header (bits 19:0) and a sampler (31:20) in the channel's
 * pools. Headers are read for each instruction: a cache of them would be invisible
 * but for its faults.
 */
#ifndef HW_SASS_TEX_H
#define HW_SASS_TEX_H

#include "access_counter.h"
#include "sass_mem.h"
#include "tex.h"

/* Where the handle is: struct sass_insn.rnd. */
enum { TEX_HANDLE_CONST, TEX_HANDLE_ROW, TEX_HANDLE_PARAM };

/* One instruction on its way through the lanes. */
struct tex_op {
	struct warp *w;
	const struct sass_insn *in;
	struct tex_image image;
	struct tex_level level;		/* the first of the view, until another is asked for */
	unsigned int level_number;
	struct tex_sampler sampler;
	uint32_t handle, constant;	/* of image and sampler; that of all lanes */
	bool sampled, known;		/* needs a sampler; has image and sampler of @handle */
	unsigned int esr;		/* not 0: the warp traps */
	struct access_hits *hits;	/* NULL: nobody counts */
};

/* Does the work of a lane; false: it misses, or op->esr. TLB locked. */
typedef bool (*tex_lane_fn)(struct tex_op *op, unsigned int lane);

/* False: the warp parked. TLB not locked. */
bool tex_begin(struct tex_op *op, struct warp *w, const struct sass_insn *in, bool sampled);
/* Have image and sampler of @lane in @op. False: a miss, or op->esr. TLB locked. */
bool tex_look_up(struct tex_op *op, unsigned int lane);
/* Have level @n of the image in op->level. */
void tex_use_level(struct tex_op *op, unsigned int n);
/*
 * @fn for each lane. Lanes that miss repeat the instruction, the others do not, as
 * with loads; with @together all repeat it when one misses.
 */
enum sass_result tex_each_lane(struct tex_op *op, uint32_t mask, bool together, tex_lane_fn fn);

/* Memory of the texture unit; false: the lane misses. TLB locked. */
bool tex_reach(struct tex_op *op, uint64_t va, void *p, unsigned int bytes, bool write);
/* Parameter @n: the first in->shift of them lie in A, the others in B. */
uint32_t tex_param(const struct tex_op *op, unsigned int lane, unsigned int n);

#endif
