// SPDX-License-Identifier: MIT
/* Texture headers and samplers decoded; where texels lie; their formats. */
#include "tex.h"

#include <math.h>
#include <string.h>

#include "gob.h"
#include "nvhw/class/clc597tex.h"
#include "nvhw/nv_field.h"
#include "sass_float.h"

#define HEAD(f)		NV_MW_GET(w, NVC597_TEXHEAD_BL_##f)
#define HEAD_IS(f, v)	(HEAD(f) == NVC597_TEXHEAD_BL_##f##_##v)
#define SIZES(n)	NVC597_TEXHEAD_BL_COMPONENTS_SIZES_##n
#define NUM(n)		NVC597_TEXHEAD_BL_R_DATA_TYPE_NUM_##n
#define WRAP(n)		NVC597_TEXSAMP0_ADDRESS_U_##n

static const struct {
	uint8_t code, components, bytes;
} formats[] = {
	{ SIZES(R32_G32_B32_A32), 4, 4 }, { SIZES(R16_G16_B16_A16), 4, 2 },
	{ SIZES(A8B8G8R8), 4, 1 }, { SIZES(R32_G32), 2, 4 }, { SIZES(R16_G16), 2, 2 },
	{ SIZES(G8R8), 2, 1 }, { SIZES(R32), 1, 4 }, { SIZES(R16), 1, 2 }, { SIZES(R8), 1, 1 },
};

static bool decode_format(struct tex_image *t, const uint32_t *w)
{
	for (unsigned int i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (formats[i].code == HEAD(COMPONENTS)) {
			t->components = formats[i].components;
			t->component_bytes = formats[i].bytes;
			t->texel_bytes = t->components * t->component_bytes;
			t->data_type = HEAD(R_DATA_TYPE);
			if (t->data_type == NUM(FLOAT))
				return formats[i].bytes > 1;
			return t->data_type && t->data_type <= NUM(UINT);
		}
	}
	return false;
}

static unsigned int dimensions(const uint32_t *w)
{
	switch (HEAD(TEXTURE_TYPE)) {
	case NVC597_TEXHEAD_BL_TEXTURE_TYPE_ONE_D:
		return 1;
	case NVC597_TEXHEAD_BL_TEXTURE_TYPE_TWO_D:
	case NVC597_TEXHEAD_BL_TEXTURE_TYPE_TWO_D_NO_MIPMAP:
		return 2;
	case NVC597_TEXHEAD_BL_TEXTURE_TYPE_THREE_D:
		return 3;
	default:
		return 0;
	}
}

const char *tex_decode_header(struct tex_image *t, const uint32_t *w)
{
	memset(t, 0, sizeof(*t));
	if (!HEAD_IS(HEADER_VERSION, SELECT_BLOCKLINEAR))
		return "a layout other than block-linear";
	t->dims = dimensions(w);
	if (!t->dims)
		return "an array, a cube or a buffer";
	if (!decode_format(t, w))
		return "a texel format that is not R, RG or RGBA of 8, 16 or 32 bits";
	if (HEAD(MAX_MIP_LEVEL) || HEAD(RES_VIEW_MAX_MIP_LEVEL) || HEAD(MULTI_SAMPLE_COUNT))
		return "several levels or samples";
	if (HEAD(S_R_G_B_CONVERSION) || HEAD(TILE_WIDTH_IN_GOBS))
		return "sRGB or wide tiles";
	t->va = (uint64_t)HEAD(ADDRESS_BITS48TO32) << 32 | HEAD(ADDRESS_BITS31TO9) << 9;
	t->size[0] = HEAD(WIDTH_MINUS_ONE) + 1;
	t->size[1] = t->dims < 2 ? 1 :
		(HEAD(HEIGHT_MINUS_ONE) | HEAD(HEIGHT_MINUS_ONE_BIT16) << 16) + 1;
	t->size[2] = t->dims < 3 ? 1 : HEAD(DEPTH_MINUS_ONE) + 1;
	t->block_h = HEAD(GOBS_PER_BLOCK_HEIGHT);
	t->block_d = HEAD(GOBS_PER_BLOCK_DEPTH);
	t->source[0] = HEAD(X_SOURCE);
	t->source[1] = HEAD(Y_SOURCE);
	t->source[2] = HEAD(Z_SOURCE);
	t->source[3] = HEAD(W_SOURCE);
	t->normalized = HEAD(NORMALIZED_COORDS);
	return NULL;
}

const char *tex_decode_sampler(struct tex_sampler *s, const uint32_t *w)
{
	memset(s, 0, sizeof(*s));
	s->wrap[0] = NV_GET(w[0], NVC597_TEXSAMP0_ADDRESS_U);
	s->wrap[1] = NV_GET(w[0], NVC597_TEXSAMP0_ADDRESS_V);
	s->wrap[2] = NV_GET(w[0], NVC597_TEXSAMP0_ADDRESS_P);
	for (unsigned int i = 0; i < 3; i++)
		if (s->wrap[i] > WRAP(BORDER))
			return "an address mode past BORDER";
	if (NV_GET(w[0], NVC597_TEXSAMP0_DEPTH_COMPARE))
		return "a depth comparison";
	s->linear = NV_IS(w[1], NVC597_TEXSAMP1_MAG_FILTER, _MAG_LINEAR);
	s->unnormalized = NV_IS(w[1], NVC597_TEXSAMP1_FLOAT_COORD_NORMALIZATION,
				_FORCE_UNNORMALIZED_COORDS);
	memcpy(s->border, w + 4, sizeof(s->border));
	return NULL;
}

bool tex_is_float(const struct tex_image *t)
{
	return t->data_type != NUM(SINT) && t->data_type != NUM(UINT);
}

bool tex_inside(const struct tex_image *t, const int32_t *at)
{
	for (unsigned int i = 0; i < t->dims; i++)
		if (at[i] < 0 || (uint32_t)at[i] >= t->size[i])
			return false;
	return true;
}

uint64_t tex_address(const struct tex_image *t, const uint32_t *at)
{
	uint64_t x = (uint64_t)at[0] * t->texel_bytes;
	uint32_t y = t->dims > 1 ? at[1] : 0, z = t->dims > 2 ? at[2] : 0;
	const struct gob_layout l = {
		.width = ((uint64_t)t->size[0] * t->texel_bytes + GOB_WIDTH - 1) / GOB_WIDTH,
		.height_blocks = gob_blocks_high(t->size[1], t->block_h),
		.block_h = t->block_h, .block_d = t->block_d,
	};

	return t->va + gob_offset(&l, x, y, z);
}

/* An index after the address mode; -1 is the border. */
static int64_t wrapped(int64_t i, uint32_t size, unsigned int mode)
{
	switch (mode) {
	case WRAP(WRAP):
		i %= size;
		return i < 0 ? i + size : i;
	case WRAP(MIRROR):
		i %= 2 * (int64_t)size;
		i = i < 0 ? i + 2 * (int64_t)size : i;
		return i < size ? i : 2 * (int64_t)size - 1 - i;
	case WRAP(CLAMP_TO_EDGE):
		return i < 0 ? 0 : i < size ? i : size - 1;
	default:
		return i < 0 || i >= size ? -1 : i;
	}
}

unsigned int tex_taps(const struct tex_image *t, const struct tex_sampler *s, const float *coord,
		      struct tex_tap taps[TEX_TAPS])
{
	bool linear = s->linear && tex_is_float(t);
	unsigned int n = linear ? 1u << t->dims : 1;
	int64_t first[3] = { 0 };
	float share[3] = { 0 };

	for (unsigned int i = 0; i < t->dims; i++) {
		float u = t->normalized && !s->unnormalized ? coord[i] * t->size[i] : coord[i];

		/* Beyond any image, and NaN at its start: what is converted fits. */
		u = u >= -0x1p30f ? fminf(u, 0x1p30f) : u < 0 ? -0x1p30f : 0;
		if (linear)
			u -= 0.5f;
		first[i] = (int64_t)floorf(u);
		/* The filter has eight bits of fraction. */
		share[i] = rintf((u - floorf(u)) * 256) / 256;
	}
	for (unsigned int j = 0; j < n; j++) {
		taps[j] = (struct tex_tap){ .weight = 1 };
		for (unsigned int i = 0; i < t->dims; i++) {
			bool second = j >> i & 1;
			int64_t at = wrapped(first[i] + second, t->size[i], s->wrap[i]);

			if (at < 0)
				taps[j].border = true;
			taps[j].at[i] = at < 0 ? 0 : at;
			if (linear)
				taps[j].weight *= second ? share[i] : 1 - share[i];
		}
	}
	return n;
}

static uint32_t unpack_one(const struct tex_image *t, uint32_t raw)
{
	unsigned int bits = t->component_bytes * 8, up = 32 - bits;
	uint32_t most = ~0u >> up;
	int32_t value = (int32_t)(raw << up) >> up;

	switch (t->data_type) {
	case NUM(UNORM):
		return f32_bits(raw / (double)most);
	case NUM(SNORM):
		return f32_bits(fmax(value / (double)(most >> 1), -1));
	case NUM(SINT):
		return value;
	case NUM(FLOAT):
		return bits == 16 ? f32_bits(f16_value(raw)) : raw;
	default:
		return raw;
	}
}

static uint32_t pack_one(const struct tex_image *t, uint32_t v)
{
	unsigned int bits = t->component_bytes * 8;
	uint32_t most = ~0u >> (32 - bits);
	int32_t top = most >> 1, value = (int32_t)v;
	double f = isnan(as_f32(v)) ? 0 : as_f32(v);

	switch (t->data_type) {
	case NUM(UNORM):
		return (uint32_t)rint(fmin(fmax(f, 0), 1) * most);
	case NUM(SNORM):
		return (uint32_t)(int32_t)rint(fmin(fmax(f, -1), 1) * top) & most;
	case NUM(SINT):
		return (uint32_t)(value > top ? top : value < -top - 1 ? -top - 1 : value) & most;
	case NUM(FLOAT):
		return bits == 16 ? f16_bits(as_f32(v), 0) : v;
	default:
		return v > most ? most : v;
	}
}

void tex_unpack(const struct tex_image *t, const uint8_t *texel, uint32_t rgba[4])
{
	for (unsigned int i = 0; i < 4; i++) {
		uint32_t raw = 0;

		if (i < t->components) {
			memcpy(&raw, texel + i * t->component_bytes, t->component_bytes);
			rgba[i] = unpack_one(t, raw);
		} else {
			rgba[i] = i < 3 ? 0 : tex_is_float(t) ? f32_bits(1) : 1;
		}
	}
}

void tex_pack(const struct tex_image *t, const uint32_t rgba[4], uint8_t *texel)
{
	for (unsigned int i = 0; i < t->components; i++) {
		uint32_t raw = pack_one(t, rgba[i]);

		memcpy(texel + i * t->component_bytes, &raw, t->component_bytes);
	}
}

void tex_targets(const struct tex_image *t, const uint32_t in[4], uint32_t rgba[4])
{
	memset(rgba, 0, 4 * sizeof(*rgba));
	for (unsigned int i = 4; i-- > 0;) {
		unsigned int s = t->source[i];

		if (s >= NVC597_TEXHEAD_BL_X_SOURCE_IN_R && s <= NVC597_TEXHEAD_BL_X_SOURCE_IN_A)
			rgba[s - NVC597_TEXHEAD_BL_X_SOURCE_IN_R] = in[i];
	}
}

void tex_sources(const struct tex_image *t, const uint32_t rgba[4], uint32_t out[4])
{
	for (unsigned int i = 0; i < 4; i++) {
		unsigned int s = t->source[i];

		if (s >= NVC597_TEXHEAD_BL_X_SOURCE_IN_R && s <= NVC597_TEXHEAD_BL_X_SOURCE_IN_A)
			out[i] = rgba[s - NVC597_TEXHEAD_BL_X_SOURCE_IN_R];
		else if (s == NVC597_TEXHEAD_BL_X_SOURCE_IN_ONE_INT)
			out[i] = 1;
		else
			out[i] = s == NVC597_TEXHEAD_BL_X_SOURCE_IN_ONE_FLOAT ? f32_bits(1) : 0;
	}
}
