// SPDX-License-Identifier: MIT
/* Texel formats: which bits are whose, and what they mean. */
#include "texel.h"

#include <math.h>
#include <string.h>

#include "nvhw/class/clc597.h"
#include "nvhw/class/clc597tex.h"
#include "nvhw/nv_field.h"
#include "sass_float.h"

#define NUM(n)		NVC597_TEXHEAD_BL_R_DATA_TYPE_NUM_##n
#define SIZES(n)	NVC597_TEXHEAD_BL_COMPONENTS_SIZES_##n
#define TARGET(n)	NVC597_SET_COLOR_TARGET_FORMAT_V_##n
#define ZETA(n)		NVC597_SET_ZT_FORMAT_V_##n

/*
 * Components lie from the lowest bit up, red first, or blue first. The manuals
 * name most of them from the highest down.
 */
struct layout {
	uint8_t code, bytes, bits[TEXEL_COMPONENTS];
	uint8_t type;			/* of targets */
	bool blue_first, srgb;
};

#define LAYOUT(code_, bytes_, r, g, b, a, ...) \
	{ .code = code_, .bytes = bytes_, .bits = { r, g, b, a }, __VA_ARGS__ }
#define TEX(n, bytes_, ...)		LAYOUT(SIZES(n), bytes_, __VA_ARGS__)
#define RT(n, bytes_, r, g, b, a, type_) \
	LAYOUT(TARGET(n), bytes_, r, g, b, a, .type = NUM(type_))
#define BGR(n, bytes_, r, g, b, a) \
	LAYOUT(TARGET(n), bytes_, r, g, b, a, .type = NUM(UNORM), .blue_first = true)
#define SRGB(n, a, first) \
	LAYOUT(TARGET(n), 4, 8, 8, 8, a, .type = NUM(UNORM), .blue_first = first, .srgb = true)
#define ZS(n, bytes_, depth, stencil, type_) \
	LAYOUT(ZETA(n), bytes_, depth, stencil, 0, 0, .type = NUM(type_))

static const struct layout textures[] = {
	TEX(R32_G32_B32_A32, 16, 32, 32, 32, 32),
	TEX(R32_G32_B32, 12, 32, 32, 32, 0),
	TEX(R16_G16_B16_A16, 8, 16, 16, 16, 16),
	TEX(R32_G32, 8, 32, 32, 0, 0),
	TEX(R32_B24G8, 8, 32, 8, 24, 0),
	TEX(ZF32_X24S8, 8, 32, 8, 0, 0),
	TEX(A8B8G8R8, 4, 8, 8, 8, 8),
	TEX(X8B8G8R8, 4, 8, 8, 8, 0),
	TEX(A2B10G10R10, 4, 10, 10, 10, 2),
	TEX(BF10GF11RF11, 4, 11, 11, 10, 0),
	TEX(R16_G16, 4, 16, 16, 0, 0),
	TEX(G8R24, 4, 24, 8, 0, 0),
	TEX(S8Z24, 4, 24, 8, 0, 0),
	TEX(X8Z24, 4, 24, 0, 0, 0),
	TEX(G24R8, 4, 8, 24, 0, 0),
	TEX(Z24S8, 4, 8, 24, 0, 0),
	TEX(R32, 4, 32, 0, 0, 0),
	TEX(ZF32, 4, 32, 0, 0, 0),
	TEX(A4B4G4R4, 2, 4, 4, 4, 4),
	TEX(A1B5G5R5, 2, 5, 5, 5, 1),
	TEX(A5B5G5R1, 2, 1, 5, 5, 5),
	TEX(B5G6R5, 2, 5, 6, 5, 0),
	TEX(B6G5R5, 2, 5, 5, 6, 0),
	TEX(G8R8, 2, 8, 8, 0, 0),
	TEX(R16, 2, 16, 0, 0, 0),
	TEX(Z16, 2, 16, 0, 0, 0),
	TEX(R8, 1, 8, 0, 0, 0),
	TEX(G4R4, 1, 4, 4, 0, 0),
};

static const struct layout targets[] = {
	RT(RF32_GF32_BF32_AF32, 16, 32, 32, 32, 32, FLOAT),
	RT(RS32_GS32_BS32_AS32, 16, 32, 32, 32, 32, SINT),
	RT(RU32_GU32_BU32_AU32, 16, 32, 32, 32, 32, UINT),
	RT(RF32_GF32_BF32_X32, 16, 32, 32, 32, 0, FLOAT),
	RT(RS32_GS32_BS32_X32, 16, 32, 32, 32, 0, SINT),
	RT(RU32_GU32_BU32_X32, 16, 32, 32, 32, 0, UINT),
	RT(R16_G16_B16_A16, 8, 16, 16, 16, 16, UNORM),
	RT(RN16_GN16_BN16_AN16, 8, 16, 16, 16, 16, SNORM),
	RT(RS16_GS16_BS16_AS16, 8, 16, 16, 16, 16, SINT),
	RT(RU16_GU16_BU16_AU16, 8, 16, 16, 16, 16, UINT),
	RT(RF16_GF16_BF16_AF16, 8, 16, 16, 16, 16, FLOAT),
	RT(RF16_GF16_BF16_X16, 8, 16, 16, 16, 0, FLOAT),
	RT(RF32_GF32, 8, 32, 32, 0, 0, FLOAT),
	RT(RS32_GS32, 8, 32, 32, 0, 0, SINT),
	RT(RU32_GU32, 8, 32, 32, 0, 0, UINT),
	RT(RF32_AF32, 8, 32, 0, 0, 32, FLOAT),
	BGR(A8R8G8B8, 4, 8, 8, 8, 8),
	BGR(X8R8G8B8, 4, 8, 8, 8, 0),
	SRGB(A8RL8GL8BL8, 8, true),
	SRGB(X8RL8GL8BL8, 0, true),
	SRGB(A8BL8GL8RL8, 8, false),
	SRGB(X8BL8GL8RL8, 0, false),
	RT(A8B8G8R8, 4, 8, 8, 8, 8, UNORM),
	RT(X8B8G8R8, 4, 8, 8, 8, 0, UNORM),
	RT(AN8BN8GN8RN8, 4, 8, 8, 8, 8, SNORM),
	RT(AS8BS8GS8RS8, 4, 8, 8, 8, 8, SINT),
	RT(AU8BU8GU8RU8, 4, 8, 8, 8, 8, UINT),
	RT(A2B10G10R10, 4, 10, 10, 10, 2, UNORM),
	RT(AU2BU10GU10RU10, 4, 10, 10, 10, 2, UINT),
	BGR(A2R10G10B10, 4, 10, 10, 10, 2),
	RT(BF10GF11RF11, 4, 11, 11, 10, 0, FLOAT),
	RT(R16_G16, 4, 16, 16, 0, 0, UNORM),
	RT(RN16_GN16, 4, 16, 16, 0, 0, SNORM),
	RT(RS16_GS16, 4, 16, 16, 0, 0, SINT),
	RT(RU16_GU16, 4, 16, 16, 0, 0, UINT),
	RT(RF16_GF16, 4, 16, 16, 0, 0, FLOAT),
	RT(R16_A16, 4, 16, 0, 0, 16, UNORM),
	RT(RF16_AF16, 4, 16, 0, 0, 16, FLOAT),
	RT(RS32, 4, 32, 0, 0, 0, SINT),
	RT(RU32, 4, 32, 0, 0, 0, UINT),
	RT(RF32, 4, 32, 0, 0, 0, FLOAT),
	RT(AF32, 4, 0, 0, 0, 32, FLOAT),
	RT(R32, 4, 32, 0, 0, 0, UNORM),
	BGR(R5G6B5, 2, 5, 6, 5, 0),
	BGR(A1R5G5B5, 2, 5, 5, 5, 1),
	BGR(X1R5G5B5, 2, 5, 5, 5, 0),
	RT(G8R8, 2, 8, 8, 0, 0, UNORM),
	RT(GN8RN8, 2, 8, 8, 0, 0, SNORM),
	RT(GS8RS8, 2, 8, 8, 0, 0, SINT),
	RT(GU8RU8, 2, 8, 8, 0, 0, UINT),
	RT(A8R8, 2, 8, 0, 0, 8, UNORM),
	RT(R16, 2, 16, 0, 0, 0, UNORM),
	RT(RN16, 2, 16, 0, 0, 0, SNORM),
	RT(RS16, 2, 16, 0, 0, 0, SINT),
	RT(RU16, 2, 16, 0, 0, 0, UINT),
	RT(RF16, 2, 16, 0, 0, 0, FLOAT),
	RT(A16, 2, 0, 0, 0, 16, UNORM),
	RT(AF16, 2, 0, 0, 0, 16, FLOAT),
	RT(R8, 1, 8, 0, 0, 0, UNORM),
	RT(RN8, 1, 8, 0, 0, 0, SNORM),
	RT(RS8, 1, 8, 0, 0, 0, SINT),
	RT(RU8, 1, 8, 0, 0, 0, UINT),
	RT(A8, 1, 0, 0, 0, 8, UNORM),
};

/* Depth is red and stencil green here, whichever lies lower. */
static const struct layout zetas[] = {
	ZS(Z16, 2, 16, 0, UNORM),
	ZS(X8Z24, 4, 24, 0, UNORM),
	ZS(S8Z24, 4, 24, 8, UNORM),
	ZS(Z24S8, 4, 24, 8, UNORM),
	ZS(ZF32, 4, 32, 0, FLOAT),
	ZS(ZF32_X24S8, 8, 32, 8, FLOAT),
	ZS(S8, 1, 0, 8, UINT),
};

#define FIND(table, code)	find(table, sizeof(table) / sizeof((table)[0]), code)

static const struct layout *find(const struct layout *l, unsigned int n, uint32_t code)
{
	for (unsigned int i = 0; i < n; i++)
		if (l[i].code == code)
			return &l[i];
	return NULL;
}

static bool lay_out(struct texel_format *f, const struct layout *l)
{
	static const uint8_t order[2][TEXEL_COMPONENTS] = {
		{ TEXEL_R, TEXEL_G, TEXEL_B, TEXEL_A }, { TEXEL_B, TEXEL_G, TEXEL_R, TEXEL_A },
	};
	unsigned int at = 0;

	memset(f, 0, sizeof(*f));
	if (!l)
		return false;
	f->bytes = l->bytes;
	f->srgb = l->srgb;
	for (unsigned int i = 0; i < TEXEL_COMPONENTS; i++) {
		unsigned int c = order[l->blue_first][i];

		f->bits[c] = l->bits[c];
		f->shift[c] = at;
		f->type[c] = l->type;
		at += l->bits[c];
	}
	return true;
}

/* A float has 10, 11, 16 or 32 bits. */
static bool has_meaning(const struct texel_format *f, unsigned int i)
{
	unsigned int bits = f->bits[i];

	if (!bits)
		return true;
	if (f->type[i] == NUM(FLOAT))
		return bits == 10 || bits == 11 || bits == 16 || bits == 32;
	return f->type[i] >= NUM(SNORM) && f->type[i] <= NUM(UINT);
}

bool texel_format_of_header(struct texel_format *f, const uint32_t *w)
{
	if (!lay_out(f, FIND(textures, NV_MW_GET(w, NVC597_TEXHEAD_BL_COMPONENTS))))
		return false;
	f->srgb = NV_MW_GET(w, NVC597_TEXHEAD_BL_S_R_G_B_CONVERSION);
	f->type[TEXEL_R] = NV_MW_GET(w, NVC597_TEXHEAD_BL_R_DATA_TYPE);
	f->type[TEXEL_G] = NV_MW_GET(w, NVC597_TEXHEAD_BL_G_DATA_TYPE);
	f->type[TEXEL_B] = NV_MW_GET(w, NVC597_TEXHEAD_BL_B_DATA_TYPE);
	f->type[TEXEL_A] = NV_MW_GET(w, NVC597_TEXHEAD_BL_A_DATA_TYPE);
	for (unsigned int i = 0; i < TEXEL_COMPONENTS; i++)
		if (!has_meaning(f, i))
			return false;
	return true;
}

bool texel_format_of_target(struct texel_format *f, uint32_t format)
{
	return lay_out(f, FIND(targets, format));
}

bool texel_format_of_zeta(struct texel_format *f, uint32_t format)
{
	if (!lay_out(f, FIND(zetas, format)))
		return false;
	f->type[TEXEL_G] = NUM(UINT);
	if (format == ZETA(Z24S8)) {
		f->shift[TEXEL_R] = 8;
		f->shift[TEXEL_G] = 0;
	}
	return true;
}

bool texel_is_float(const struct texel_format *f)
{
	for (unsigned int i = 0; i < TEXEL_COMPONENTS; i++)
		if (f->bits[i])
			return f->type[i] != NUM(SINT) && f->type[i] != NUM(UINT);
	return true;
}

static double to_linear(double c)
{
	return c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

static double to_srgb(double c)
{
	return c <= 0.0031308 ? c * 12.92 : 1.055 * pow(c, 1 / 2.4) - 0.055;
}

/* Floats of 10 and 11 bits are positive halves without their lowest bits. */
static uint32_t unpack_float(uint32_t raw, unsigned int bits)
{
	if (bits == 32)
		return raw;
	return f32_bits(f16_value(bits == 16 ? raw : raw << (15 - bits)));
}

static uint32_t pack_float(uint32_t v, unsigned int bits)
{
	if (bits == 32)
		return v;
	if (bits == 16)
		return f16_bits(as_f32(v), 0);
	return as_f32(v) > 0 || isnan(as_f32(v)) ? f16_bits(as_f32(v), 3) >> (15 - bits) : 0;
}

static uint32_t unpack_one(const struct texel_format *f, unsigned int i, uint32_t raw)
{
	unsigned int bits = f->bits[i], up = 32 - bits;
	uint32_t most = ~0u >> up;
	int32_t value = (int32_t)(raw << up) >> up;

	switch (f->type[i]) {
	case NUM(UNORM):
		return f32_bits(f->srgb && i != TEXEL_A ? to_linear(raw / (double)most) :
							  raw / (double)most);
	case NUM(SNORM):
		return f32_bits(fmax(value / (double)(most >> 1), -1));
	case NUM(SINT):
		return value;
	case NUM(FLOAT):
		return unpack_float(raw, bits);
	default:
		return raw;
	}
}

static uint32_t pack_one(const struct texel_format *f, unsigned int i, uint32_t v)
{
	unsigned int bits = f->bits[i];
	uint32_t most = ~0u >> (32 - bits);
	int32_t top = most >> 1, value = (int32_t)v;
	double x = isnan(as_f32(v)) ? 0 : as_f32(v);

	switch (f->type[i]) {
	case NUM(UNORM):
		x = fmin(fmax(x, 0), 1);
		return (uint32_t)rint((f->srgb && i != TEXEL_A ? to_srgb(x) : x) * most);
	case NUM(SNORM):
		return (uint32_t)(int32_t)rint(fmin(fmax(x, -1), 1) * top) & most;
	case NUM(SINT):
		return (uint32_t)(value > top ? top : value < -top - 1 ? -top - 1 : value) & most;
	case NUM(FLOAT):
		return pack_float(v, bits);
	default:
		return v > most ? most : v;
	}
}

void texel_unpack(const struct texel_format *f, const uint8_t *texel,
		  uint32_t rgba[TEXEL_COMPONENTS])
{
	uint64_t v[2] = { 0 };

	memcpy(v, texel, f->bytes);
	for (unsigned int i = 0; i < TEXEL_COMPONENTS; i++) {
		uint32_t raw = (uint32_t)(v[f->shift[i] / 64] >> f->shift[i] % 64);

		if (f->bits[i])
			rgba[i] = unpack_one(f, i, raw & ~0u >> (32 - f->bits[i]));
		else
			rgba[i] = i != TEXEL_A ? 0 : texel_is_float(f) ? F32_ONE : 1;
	}
}

void texel_pack(const struct texel_format *f, const uint32_t rgba[TEXEL_COMPONENTS],
		uint8_t *texel)
{
	uint64_t v[2] = { 0 };

	for (unsigned int i = 0; i < TEXEL_COMPONENTS; i++)
		if (f->bits[i])
			v[f->shift[i] / 64] |= (uint64_t)pack_one(f, i, rgba[i]) <<
					       f->shift[i] % 64;
	memcpy(texel, v, f->bytes);
}

void texel_mask(const struct texel_format *f, unsigned int i, uint8_t mask[TEXEL_BYTES_MAX])
{
	uint64_t v[2] = { 0 };

	if (f->bits[i])
		v[f->shift[i] / 64] = (~0ull >> (64 - f->bits[i])) << f->shift[i] % 64;
	memcpy(mask, v, sizeof(v));
}
