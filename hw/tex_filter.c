// SPDX-License-Identifier: MIT
/* Samplers: which levels and texels a sample is made of, and their shares. */
#include <math.h>
#include <string.h>

#include "nvhw/class/clc597tex.h"
#include "nvhw/nv_field.h"
#include "sass_float.h"
#include "tex.h"

#define WRAP(n)		NVC597_TEXSAMP0_ADDRESS_U_##n
#define MIP(n)		NVC597_TEXSAMP1_MIP_FILTER_MIP_##n

const char *tex_decode_sampler(struct tex_sampler *s, const uint32_t *w)
{
	memset(s, 0, sizeof(*s));
	s->wrap[0] = NV_GET(w[0], NVC597_TEXSAMP0_ADDRESS_U);
	s->wrap[1] = NV_GET(w[0], NVC597_TEXSAMP0_ADDRESS_V);
	s->wrap[2] = NV_GET(w[0], NVC597_TEXSAMP0_ADDRESS_P);
	for (unsigned int i = 0; i < 3; i++)
		if (s->wrap[i] == WRAP(CLAMP_OGL) || s->wrap[i] > WRAP(MIRROR_ONCE_BORDER))
			return "an address mode half-way to the border";
	s->compare = NV_GET(w[0], NVC597_TEXSAMP0_DEPTH_COMPARE_FUNC);
	s->mag_linear = NV_IS(w[1], NVC597_TEXSAMP1_MAG_FILTER, _MAG_LINEAR);
	/* An anisotropic one is a linear one of the same middle. */
	s->min_linear = !NV_IS(w[1], NVC597_TEXSAMP1_MIN_FILTER, _MIN_POINT);
	s->mip = NV_GET(w[1], NVC597_TEXSAMP1_MIP_FILTER);
	s->unnormalized = NV_IS(w[1], NVC597_TEXSAMP1_FLOAT_COORD_NORMALIZATION,
				_FORCE_UNNORMALIZED_COORDS);
	s->lod_bias = tex_signed_fixed(NV_GET(w[1], NVC597_TEXSAMP1_MIP_LOD_BIAS), 13);
	s->min_lod = NV_GET(w[2], NVC597_TEXSAMP2_MIN_LOD_CLAMP) / 256.0f;
	s->max_lod = NV_GET(w[2], NVC597_TEXSAMP2_MAX_LOD_CLAMP) / 256.0f;
	memcpy(s->border, w + 4, sizeof(s->border));
	return NULL;
}

/* Levels of detail have eight bits of fraction. */
void tex_choose_levels(const struct tex_image *t, const struct tex_sampler *s, float lod,
		       bool biased, struct tex_levels *out)
{
	float last = (float)(t->max_level - t->min_level), at;

	lod = isnan(lod) ? 0 : lod;
	if (biased)
		lod += s->lod_bias + t->lod_bias;
	lod = fminf(fmaxf(lod, -16), 16);
	out->lod = lod = rintf(lod * 256) / 256;
	lod = fmaxf(fminf(lod, s->max_lod), s->min_lod);
	out->linear = lod <= 0 ? s->mag_linear : s->min_linear;
	at = s->mip == MIP(NONE) ? 0 : fminf(fmaxf(lod, 0), last);
	if (s->mip == MIP(POINT))
		at = ceilf(at + 0.5f) - 1;
	out->level[0] = t->min_level + (unsigned int)at;
	out->level[1] = out->level[0] + 1;
	out->share[1] = s->mip == MIP(LINEAR) ? at - floorf(at) : 0;
	out->share[0] = 1 - out->share[1];
	out->n = out->share[1] > 0 ? 2 : 1;
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
	case WRAP(MIRROR_ONCE_CLAMP_TO_EDGE):
		i = i < 0 ? -1 - i : i;
		/* fallthrough */
	case WRAP(CLAMP_TO_EDGE):
		return i < 0 ? 0 : i < size ? i : size - 1;
	case WRAP(MIRROR_ONCE_BORDER):
		i = i < 0 ? -1 - i : i;
		/* fallthrough */
	default:
		return i < 0 || i >= size ? -1 : i;
	}
}

unsigned int tex_taps(const struct tex_image *t, const struct tex_level *l,
		      const struct tex_sampler *s, bool linear, const float *coord,
		      const int32_t *offset, struct tex_tap taps[TEX_TAPS])
{
	unsigned int n = linear ? 1u << t->dims : 1;
	int64_t first[3] = { 0 };
	float share[3] = { 0 };

	for (unsigned int i = 0; i < t->dims; i++) {
		float u = t->normalized && !s->unnormalized ? coord[i] * l->size[i] : coord[i];

		/* Beyond any image, and NaN at its start: what is converted fits. */
		u = u >= -0x1p30f ? fminf(u, 0x1p30f) : u < 0 ? -0x1p30f : 0;
		if (linear)
			u -= 0.5f;
		first[i] = (int64_t)floorf(u) + offset[i];
		/* The filter has eight bits of fraction. */
		share[i] = rintf((u - floorf(u)) * 256) / 256;
	}
	for (unsigned int j = 0; j < n; j++) {
		taps[j] = (struct tex_tap){ .weight = 1 };
		for (unsigned int i = 0; i < t->dims; i++) {
			bool second = j >> i & 1;
			int64_t at = wrapped(first[i] + second, l->size[i], s->wrap[i]);

			if (at < 0)
				taps[j].border = true;
			taps[j].at[i] = at < 0 ? 0 : at;
			if (linear)
				taps[j].weight *= second ? share[i] : 1 - share[i];
		}
	}
	return n;
}

/* The functions are sets, as everywhere: 1 less, 2 equal, 4 greater. */
uint32_t tex_compare(const struct tex_sampler *s, float reference, uint32_t texel)
{
	float f = as_f32(texel);
	unsigned int is = reference < f ? 1 : reference == f ? 2 : reference > f ? 4 : 0;

	return s->compare & is || s->compare == 7 ? F32_ONE : 0;
}

/* Faces in the order +x -x +y -y +z -z, each seen from within. */
unsigned int tex_cube_face(float at[3])
{
	float x = at[0], y = at[1], z = at[2], s, t, m;
	unsigned int face;

	if (fabsf(x) >= fabsf(y) && fabsf(x) >= fabsf(z)) {
		face = x < 0;
		m = fabsf(x);
		s = x < 0 ? z : -z;
		t = -y;
	} else if (fabsf(y) >= fabsf(z)) {
		face = 2 + (y < 0);
		m = fabsf(y);
		s = x;
		t = y < 0 ? -z : z;
	} else {
		face = 4 + (z < 0);
		m = fabsf(z);
		s = z < 0 ? -x : x;
		t = -y;
	}
	at[0] = (s / m + 1) / 2;
	at[1] = (t / m + 1) / 2;
	at[2] = 0;
	return face;
}
