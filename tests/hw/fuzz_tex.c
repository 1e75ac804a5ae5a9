// SPDX-License-Identifier: MIT
/*
 * Texture headers, samplers and coordinates of no plan: whatever a guest puts there,
 * the arithmetic has to end, within bounds and without what C leaves undefined (run
 * with the sanitizers).
 */
#include "hwtest.h"

#include <math.h>

#include "nvhw/class/clc597tex.h"
#include "nvhw/nv_field.h"
#include "tex.h"

static uint64_t state = 0x9e3779b97f4a7c15ull;

static uint32_t rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 16);
}

/* Often an extreme. */
static uint32_t any(void)
{
	static const uint32_t ends[] = {
		0, 1, ~0u, 0x7fffffff, 0x80000000, 0x7f800000, 0xff800000, 0x7fc00000, 0x3f800000,
	};

	return rnd() & 1 ? rnd() : ends[rnd() % (sizeof(ends) / sizeof(ends[0]))];
}

static void header(uint32_t *w)
{
	static const uint8_t formats[] = { 1, 2, 3, 4, 8, 9, 0x0f, 0x15, 0x1d, 0x21, 0x30 };

	for (unsigned int i = 0; i < TEX_HEADER_WORDS; i++)
		w[i] = any();
	w[0] = (w[0] & ~0x7fffu) | formats[rnd() % sizeof(formats)] |
	       (1 + rnd() % 4) * (1 << 7 | 1 << 10 | 1 << 13);
	w[0] = (w[0] & ~(7u << 16)) | (1 + rnd() % 4) << 16;
	w[2] = (w[2] & ~(7u << 21)) | (rnd() & 1 ? 3 : rnd() % 4 ? 0 : 2) << 21;
	NV_MW_SET(w, NVC597_TEXHEAD_BL_TEXTURE_TYPE, rnd() % 9);
	NV_MW_SET(w, NVC597_TEXHEAD_BL_MULTI_SAMPLE_COUNT, 0);
	if (!(rnd() % 8)) {		/* the largest buffer */
		w[2] &= ~(7u << 21);
		w[3] |= 0xffff;
		w[4] |= 0xffff;
		NV_MW_SET(w, NVC597_TEXHEAD_BL_TEXTURE_TYPE,
			  NVC597_TEXHEAD_BL_TEXTURE_TYPE_ONE_D_BUFFER);
	}
	if (rnd() & 1) {
		NV_MW_SET(w, NVC597_TEXHEAD_BL_TILE_WIDTH_IN_GOBS, 0);
		NV_MW_SET(w, NVC597_TEXHEAD_BL_GOBS_PER_BLOCK_HEIGHT, rnd() % 6);
		NV_MW_SET(w, NVC597_TEXHEAD_BL_GOBS_PER_BLOCK_DEPTH, rnd() % 6);
		NV_MW_SET(w, NVC597_TEXHEAD_BL_RES_VIEW_MIN_MIP_LEVEL, 0);
		NV_MW_SET(w, NVC597_TEXHEAD_BL_MAX_MIP_LEVEL, 15);
	}
}

static void use(const struct tex_image *t, const struct tex_sampler *s)
{
	struct tex_tap taps[TEX_TAPS];
	struct tex_levels levels;
	struct tex_level l;
	uint32_t bits[3], rgba[4], back[4];
	int32_t move[3] = { (int32_t)(rnd() % 16) - 8, (int32_t)(rnd() % 16) - 8, 7 };
	uint8_t texel[TEXEL_BYTES_MAX];
	float coord[3], lod;

	for (unsigned int i = 0; i < 3; i++)
		bits[i] = any();
	memcpy(coord, bits, sizeof(coord));
	memcpy(&lod, &bits[2], sizeof(lod));
	tex_choose_levels(t, s, lod, rnd() & 1, &levels);
	for (unsigned int i = 0; i < levels.n; i++) {
		assert_true(levels.level[i] >= t->min_level && levels.level[i] <= t->max_level);
		tex_level(t, levels.level[i], &l);
		for (unsigned int n = tex_taps(t, &l, s, rnd() & 1, coord, move, taps); n--;) {
			if (taps[n].border)
				continue;
			for (unsigned int j = 0; j < t->dims; j++)
				assert_true(taps[n].at[j] < l.size[j]);
			assert_true(tex_address(t, &l, (uint64_t)taps[n].at[0] * t->format.bytes,
						taps[n].at[1], taps[n].at[2], rnd() % t->layers) <
				    1ull << 49);
		}
	}
	for (unsigned int i = 0; i < 4; i++)
		rgba[i] = any();
	texel_pack(&t->format, rgba, texel);
	texel_unpack(&t->format, texel, back);
	tex_sources(t, back, rgba);
	tex_targets(t, rgba, back);
	assert_true(tex_cube_face(coord) < 6);
}

static void test_any(void **unused)
{
	unsigned int good = 0;

	for (unsigned int n = 0; n < 40000; n++) {
		uint32_t w[TEX_HEADER_WORDS], v[TEX_SAMPLER_WORDS];
		struct tex_sampler s;
		struct tex_image t;

		header(w);
		for (unsigned int i = 0; i < TEX_SAMPLER_WORDS; i++)
			v[i] = any();
		if (rnd() & 1)
			v[0] &= ~0444u;		/* address modes of the first four */
		if (tex_decode_header(&t, w) || tex_decode_sampler(&s, v))
			continue;
		good++;
		use(&t, &s);
	}
	assert_true(good > 5000);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_any) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
