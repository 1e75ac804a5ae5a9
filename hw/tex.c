// SPDX-License-Identifier: MIT
/* Texture headers decoded, and where texels lie. */
#include "tex.h"

#include <string.h>

#include "gob.h"
#include "nvhw/class/clc597tex.h"
#include "nvhw/nv_field.h"
#include "sass_float.h"

#define HEAD(f)		NV_MW_GET(w, NVC597_TEXHEAD_BL_##f)
#define BUFFER(f)	NV_MW_GET(w, NVC597_TEXHEAD_1D_##f)
#define PITCH(f)	NV_MW_GET(w, NVC597_TEXHEAD_PITCH_##f)
#define TYPE(n)		NVC597_TEXHEAD_BL_TEXTURE_TYPE_##n
#define VA_MASK		((1ull << 49) - 1)	/* addresses go round */
#define SOURCE(n)	NVC597_TEXHEAD_BL_X_SOURCE_IN_##n

static bool dimensions(struct tex_image *t, const uint32_t *w)
{
	switch (HEAD(TEXTURE_TYPE)) {
	case TYPE(ONE_D_ARRAY):
		t->array = true;
		/* fallthrough */
	case TYPE(ONE_D):
	case TYPE(ONE_D_BUFFER):
		t->dims = 1;
		return true;
	case TYPE(TWO_D_ARRAY):
		t->array = true;
		/* fallthrough */
	case TYPE(TWO_D):
	case TYPE(TWO_D_NO_MIPMAP):
		t->dims = 2;
		return true;
	case TYPE(CUBEMAP_ARRAY):
	case TYPE(CUBEMAP):
		t->array = t->cube = true;
		t->dims = 2;
		return true;
	case TYPE(THREE_D):
		t->dims = 3;
		return true;
	default:
		return false;
	}
}

static void sizes(struct tex_image *t, const uint32_t *w)
{
	uint32_t depth = (HEAD(DEPTH_MINUS_ONE) | HEAD(DEPTH_MINUS_ONE_BIT14) << 14) + 1;

	t->size[0] = HEAD(WIDTH_MINUS_ONE) + 1;
	t->size[1] = t->dims < 2 ? 1 :
		(HEAD(HEIGHT_MINUS_ONE) | HEAD(HEIGHT_MINUS_ONE_BIT16) << 16) + 1;
	t->size[2] = t->dims < 3 ? 1 : depth;
	t->layers = t->cube ? 6 * depth : t->array ? depth : 1;
}

/* Bytes of a level, and how its blocks lie. */
static struct gob_layout gobs(const struct tex_image *t, const struct tex_level *l)
{
	return (struct gob_layout){
		.width = ((uint64_t)l->size[0] * t->format.bytes + GOB_WIDTH - 1) / GOB_WIDTH,
		.height_blocks = gob_blocks_high(l->size[1], l->block_h),
		.block_h = l->block_h, .block_d = l->block_d,
	};
}

static uint64_t level_bytes(const struct tex_image *t, const struct tex_level *l)
{
	struct gob_layout g = gobs(t, l);
	uint64_t deep = (l->size[2] + (1u << l->block_d) - 1) >> l->block_d;

	return ((uint64_t)g.width * g.height_blocks * deep << (l->block_h + l->block_d)) *
	       GOB_BYTES;
}

/* Blocks of a level get no larger than what holds it. */
static void size_level(const struct tex_image *t, unsigned int level, struct tex_level *l)
{
	for (unsigned int i = 0; i < 3; i++)
		l->size[i] = t->size[i] >> level ? t->size[i] >> level : 1;
	l->block_h = t->block_h;
	l->block_d = t->block_d;
	if (!level)
		return;
	while (l->block_h && (uint32_t)GOB_ROWS << (l->block_h - 1) >= l->size[1])
		l->block_h--;
	while (l->block_d && 1u << (l->block_d - 1) >= l->size[2])
		l->block_d--;
}

void tex_level(const struct tex_image *t, unsigned int level, struct tex_level *l)
{
	uint64_t offset = 0;

	for (unsigned int i = 0; i < level; i++) {
		size_level(t, i, l);
		offset += level_bytes(t, l);
	}
	size_level(t, level, l);
	l->offset = offset;
}

/* A layer has all the levels of it, and whole blocks of the largest. */
static void stride_layers(struct tex_image *t, unsigned int last_level)
{
	uint64_t block = (uint64_t)GOB_BYTES << (t->block_h + t->block_d);
	struct tex_level l;

	if (!t->array)
		return;
	tex_level(t, last_level, &l);
	t->layer_bytes = (l.offset + level_bytes(t, &l) + block - 1) & ~(block - 1);
}

static const char *decode_blocks(struct tex_image *t, const uint32_t *w)
{
	if (HEAD(MULTI_SAMPLE_COUNT))
		return "several samples";
	if (HEAD(TILE_WIDTH_IN_GOBS) || HEAD(GOBS_PER_BLOCK_HEIGHT) > 5 ||
	    HEAD(GOBS_PER_BLOCK_DEPTH) > 5)
		return "blocks of that shape";
	if (t->format.bytes & (t->format.bytes - 1))
		return "blocks of texels of 12 bytes";
	if (HEAD(RES_VIEW_MIN_MIP_LEVEL) > HEAD(RES_VIEW_MAX_MIP_LEVEL) ||
	    HEAD(RES_VIEW_MAX_MIP_LEVEL) > HEAD(MAX_MIP_LEVEL))
		return "levels it does not have";
	t->layout = TEX_BLOCKS;
	t->va |= (uint64_t)HEAD(ADDRESS_BITS31TO9) << 9;
	t->block_h = HEAD(GOBS_PER_BLOCK_HEIGHT);
	t->block_d = HEAD(GOBS_PER_BLOCK_DEPTH);
	t->min_level = HEAD(RES_VIEW_MIN_MIP_LEVEL);
	t->max_level = HEAD(RES_VIEW_MAX_MIP_LEVEL);
	sizes(t, w);
	stride_layers(t, HEAD(MAX_MIP_LEVEL));
	return NULL;
}

static const char *decode_pitch(struct tex_image *t, const uint32_t *w)
{
	if (t->dims > 2 || t->array || HEAD(MAX_MIP_LEVEL) || HEAD(MULTI_SAMPLE_COUNT))
		return "layers, levels or samples by rows";
	t->layout = TEX_PITCH;
	t->va |= (uint64_t)PITCH(ADDRESS_BITS31TO5) << 5;
	t->pitch = PITCH(PITCH_BITS20TO5) << 5 | PITCH(PITCH_BIT21) << 21;
	sizes(t, w);
	return NULL;
}

static const char *decode_buffer(struct tex_image *t, const uint32_t *w)
{
	if (HEAD(TEXTURE_TYPE) != TYPE(ONE_D_BUFFER))
		return "a buffer of another shape";
	t->layout = TEX_BUFFER;
	t->va |= BUFFER(ADDRESS_BITS31TO0);
	t->size[0] = (BUFFER(WIDTH_MINUS_ONE_BITS31TO16) << 16 |
		      BUFFER(WIDTH_MINUS_ONE_BITS15TO0)) + 1;
	if (!t->size[0])	/* 2^32, all of which a coordinate cannot reach */
		t->size[0] = ~0u;
	t->size[1] = t->size[2] = t->layers = 1;
	return NULL;
}

const char *tex_decode_header(struct tex_image *t, const uint32_t *w)
{
	memset(t, 0, sizeof(*t));
	if (!dimensions(t, w))
		return "a type without a name";
	if (!texel_format_of_header(&t->format, w))
		return "a compressed or shared format of texels";
	t->va = (uint64_t)HEAD(ADDRESS_BITS48TO32) << 32;
	t->source[0] = HEAD(X_SOURCE);
	t->source[1] = HEAD(Y_SOURCE);
	t->source[2] = HEAD(Z_SOURCE);
	t->source[3] = HEAD(W_SOURCE);
	switch (HEAD(HEADER_VERSION)) {
	case NVC597_TEXHEAD_BL_HEADER_VERSION_SELECT_BLOCKLINEAR:
		t->normalized = HEAD(NORMALIZED_COORDS);
		t->lod_bias = tex_signed_fixed(HEAD(MIP_LOD_BIAS), 13);
		return decode_blocks(t, w);
	case NVC597_TEXHEAD_BL_HEADER_VERSION_SELECT_PITCH:
		t->normalized = HEAD(NORMALIZED_COORDS);
		return decode_pitch(t, w);
	case NVC597_TEXHEAD_BL_HEADER_VERSION_SELECT_ONE_D_BUFFER:
		return decode_buffer(t, w);
	default:
		return "a colour key";
	}
}

bool tex_inside(const struct tex_image *t, const struct tex_level *l, const int32_t *at,
		uint32_t layer)
{
	for (unsigned int i = 0; i < t->dims; i++)
		if (at[i] < 0 || (uint32_t)at[i] >= l->size[i])
			return false;
	return layer < t->layers;
}

uint64_t tex_address(const struct tex_image *t, const struct tex_level *l, uint64_t x, uint32_t y,
		     uint32_t z, uint32_t layer)
{
	struct gob_layout g;

	if (t->layout == TEX_BUFFER)
		return (t->va + x) & VA_MASK;
	if (t->layout == TEX_PITCH)
		return (t->va + (uint64_t)y * t->pitch + x) & VA_MASK;
	g = gobs(t, l);
	return (t->va + layer * t->layer_bytes + l->offset + gob_offset(&g, x, y, z)) & VA_MASK;
}

void tex_targets(const struct tex_image *t, const uint32_t in[4], uint32_t rgba[4])
{
	memset(rgba, 0, 4 * sizeof(*rgba));
	for (unsigned int i = 4; i-- > 0;) {
		unsigned int s = t->source[i];

		if (s >= SOURCE(R) && s <= SOURCE(A))
			rgba[s - SOURCE(R)] = in[i];
	}
}

void tex_sources(const struct tex_image *t, const uint32_t rgba[4], uint32_t out[4])
{
	for (unsigned int i = 0; i < 4; i++) {
		unsigned int s = t->source[i];

		if (s >= SOURCE(R) && s <= SOURCE(A))
			out[i] = rgba[s - SOURCE(R)];
		else if (s == SOURCE(ONE_INT))
			out[i] = 1;
		else
			out[i] = s == SOURCE(ONE_FLOAT) ? F32_ONE : 0;
	}
}
