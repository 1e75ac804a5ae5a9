// SPDX-License-Identifier: MIT
/*
 * Texture headers, filters and texels against arithmetic of their own: the header
 * is one that Mesa made, places in a block are counted out GOB by GOB.
 */
#include "hwtest.h"

#include <math.h>
#include <string.h>

#include "nvhw/class/clc597tex.h"
#include "nvhw/nv_field.h"
#include "tex.h"

/* 64 x 64, RGBA of 8 bits, two GOBs high, as Mesa makes them. */
static void header(uint32_t w[TEX_HEADER_WORDS])
{
	static const uint32_t mesa[TEX_HEADER_WORDS] = {
		0, 0x12345600, 0x00600001, 0x00070008, 0xe880003f, 0x8000003f, 0x03000000, 0,
	};

	memcpy(w, mesa, sizeof(mesa));
	NV_MW_SET(w, NVC597_TEXHEAD_BL_COMPONENTS, NVC597_TEXHEAD_BL_COMPONENTS_SIZES_A8B8G8R8);
	NV_MW_SET(w, NVC597_TEXHEAD_BL_R_DATA_TYPE, NVC597_TEXHEAD_BL_R_DATA_TYPE_NUM_UNORM);
	NV_MW_SET(w, NVC597_TEXHEAD_BL_G_DATA_TYPE, NVC597_TEXHEAD_BL_R_DATA_TYPE_NUM_UNORM);
	NV_MW_SET(w, NVC597_TEXHEAD_BL_B_DATA_TYPE, NVC597_TEXHEAD_BL_R_DATA_TYPE_NUM_UNORM);
	NV_MW_SET(w, NVC597_TEXHEAD_BL_A_DATA_TYPE, NVC597_TEXHEAD_BL_R_DATA_TYPE_NUM_UNORM);
	NV_MW_SET(w, NVC597_TEXHEAD_BL_X_SOURCE, NVC597_TEXHEAD_BL_X_SOURCE_IN_B);
	NV_MW_SET(w, NVC597_TEXHEAD_BL_Y_SOURCE, NVC597_TEXHEAD_BL_X_SOURCE_IN_G);
	NV_MW_SET(w, NVC597_TEXHEAD_BL_Z_SOURCE, NVC597_TEXHEAD_BL_X_SOURCE_IN_ZERO);
	NV_MW_SET(w, NVC597_TEXHEAD_BL_W_SOURCE, NVC597_TEXHEAD_BL_X_SOURCE_IN_ONE_FLOAT);
}

static void test_header(void **state)
{
	uint32_t w[TEX_HEADER_WORDS];
	struct tex_image t;

	header(w);
	assert_null(tex_decode_header(&t, w));
	assert_int_equal(t.dims, 2);
	assert_int_equal(t.size[0], 64);
	assert_int_equal(t.size[1], 64);
	assert_int_equal(t.size[2], 1);
	assert_int_equal(t.va, 0x112345600);
	assert_int_equal(t.block_h, 1);
	assert_true(t.normalized);
	assert_int_equal(t.layout, TEX_BLOCKS);
	NV_MW_SET(w, NVC597_TEXHEAD_BL_COMPONENTS, 0);
	assert_non_null(tex_decode_header(&t, w));
	header(w);
	NV_MW_SET(w, NVC597_TEXHEAD_BL_MULTI_SAMPLE_COUNT, 2);
	assert_non_null(tex_decode_header(&t, w));
}

/* Of a texel, from the beginning of the image. */
static uint64_t place(const struct tex_image *t, const struct tex_level *l, uint32_t x, uint32_t y)
{
	return tex_address(t, l, (uint64_t)x * t->format.bytes, y, 0, 0);
}

/* All texels are apart, inside, and 16 bytes of a row stay together. */
static void test_address(void **state)
{
	static uint8_t seen[64 * 64 * 4];
	uint32_t w[TEX_HEADER_WORDS];
	struct tex_level l;
	struct tex_image t;

	header(w);
	assert_null(tex_decode_header(&t, w));
	tex_level(&t, 0, &l);
	memset(seen, 0, sizeof(seen));
	for (uint32_t y = 0; y < 64; y++) {
		for (uint32_t x = 0; x < 64; x++) {
			uint64_t at = place(&t, &l, x, y) - t.va;

			assert_true(at + 4 <= sizeof(seen));
			assert_int_equal(seen[at]++, 0);
			if (x % 4)
				assert_int_equal(at, place(&t, &l, x - 1, y) -
						 t.va + 4);
		}
	}
	/* Second row, second 32 bytes, second GOB of the block, next block, next row. */
	assert_int_equal(place(&t, &l, 0, 1) - t.va, 16);
	assert_int_equal(place(&t, &l, 4, 0) - t.va, 32);
	assert_int_equal(place(&t, &l, 8, 0) - t.va, 256);
	assert_int_equal(place(&t, &l, 0, 8) - t.va, 512);
	assert_int_equal(place(&t, &l, 16, 0) - t.va, 1024);
	assert_int_equal(place(&t, &l, 0, 16) - t.va, 4096);
}

static void test_texels(void **state)
{
	uint32_t w[TEX_HEADER_WORDS], rgba[4], out[4];
	const uint8_t texel[4] = { 0, 51, 255, 128 };
	struct tex_image t;
	uint8_t back[4];
	float f;

	header(w);
	assert_null(tex_decode_header(&t, w));
	texel_unpack(&t.format, texel, rgba);
	memcpy(&f, &rgba[1], sizeof(f));
	assert_true(f == 0.2f);
	texel_pack(&t.format, rgba, back);
	assert_memory_equal(back, texel, sizeof(texel));
	tex_sources(&t, rgba, out);
	assert_int_equal(out[0], 0x3f800000);	/* blue, 255 */
	assert_int_equal(out[1], rgba[1]);
	assert_int_equal(out[2], 0);
	assert_int_equal(out[3], 0x3f800000);
	/* A store goes the other way: X is what blue comes from, nothing gives red. */
	tex_targets(&t, (uint32_t[]){ 11, 22, 33, 44 }, out);
	assert_memory_equal(out, ((uint32_t[]){ 0, 22, 11, 0 }), sizeof(out));
	memset(t.format.type, NVC597_TEXHEAD_BL_R_DATA_TYPE_NUM_SINT, sizeof(t.format.type));
	texel_unpack(&t.format, texel, rgba);
	assert_int_equal(rgba[2], ~0u);
	assert_int_equal(rgba[3], (uint32_t)-128);
	texel_pack(&t.format, (uint32_t[]){ 1000, -1000, 5, -5 }, back);
	assert_memory_equal(back, ((uint8_t[]){ 127, 128, 5, 251 }), 4);
}

static void test_filter(void **state)
{
	struct tex_sampler s = {
		.wrap = { NVC597_TEXSAMP0_ADDRESS_U_CLAMP_TO_EDGE,
			  NVC597_TEXSAMP0_ADDRESS_U_BORDER, 0 },
		.unnormalized = true,
	};
	static const int32_t still[3];
	uint32_t w[TEX_HEADER_WORDS];
	struct tex_tap taps[TEX_TAPS];
	struct tex_level l;
	struct tex_image t;

	header(w);
	assert_null(tex_decode_header(&t, w));
	tex_level(&t, 0, &l);
	assert_int_equal(tex_taps(&t, &l, &s, true, (float[]){ 0.25f, 0.5f }, still, taps), 4);
	assert_int_equal(taps[0].at[0], 0);	/* -1, at the edge */
	assert_int_equal(taps[1].at[0], 0);
	assert_true(taps[0].weight == 0.25f && taps[1].weight == 0.75f);
	assert_false(taps[0].border);
	assert_true(taps[2].weight == 0 && taps[3].weight == 0);
	assert_int_equal(tex_taps(&t, &l, &s, false, (float[]){ 63.9f, -0.1f }, still, taps), 1);
	assert_int_equal(taps[0].at[0], 63);
	assert_true(taps[0].border);
	s.unnormalized = false;
	s.wrap[0] = NVC597_TEXSAMP0_ADDRESS_U_WRAP;
	s.wrap[1] = NVC597_TEXSAMP0_ADDRESS_U_MIRROR;
	tex_taps(&t, &l, &s, false, (float[]){ -0.25f, 1.25f }, still, taps);
	assert_int_equal(taps[0].at[0], 48);
	assert_int_equal(taps[0].at[1], 47);
	tex_taps(&t, &l, &s, false, (float[]){ NAN, INFINITY }, still, taps);
	assert_true(taps[0].at[0] < 64 && taps[0].at[1] < 64);
}

static void set_size(uint32_t w[TEX_HEADER_WORDS], unsigned int type, uint32_t x, uint32_t y,
		     uint32_t z, unsigned int levels)
{
	NV_MW_SET(w, NVC597_TEXHEAD_BL_TEXTURE_TYPE, type);
	NV_MW_SET(w, NVC597_TEXHEAD_BL_WIDTH_MINUS_ONE, x - 1);
	NV_MW_SET(w, NVC597_TEXHEAD_BL_HEIGHT_MINUS_ONE, y - 1);
	NV_MW_SET(w, NVC597_TEXHEAD_BL_DEPTH_MINUS_ONE, z - 1);
	NV_MW_SET(w, NVC597_TEXHEAD_BL_MAX_MIP_LEVEL, levels - 1);
	NV_MW_SET(w, NVC597_TEXHEAD_BL_RES_VIEW_MAX_MIP_LEVEL, levels - 1);
}

/* Layers of levels: each level after the larger one, each layer after the other. */
static void test_levels_and_layers(void **state)
{
	uint32_t w[TEX_HEADER_WORDS];
	struct tex_level l;
	struct tex_image t;

	header(w);
	/* 64 x 64: 16 KiB in blocks of 2 GOBs; 32 x 32: 4 KiB; 16 x 16: 1 KiB; 8 x 8 ... */
	set_size(w, NVC597_TEXHEAD_BL_TEXTURE_TYPE_TWO_D_ARRAY, 64, 64, 3, 7);
	assert_null(tex_decode_header(&t, w));
	assert_int_equal(t.layers, 3);
	tex_level(&t, 1, &l);
	assert_int_equal(l.offset, 0x4000);
	assert_int_equal(l.size[0], 32);
	tex_level(&t, 2, &l);
	assert_int_equal(l.offset, 0x5000);
	tex_level(&t, 3, &l);			/* one GOB, and so are all after it */
	assert_int_equal(l.offset, 0x5400);
	assert_int_equal(l.block_h, 0);
	tex_level(&t, 6, &l);
	assert_int_equal(l.offset, 0x5a00);
	assert_int_equal(l.size[1], 1);
	assert_int_equal(t.layer_bytes, 0x5c00);	/* whole blocks of two GOBs */
	assert_int_equal(tex_address(&t, &l, 0, 0, 0, 2) - t.va, 2 * 0x5c00 + 0x5a00);
	assert_true(tex_inside(&t, &l, (int32_t[]){ 0, 0, 0 }, 2));
	assert_false(tex_inside(&t, &l, (int32_t[]){ 0, 0, 0 }, 3));
	assert_false(tex_inside(&t, &l, (int32_t[]){ 0, 1, 0 }, 0));
	assert_false(tex_inside(&t, &l, (int32_t[]){ -1, 0, 0 }, 0));
	/* A view of levels there are not. */
	NV_MW_SET(w, NVC597_TEXHEAD_BL_RES_VIEW_MAX_MIP_LEVEL, 7);
	assert_non_null(tex_decode_header(&t, w));
	/* In three dimensions blocks are deep: four slices of one GOB here. */
	header(w);
	set_size(w, NVC597_TEXHEAD_BL_TEXTURE_TYPE_THREE_D, 16, 8, 6, 1);
	NV_MW_SET(w, NVC597_TEXHEAD_BL_GOBS_PER_BLOCK_HEIGHT, 0);
	NV_MW_SET(w, NVC597_TEXHEAD_BL_GOBS_PER_BLOCK_DEPTH, 2);
	assert_null(tex_decode_header(&t, w));
	tex_level(&t, 0, &l);
	assert_int_equal(tex_address(&t, &l, 0, 0, 3, 0) - t.va, 3 * 512);
	assert_int_equal(tex_address(&t, &l, 0, 0, 4, 0) - t.va, 4 * 512);
	header(w);
	set_size(w, NVC597_TEXHEAD_BL_TEXTURE_TYPE_CUBEMAP_ARRAY, 64, 64, 2, 1);
	assert_null(tex_decode_header(&t, w));
	assert_int_equal(t.layers, 12);
}

static void test_rows_and_buffers(void **state)
{
	uint32_t w[TEX_HEADER_WORDS];
	struct tex_level l;
	struct tex_image t;

	header(w);
	NV_MW_SET(w, NVC597_TEXHEAD_BL_HEADER_VERSION,
		  NVC597_TEXHEAD_BL_HEADER_VERSION_SELECT_PITCH);
	set_size(w, NVC597_TEXHEAD_BL_TEXTURE_TYPE_TWO_D_NO_MIPMAP, 10, 7, 1, 1);
	w[1] = 0x12345620;			/* bits 31:5 of the address */
	w[3] = 0x40 >> 5;			/* pitch */
	assert_null(tex_decode_header(&t, w));
	assert_int_equal(t.layout, TEX_PITCH);
	tex_level(&t, 0, &l);
	assert_int_equal(tex_address(&t, &l, 12, 6, 0, 0), 0x112345620 + 6 * 0x40 + 12);
	header(w);
	NV_MW_SET(w, NVC597_TEXHEAD_BL_HEADER_VERSION,
		  NVC597_TEXHEAD_BL_HEADER_VERSION_SELECT_ONE_D_BUFFER);
	NV_MW_SET(w, NVC597_TEXHEAD_BL_TEXTURE_TYPE,
		  NVC597_TEXHEAD_BL_TEXTURE_TYPE_ONE_D_BUFFER);
	w[1] = 0x12345677;
	w[3] = 2;				/* size - 1, 31:16 */
	NV_MW_SET(w, NVC597_TEXHEAD_1D_WIDTH_MINUS_ONE_BITS15TO0, 9);
	assert_null(tex_decode_header(&t, w));
	assert_int_equal(t.size[0], 0x2000a);
	assert_false(t.normalized);
	tex_level(&t, 0, &l);
	assert_int_equal(tex_address(&t, &l, 40, 0, 0, 0), 0x112345677 + 40);
}

/* Every format through a texel and back, and the bits each component has. */
static void test_formats(void **state)
{
	static const struct {
		unsigned int code, type;
		uint8_t texel[16];
		float rgba[4];
	} t[] = {
		{ 0x15, 2, { 0x1f, 0xf8 }, { 1, 0, 1, 1 } },		/* B5G6R5: red lowest */
		{ 0x14, 2, { 0x00, 0x80 }, { 0, 0, 0, 1 } },		/* A1B5G5R5 */
		{ 0x12, 2, { 0x0f, 0xf0 }, { 1, 0, 0, 1 } },		/* A4B4G4R4 */
		{ 0x09, 2, { 0xff, 0x03, 0, 0xc0 }, { 1, 0, 0, 1 } },	/* A2B10G10R10 */
		/* 11, 11, 10 bits: 1.0, 2.0, 0.5 */
		{ 0x21, 7, { 0xc0, 0x03, 0x20, 0x70 }, { 1, 2, 0.5, 1 } },
		{ 0x02, 7, { 0, 0, 0x80, 0x3f, 0, 0, 0, 0x40, 0, 0, 0x80, 0xbf }, { 1, 2, -1, 1 } },
		{ 0x03, 7, { 0, 0x3c, 0, 0xc0, 0xff, 0x7b, 1, 0 }, { 1, -2, 65504, 0x1p-24f } },
		{ 0x08, 1, { 0x80, 0x81, 0x7f, 0 }, { -1, -1, 1, 0 } },
	};

	for (unsigned int i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		uint32_t w[TEX_HEADER_WORDS] = { t[i].code | t[i].type * (1 << 7 | 1 << 10 |
						 1 << 13 | 1 << 16) }, rgba[4];
		uint8_t back[16], mask[16], all[16] = { 0 };
		struct texel_format f;
		float got[4];

		assert_true(texel_format_of_header(&f, w));
		texel_unpack(&f, t[i].texel, rgba);
		memcpy(got, rgba, sizeof(got));
		for (unsigned int j = 0; j < 4; j++)
			assert_true(got[j] == t[i].rgba[j]);
		texel_pack(&f, rgba, back);
		if (i != 7)		/* -1 has two encodings */
			assert_memory_equal(back, t[i].texel, f.bytes);
		for (unsigned int j = 0; j < 4; j++) {
			texel_mask(&f, j, mask);
			for (unsigned int b = 0; b < f.bytes; b++) {
				assert_int_equal(all[b] & mask[b], 0);
				all[b] |= mask[b];
			}
		}
		for (unsigned int b = 0; b < f.bytes; b++)
			assert_int_equal(all[b], 0xff);
	}
}

static void test_level_of_detail(void **state)
{
	struct tex_sampler s = {
		.mag_linear = true, .mip = NVC597_TEXSAMP1_MIP_FILTER_MIP_LINEAR, .max_lod = 15,
	};
	struct tex_image t = { .max_level = 4, .min_level = 1 };
	struct tex_levels l;

	tex_choose_levels(&t, &s, -32, true, &l);	/* what CUDA asks for the largest */
	assert_true(l.n == 1 && l.level[0] == 1 && l.linear);
	tex_choose_levels(&t, &s, 1.25f, true, &l);
	assert_true(l.n == 2 && l.level[0] == 2 && l.level[1] == 3 && !l.linear);
	assert_true(l.share[0] == 0.75f && l.share[1] == 0.25f);
	tex_choose_levels(&t, &s, 9, true, &l);		/* there are no more */
	assert_true(l.n == 1 && l.level[0] == 4);
	s.max_lod = 1;
	tex_choose_levels(&t, &s, 9, true, &l);
	assert_true(l.n == 1 && l.level[0] == 2);
	s.lod_bias = 0.5f;
	s.max_lod = 15;
	tex_choose_levels(&t, &s, 1, true, &l);
	assert_true(l.share[1] == 0.5f);
	tex_choose_levels(&t, &s, 1, false, &l);
	assert_true(l.n == 1 && l.level[0] == 2);
	s.lod_bias = 0;
	s.mip = NVC597_TEXSAMP1_MIP_FILTER_MIP_POINT;
	tex_choose_levels(&t, &s, 0.5f, true, &l);	/* half-way: the larger one */
	assert_int_equal(l.level[0], 1);
	tex_choose_levels(&t, &s, 0.51f, true, &l);
	assert_int_equal(l.level[0], 2);
	s.mip = NVC597_TEXSAMP1_MIP_FILTER_MIP_NONE;
	tex_choose_levels(&t, &s, 3, true, &l);
	assert_int_equal(l.level[0], 1);
	tex_choose_levels(&t, &s, NAN, true, &l);
	assert_int_equal(l.level[0], 1);
}

/* The middle of each face, and a corner that three of them share. */
static void test_faces(void **state)
{
	static const float to[6][3] = {
		{ 2, 0, 0 }, { -2, 0, 0 }, { 0, 2, 0 }, { 0, -2, 0 }, { 0, 0, 2 }, { 0, 0, -2 },
	};
	float at[3] = { 1, 0.5f, -0.25f };

	for (unsigned int i = 0; i < 6; i++) {
		float middle[3] = { to[i][0], to[i][1], to[i][2] };

		assert_int_equal(tex_cube_face(middle), i);
		assert_true(middle[0] == 0.5f && middle[1] == 0.5f);
	}
	assert_int_equal(tex_cube_face(at), 0);	/* right is -z, down is -y */
	assert_true(at[0] == 0.625f && at[1] == 0.25f);
	at[0] = 0.5f;
	at[1] = -1;
	at[2] = 0.25f;
	assert_int_equal(tex_cube_face(at), 3);	/* right is x, down is -z */
	assert_true(at[0] == 0.75f && at[1] == 0.375f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_address),
		cmocka_unit_test(test_texels),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_levels_and_layers),
		cmocka_unit_test(test_rows_and_buffers),
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_level_of_detail),
		cmocka_unit_test(test_faces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
