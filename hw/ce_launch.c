// SPDX-License-Identifier: MIT
/* LAUNCH_DMA: what is wrong with it, or the job it starts. */
#include <string.h>

#include "ce_priv.h"
#include "nvhw/nv_field.h"
#include "sem_op.h"

#define ERR(name)	NV_CE_LCE_LAUNCHERR_REPORT_##name
#define BLOCK_LOG2_MAX	5	/* thirty-two GOBs */
#define UNUSED_BITS	0xf8000000u	/* DISABLE_PLC is the highest used */

static uint64_t address(const struct ce_chan *c, uint32_t upper)
{
	return ((uint64_t)(ce_reg(c, upper) & NV_MASK(NVC5B5_OFFSET_IN_UPPER_UPPER)) << 32) |
	       ce_reg(c, upper + 4);
}

static uint32_t check_fields(uint32_t l)
{
	if (l & UNUSED_BITS)
		return ERR(INVALID_UNUSED_FIELD);
	if (NV_GET(l, NVC5B5_LAUNCH_DMA_DATA_TRANSFER_TYPE) >
	    NVC5B5_LAUNCH_DMA_DATA_TRANSFER_TYPE_NON_PIPELINED ||
	    NV_GET(l, NVC5B5_LAUNCH_DMA_INTERRUPT_TYPE) >
	    NVC5B5_LAUNCH_DMA_INTERRUPT_TYPE_NON_BLOCKING ||
	    NV_GET(l, NVC5B5_LAUNCH_DMA_VPRMODE) > NVC5B5_LAUNCH_DMA_VPRMODE_VPR_VID2VID)
		return ERR(INVALID_VALUE);
	return 0;
}

static uint32_t check_semaphore(const struct ce_chan *c, uint32_t l)
{
	uint32_t type = NV_GET(l, NVC5B5_LAUNCH_DMA_SEMAPHORE_TYPE);
	uint32_t red = NV_GET(l, NVC5B5_LAUNCH_DMA_SEMAPHORE_REDUCTION);
	uint64_t va = address(c, NVC5B5_SET_SEMAPHORE_A);

	if (type == NVC5B5_LAUNCH_DMA_SEMAPHORE_TYPE_NONE)
		return 0;
	if (va % (type == NVC5B5_LAUNCH_DMA_SEMAPHORE_TYPE_RELEASE_FOUR_WORD_SEMAPHORE ? 16 : 4))
		return ERR(INVALID_ALIGNMENT);
	if (NV_GET(l, NVC5B5_LAUNCH_DMA_SEMAPHORE_REDUCTION_ENABLE) &&
	    red != NVC5B5_LAUNCH_DMA_SEMAPHORE_REDUCTION_FADD &&
	    !sem_reduction_valid(red, false,
				 NV_IS(l, NVC5B5_LAUNCH_DMA_SEMAPHORE_REDUCTION_SIGN, _SIGNED)))
		return ERR(INVALID_OPERATION);
	return 0;
}

static uint32_t decode_remap(const struct ce_chan *c, struct ce_job *job)
{
	uint32_t r = ce_reg(c, NVC5B5_SET_REMAP_COMPONENTS);
	unsigned int nsrc = NV_GET(r, NVC5B5_SET_REMAP_COMPONENTS_NUM_SRC_COMPONENTS) + 1;
	bool identity;

	job->remap = true;
	job->fill = true;
	job->comp = NV_GET(r, NVC5B5_SET_REMAP_COMPONENTS_COMPONENT_SIZE) + 1;
	job->ndst = NV_GET(r, NVC5B5_SET_REMAP_COMPONENTS_NUM_DST_COMPONENTS) + 1;
	job->src_elem = nsrc * job->comp;
	job->dst_elem = job->ndst * job->comp;
	job->consts[0] = ce_reg(c, NVC5B5_SET_REMAP_CONST_A);
	job->consts[1] = ce_reg(c, NVC5B5_SET_REMAP_CONST_B);
	identity = nsrc == job->ndst;
	for (unsigned int i = 0; i < job->ndst; i++) {
		job->sel[i] = r >> (4 * i) & 7;
		if (job->sel[i] > NVC5B5_SET_REMAP_COMPONENTS_DST_X_NO_WRITE)
			return ERR(INVALID_VALUE);
		identity &= job->sel[i] == i;
		if (job->sel[i] > NVC5B5_SET_REMAP_COMPONENTS_DST_X_SRC_W)
			continue;
		job->fill = false;
		if (job->sel[i] >= nsrc)
			return ERR(BAD_SRC_PIXEL_COMP_REF);
	}
	if (identity)
		job->remap = false;	/* a copy of whole elements */
	return 0;
}

/* SRC_ and DST_ state come in the same order from their block size on. */
struct surface_methods {
	uint32_t block, origin, origin_x, origin_y;
};

static const struct surface_methods surfaces[2] = {
	{ NVC5B5_SET_SRC_BLOCK_SIZE, NVC5B5_SET_SRC_ORIGIN, NVC5B5_SRC_ORIGIN_X,
	  NVC5B5_SRC_ORIGIN_Y },
	{ NVC5B5_SET_DST_BLOCK_SIZE, NVC5B5_SET_DST_ORIGIN, NVC5B5_DST_ORIGIN_X,
	  NVC5B5_DST_ORIGIN_Y },
};

static uint32_t decode_blocklinear(const struct ce_chan *c, const struct ce_job *job,
				   struct ce_side *s, uint32_t elem)
{
	const struct surface_methods *m = &surfaces[s->write];
	uint32_t block = ce_reg(c, m->block);
	uint64_t width = (uint64_t)ce_reg(c, m->block + 4) * elem;
	uint64_t height = ce_reg(c, m->block + 8), depth = ce_reg(c, m->block + 12);
	uint64_t x = (uint64_t)ce_reg(c, m->origin_x) * elem, y = ce_reg(c, m->origin_y);

	s->blocklinear = true;
	s->gobs.block_h = NV_GET(block, NVC5B5_SET_SRC_BLOCK_SIZE_HEIGHT);
	s->gobs.block_d = NV_GET(block, NVC5B5_SET_SRC_BLOCK_SIZE_DEPTH);
	s->layer = ce_reg(c, m->block + 16);
	if (NV_GET(block, NVC5B5_SET_SRC_BLOCK_SIZE_WIDTH) || s->gobs.block_h > BLOCK_LOG2_MAX ||
	    s->gobs.block_d > BLOCK_LOG2_MAX ||
	    NV_GET(block, NVC5B5_SET_SRC_BLOCK_SIZE_GOB_HEIGHT) !=
	    NVC5B5_SET_SRC_BLOCK_SIZE_GOB_HEIGHT_GOB_HEIGHT_FERMI_8)
		return ERR(INVALID_VALUE);
	if (s->base % GOB_BYTES)
		return ERR(INVALID_ALIGNMENT);
	if (s->layer >= depth && s->layer)
		return ERR(2D_LAYER_EXCEEDS_DEPTH);
	if (x + job->line_bytes[s->write] > width || y + job->lines > height ||
	    width > UINT32_MAX)
		return ERR(MEM2MEM_RECT_OUT_OF_BOUNDS);
	s->x0 = x;
	s->y0 = y;
	s->gobs.width = (width + GOB_WIDTH - 1) / GOB_WIDTH;
	s->gobs.height_blocks = gob_blocks_high(height, s->gobs.block_h);
	return 0;
}

static uint32_t decode_pitch(const struct ce_chan *c, const struct ce_job *job, struct ce_side *s)
{
	int32_t pitch = ce_reg(c, s->write ? NVC5B5_PITCH_OUT : NVC5B5_PITCH_IN);
	uint64_t bytes = job->line_bytes[s->write];

	s->pitch = pitch;
	if (job->lines <= 1)
		return 0;
	if (pitch >= 0 && bytes > (uint64_t)pitch)
		return s->write ? ERR(DST_LINE_ECXEEDS_PITCH) : ERR(SRC_LINE_ECXEEDS_PITCH);
	if (pitch < 0 && bytes > (uint64_t)-(int64_t)pitch)
		return s->write ? ERR(DST_LINE_EXCEEDS_NEG_PITCH) : ERR(SRC_LINE_EXCEEDS_NEG_PITCH);
	return 0;
}

static uint32_t decode_side(const struct ce_chan *c, struct ce_job *job, struct ce_side *s,
			    uint32_t elem)
{
	static const enum gpu_aperture targets[] = {
		APERTURE_VRAM, APERTURE_SYS_COH, APERTURE_SYS_NCOH,
	};
	uint32_t mode = ce_reg(c, s->write ? NVC5B5_SET_DST_PHYS_MODE : NVC5B5_SET_SRC_PHYS_MODE);
	uint32_t l = job->launch;
	bool pitch = s->write ? NV_IS(l, NVC5B5_LAUNCH_DMA_DST_MEMORY_LAYOUT, _PITCH) :
				NV_IS(l, NVC5B5_LAUNCH_DMA_SRC_MEMORY_LAYOUT, _PITCH);

	s->base = address(c, s->write ? NVC5B5_OFFSET_OUT_UPPER : NVC5B5_OFFSET_IN_UPPER);
	s->physical = s->write ? NV_IS(l, NVC5B5_LAUNCH_DMA_DST_TYPE, _PHYSICAL) :
				 NV_IS(l, NVC5B5_LAUNCH_DMA_SRC_TYPE, _PHYSICAL);
	if (s->physical) {
		if (NV_GET(mode, NVC5B5_SET_SRC_PHYS_MODE_TARGET) >
		    NVC5B5_SET_SRC_PHYS_MODE_TARGET_NONCOHERENT_SYSMEM)
			return ERR(INVALID_VALUE);
		s->aperture = targets[NV_GET(mode, NVC5B5_SET_SRC_PHYS_MODE_TARGET)];
	}
	return pitch ? decode_pitch(c, job, s) : decode_blocklinear(c, job, s, elem);
}

static uint32_t decode_transfer(const struct ce_chan *c, struct ce_job *job)
{
	uint64_t length = ce_reg(c, NVC5B5_LINE_LENGTH_IN);
	uint32_t src_elem = 1, dst_elem = 1, err;

	job->lines = NV_GET(job->launch, NVC5B5_LAUNCH_DMA_MULTI_LINE_ENABLE) ?
		     ce_reg(c, NVC5B5_LINE_COUNT) : 1;
	if (NV_GET(job->launch, NVC5B5_LAUNCH_DMA_REMAP_ENABLE)) {
		err = decode_remap(c, job);
		if (err)
			return err;
		src_elem = job->src_elem;
		dst_elem = job->dst_elem;
	}
	job->line_bytes[0] = job->fill ? 0 : length * src_elem;
	job->line_bytes[1] = length * dst_elem;
	job->dst.write = true;
	err = decode_side(c, job, &job->dst, dst_elem);
	if (!err && !job->fill)
		err = decode_side(c, job, &job->src, src_elem);
	if (job->remap)
		job->line_bytes[1] = length;	/* elements from here on */
	return err;
}

uint32_t ce_launch_decode(const struct ce_chan *c, uint32_t launch, struct ce_job *job)
{
	uint32_t err;

	memset(job, 0, sizeof(*job));
	job->launch = launch;
	job->stage = CE_SEMAPHORE;
	err = check_fields(launch);
	if (!err)
		err = check_semaphore(c, launch);
	if (err || NV_IS(launch, NVC5B5_LAUNCH_DMA_DATA_TRANSFER_TYPE, _NONE))
		return err;
	job->stage = CE_COPY;
	return decode_transfer(c, job);
}
