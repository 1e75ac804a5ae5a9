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
	NV_MW_SET(w, NVC597_TEXHEAD_BL_HEADER_VERSION,
		  NVC597_TEXHEAD_BL_HEADER_VERSION_SELECT_PITCH);
	assert_non_null(tex_decode_header(&t, w));
	header(w);
	NV_MW_SET(w, NVC597_TEXHEAD_BL_COMPONENTS, 0);
	assert_non_null(tex_decode_header(&t, w));
	header(w);
	NV_MW_SET(w, NVC597_TEXHEAD_BL_MULTI_SAMPLE_COUNT, 2);
	assert_non_null(tex_decode_header(&t, w));
}

/* All texels are apart, inside, and 16 bytes of a row stay together. */
static void test_address(void **state)
{
	static uint8_t seen[64 * 64 * 4];
	uint32_t w[TEX_HEADER_WORDS];
	struct tex_image t;

	header(w);
	assert_null(tex_decode_header(&t, w));
	memset(seen, 0, sizeof(seen));
	for (uint32_t y = 0; y < 64; y++) {
		for (uint32_t x = 0; x < 64; x++) {
			uint64_t at = tex_address(&t, (uint32_t[]){ x, y, 0 }) - t.va;

			assert_true(at + 4 <= sizeof(seen));
			assert_int_equal(seen[at]++, 0);
			if (x % 4)
				assert_int_equal(at, tex_address(&t, (uint32_t[]){ x - 1, y, 0 }) -
						 t.va + 4);
		}
	}
	/* Second row, second 32 bytes, second GOB of the block, next block, next row. */
	assert_int_equal(tex_address(&t, (uint32_t[]){ 0, 1 }) - t.va, 16);
	assert_int_equal(tex_address(&t, (uint32_t[]){ 4, 0 }) - t.va, 32);
	assert_int_equal(tex_address(&t, (uint32_t[]){ 8, 0 }) - t.va, 256);
	assert_int_equal(tex_address(&t, (uint32_t[]){ 0, 8 }) - t.va, 512);
	assert_int_equal(tex_address(&t, (uint32_t[]){ 16, 0 }) - t.va, 1024);
	assert_int_equal(tex_address(&t, (uint32_t[]){ 0, 16 }) - t.va, 4096);
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
	tex_unpack(&t, texel, rgba);
	memcpy(&f, &rgba[1], sizeof(f));
	assert_true(f == 0.2f);
	tex_pack(&t, rgba, back);
	assert_memory_equal(back, texel, sizeof(texel));
	tex_sources(&t, rgba, out);
	assert_int_equal(out[0], 0x3f800000);	/* blue, 255 */
	assert_int_equal(out[1], rgba[1]);
	assert_int_equal(out[2], 0);
	assert_int_equal(out[3], 0x3f800000);
	/* A store goes the other way: X is what blue comes from, nothing gives red. */
	tex_targets(&t, (uint32_t[]){ 11, 22, 33, 44 }, out);
	assert_memory_equal(out, ((uint32_t[]){ 0, 22, 11, 0 }), sizeof(out));
	t.data_type = NVC597_TEXHEAD_BL_R_DATA_TYPE_NUM_SINT;
	tex_unpack(&t, texel, rgba);
	assert_int_equal(rgba[2], ~0u);
	assert_int_equal(rgba[3], (uint32_t)-128);
	tex_pack(&t, (uint32_t[]){ 1000, -1000, 5, -5 }, back);
	assert_memory_equal(back, ((uint8_t[]){ 127, 128, 5, 251 }), 4);
}

static void test_filter(void **state)
{
	struct tex_sampler s = {
		.wrap = { NVC597_TEXSAMP0_ADDRESS_U_CLAMP_TO_EDGE,
			  NVC597_TEXSAMP0_ADDRESS_U_BORDER, 0 },
		.linear = true, .unnormalized = true,
	};
	uint32_t w[TEX_HEADER_WORDS];
	struct tex_tap taps[TEX_TAPS];
	struct tex_image t;

	header(w);
	assert_null(tex_decode_header(&t, w));
	assert_int_equal(tex_taps(&t, &s, (float[]){ 0.25f, 0.5f }, taps), 4);
	assert_int_equal(taps[0].at[0], 0);	/* -1, at the edge */
	assert_int_equal(taps[1].at[0], 0);
	assert_true(taps[0].weight == 0.25f && taps[1].weight == 0.75f);
	assert_false(taps[0].border);
	assert_true(taps[2].weight == 0 && taps[3].weight == 0);
	s.linear = false;
	assert_int_equal(tex_taps(&t, &s, (float[]){ 63.9f, -0.1f }, taps), 1);
	assert_int_equal(taps[0].at[0], 63);
	assert_true(taps[0].border);
	s.unnormalized = false;
	s.wrap[0] = NVC597_TEXSAMP0_ADDRESS_U_WRAP;
	s.wrap[1] = NVC597_TEXSAMP0_ADDRESS_U_MIRROR;
	tex_taps(&t, &s, (float[]){ -0.25f, 1.25f }, taps);
	assert_int_equal(taps[0].at[0], 48);
	assert_int_equal(taps[0].at[1], 47);
	tex_taps(&t, &s, (float[]){ NAN, INFINITY }, taps);
	assert_true(taps[0].at[0] < 64 && taps[0].at[1] < 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_address),
		cmocka_unit_test(test_texels),
		cmocka_unit_test(test_filter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
