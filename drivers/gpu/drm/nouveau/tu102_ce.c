// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Copy-engine methods. Pure.
 *
 * Physical mode: SET_SRC_PHYS_MODE and SET_DST_PHYS_MODE name the aperture (an
 * encoding of its own, not the one of PTEs) and LAUNCH_DMA says to use it. They
 * are state of the channel and sent only when they change, because scattered
 * 4 KiB pages are the common case and every dword is fetched over the bus.
 */
#include <nvhw/class/clc5b5.h>

#include "tu102_ce.h"

#define CE_SUBCH	0	/* any, on a channel of its own */

static u32 phys_mode(enum tu102_aperture aperture)
{
	/* The same field in both methods. */
	return aperture == TU102_APERTURE_VRAM ?
	       NV_DEF(NVC5B5_SET_SRC_PHYS_MODE_TARGET, _LOCAL_FB) :
	       NV_DEF(NVC5B5_SET_SRC_PHYS_MODE_TARGET, _COHERENT_SYSMEM);
}

static void set_modes(struct nouveau_pb *pb, struct tu102_ce_state *state, u32 src, u32 dst)
{
	if (state->has_modes && state->src_mode == src && state->dst_mode == dst)
		return;
	nouveau_pb_inc(pb, CE_SUBCH, NVC5B5_SET_SRC_PHYS_MODE, src, dst);
	state->has_modes = true;
	state->src_mode = src;
	state->dst_mode = dst;
}

static u32 launch_common(void)
{
	return NV_DEF(NVC5B5_LAUNCH_DMA_SRC_MEMORY_LAYOUT, _PITCH) |
	       NV_DEF(NVC5B5_LAUNCH_DMA_DST_MEMORY_LAYOUT, _PITCH) |
	       NV_DEF(NVC5B5_LAUNCH_DMA_SRC_TYPE, _PHYSICAL) |
	       NV_DEF(NVC5B5_LAUNCH_DMA_DST_TYPE, _PHYSICAL) |
	       NV_DEF(NVC5B5_LAUNCH_DMA_FLUSH_ENABLE, _TRUE);
}

void tu102_ce_copy(struct nouveau_pb *pb, struct tu102_ce_state *state,
		   struct tu102_ce_addr dst, struct tu102_ce_addr src, u32 bytes)
{
	set_modes(pb, state, phys_mode(src.aperture), phys_mode(dst.aperture));
	nouveau_pb_inc(pb, CE_SUBCH, NVC5B5_OFFSET_IN_UPPER,
		       (u32)(src.addr >> 32), (u32)src.addr, (u32)(dst.addr >> 32), (u32)dst.addr);
	nouveau_pb_inc(pb, CE_SUBCH, NVC5B5_LINE_LENGTH_IN, bytes);
	nouveau_pb_inc(pb, CE_SUBCH, NVC5B5_LAUNCH_DMA,
		       launch_common() |
		       (state->launched ?
			NV_DEF(NVC5B5_LAUNCH_DMA_DATA_TRANSFER_TYPE, _PIPELINED) :
			NV_DEF(NVC5B5_LAUNCH_DMA_DATA_TRANSFER_TYPE, _NON_PIPELINED)));
	state->launched = true;
}

/* A fill is a copy without source whose components are a constant. */
void tu102_ce_fill(struct nouveau_pb *pb, struct tu102_ce_state *state,
		   struct tu102_ce_addr dst, u32 bytes, u32 value)
{
	u32 mode = phys_mode(dst.aperture);

	set_modes(pb, state, mode, mode);
	nouveau_pb_inc(pb, CE_SUBCH, NVC5B5_SET_REMAP_CONST_B, value,
		       NV_DEF(NVC5B5_SET_REMAP_COMPONENTS_DST_X, _CONST_B) |
		       NV_DEF(NVC5B5_SET_REMAP_COMPONENTS_COMPONENT_SIZE, _FOUR) |
		       NV_DEF(NVC5B5_SET_REMAP_COMPONENTS_NUM_DST_COMPONENTS, _ONE));
	nouveau_pb_inc(pb, CE_SUBCH, NVC5B5_OFFSET_OUT_UPPER,
		       (u32)(dst.addr >> 32), (u32)dst.addr);
	/* with remapping, a line is as many elements, not bytes */
	nouveau_pb_inc(pb, CE_SUBCH, NVC5B5_LINE_LENGTH_IN, bytes / 4);
	nouveau_pb_inc(pb, CE_SUBCH, NVC5B5_LAUNCH_DMA,
		       launch_common() | NV_DEF(NVC5B5_LAUNCH_DMA_REMAP_ENABLE, _TRUE) |
		       NV_DEF(NVC5B5_LAUNCH_DMA_DATA_TRANSFER_TYPE, _NON_PIPELINED));
	state->launched = true;
}
