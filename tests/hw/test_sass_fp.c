// SPDX-License-Identifier: MIT
/*
 * Floating point and conversions. The reference for a rounded result is its
 * definition: the neighbours of the value on both sides are taken from the bit
 * patterns, and the right one is chosen by exact comparison in 113 bits.
 */
#include <math.h>

#include "hwtest.h"
#include "sass_warp.h"

typedef __float128 wide;

static float f32(uint32_t v) { float f; memcpy(&f, &v, 4); return f; }
static uint32_t u32(float f) { uint32_t v; memcpy(&v, &f, 4); return v; }
static double f64(uint64_t v) { double d; memcpy(&d, &v, 8); return d; }
static uint64_t u64(double d) { uint64_t v; memcpy(&v, &d, 8); return v; }

/*
 * Floats as integers in order of value, -0 and +0 one apart. The largest
 * magnitude stands for 2^128, as if the range went on.
 */
static int64_t rank32(uint32_t v) { return v >> 31 ? -(int64_t)(v & 0x7fffffff) - 1 : (int64_t)v; }
static uint32_t unrank32(int64_t r)
{
	return r < 0 ? 0x80000000u | (uint32_t)(-r - 1) : (uint32_t)r;
}

static wide value32(uint32_t v)
{
	if ((v & 0x7fffffff) == 0x7f800000)
		return v >> 31 ? -(wide)0x1p128 : (wide)0x1p128;
	return (wide)f32(v);
}

/* Is @got the float that @exact rounds to? rnd: RN RM RP RZ. */
static bool rounded32(uint32_t got, wide exact, unsigned int rnd)
{
	wide v = value32(got), up, down;

	if (v == exact)
		return true;
	up = value32(unrank32(rank32(got) + 1));
	down = value32(unrank32(rank32(got) - 1));
	/* Zeros have a neighbour of the same value: look one further. */
	if (up == v)
		up = value32(unrank32(rank32(got) + 2));
	if (down == v)
		down = value32(unrank32(rank32(got) - 2));
	if (rnd == 3)
		rnd = exact > 0 ? 1 : 2;
	if (v < exact && exact > v && up <= exact && (got & 0x7fffffff) != 0x7f800000)
		return false;
	if (v > exact && down >= exact && (got & 0x7fffffff) != 0x7f800000)
		return false;
	if (rnd == 1)
		return v <= exact;
	if (rnd == 2)
		return v >= exact;
	if (v < exact)
		return exact - v < up - exact || (exact - v == up - exact && !(got & 1));
	return v - exact < exact - down || (v - exact == exact - down && !(got & 1));
}

/* Moderate exponents, so that every sum and product is exact in 113 bits. */
static uint32_t moderate(void)
{
	uint32_t v = (rnd32() & 0x807fffff) | (110 + rnd32() % 32) << 23;

	switch (rnd32() % 8) {
	case 0:
		return v & 0xfffff000;		/* few bits: ties are likely */
	case 1:
		return v & 0x80000000;
	case 2:
		return v | 0x7fffff;
	default:
		return v;
	}
}

static void fill(unsigned int reg, uint32_t (*gen)(void))
{
	for (unsigned int l = 0; l < 32; l++)
		W->r[reg][l] = gen();
}

#define D	16
static struct insn alu(uint32_t base) { return rrr(base, D, 4, 6, 8); }

static void test_rounding(void **state)
{
	for (unsigned int n = 0; n < 4000; n++) {
		unsigned int rnd = n & 3, op = n / 4 % 3;
		struct insn i = op == 0 ? alu(0x021) : op == 1 ? field(alu(0x020), 84, 3, 4) :
				alu(0x023);

		fill(4, moderate);
		fill(6, moderate);
		fill(8, moderate);
		run(field(i, 78, 2, rnd), ~0u);
		for (unsigned int l = 0; l < 32; l++) {
			wide a = f32(W->r[4][l]), b = f32(W->r[6][l]), c = f32(W->r[8][l]);
			wide exact = op == 0 ? a + b : op == 1 ? a * b : a * b + c;

			if (!rounded32(W->r[D][l], exact, rnd))
				fail_msg("op %u rnd %u: %08x %08x %08x -> %08x", op, rnd,
					 W->r[4][l], W->r[6][l], W->r[8][l], W->r[D][l]);
		}
	}
}

struct special {
	uint32_t a, b, c, want;
};

static void specials(const char *what, struct insn i, const struct special *t, unsigned int n)
{
	for (unsigned int k = 0; k < n; k++) {
		for (unsigned int l = 0; l < 32; l++) {
			W->r[4][l] = t[k].a;
			W->r[6][l] = t[k].b;
			W->r[8][l] = t[k].c;
		}
		run(i, ~0u);
		if (W->r[D][5] != t[k].want)
			fail_msg("%s %08x %08x %08x: %08x, not %08x", what, t[k].a, t[k].b, t[k].c,
				 W->r[D][5], t[k].want);
	}
}

#define SPECIALS(what, insn, ...) \
	do { \
		static const struct special t_[] = { __VA_ARGS__ }; \
		specials(what, insn, t_, sizeof(t_) / sizeof(t_[0])); \
	} while (0)

#define ONE	0x3f800000u
#define TWO	0x40000000u
#define INF	0x7f800000u
#define NINF	0xff800000u
#define QNAN	0x7fc12345u
#define NAN32	0x7fffffffu
#define TINY	0x00000001u
#define MAX	0x7f7fffffu

static void test_specials(void **state)
{
	struct insn mul = field(alu(0x020), 84, 3, 4);

	SPECIALS("FADD", alu(0x021), { INF, NINF, 0, NAN32 }, { QNAN, ONE, 0, NAN32 },
		 { INF, ONE, 0, INF }, { MAX, MAX, 0, INF }, { TINY, TINY, 0, 2 },
		 { 0, 0x80000000, 0, 0 }, { 0x80000000, 0x80000000, 0, 0x80000000 },
		 { ONE, 0xbf800000, 0, 0 }, { 0x00800000, 0x80000001, 0, 0x007fffff });
	SPECIALS("FADD.RM", field(alu(0x021), 78, 2, 1), { ONE, 0xbf800000, 0, 0x80000000 },
		 { MAX, MAX, 0, MAX }, { ONE, 0x80000001, 0, 0x3f7fffff });
	SPECIALS("FADD.FTZ", field(alu(0x021), 80, 1, 1), { TINY, TINY, 0, 0 },
		 { 0x00800000, 0x80000001, 0, 0x00800000 },
		 { 0x80000001, 0x80000001, 0, 0x80000000 });
	SPECIALS("FADD.SAT", field(alu(0x021), 77, 1, 1), { ONE, ONE, 0, ONE },
		 { ONE, 0xc0000000, 0, 0 }, { QNAN, ONE, 0, 0 }, { INF, ONE, 0, ONE },
		 { 0x3e800000, 0x3e800000, 0, 0x3f000000 });
	SPECIALS("FADD |A| -B", field(field(alu(0x021), 73, 1, 1), 63, 1, 1),
		 { 0xbf800000, ONE, 0, 0 }, { 0xc0000000, 0xbf800000, 0, 0x40400000 });
	SPECIALS("FMUL", mul, { INF, 0, 0, NAN32 }, { ONE, QNAN, 0, NAN32 }, { TINY, ONE, 0, TINY },
		 { TINY, 0x3f000000, 0, 0 }, { 3, 0x3f000000, 0, 2 }, { MAX, TWO, 0, INF },
		 { 0x80000000, ONE, 0, 0x80000000 });
	SPECIALS("FMUL.DNZ", field(mul, 76, 1, 1), { INF, 0, 0, 0 }, { 0x80000000, QNAN, 0, 0 },
		 { TINY, ONE, 0, 0 }, { TWO, TWO, 0, 0x40800000 });
	SPECIALS("FMUL.D8", field(mul, 84, 3, 1), { ONE, ONE, 0, 0x3e000000 });
	SPECIALS("FMUL.M4", field(mul, 84, 3, 6), { ONE, ONE, 0, 0x40800000 },
		 { 0x00400000, ONE, 0, 0x01000000 });
	SPECIALS("FFMA", alu(0x023), { MAX, TWO, NINF, NINF }, { INF, ONE, NINF, NAN32 },
		 { MAX, TWO, 0xff7fffff, MAX }, { INF, 0, ONE, NAN32 },
		 /* (1 + 2^-23)(1 - 2^-23) - 1 = -2^-46: one rounding only */
		 { 0x3f800001, 0x3f7ffffe, 0xbf800000, 0xa8800000 },
		 { TINY, TINY, TINY, TINY });
	SPECIALS("FFMA.RP", field(alu(0x023), 78, 2, 2), { TINY, TINY, TINY, 2 });
	SPECIALS("FFMA.DNZ", field(alu(0x023), 76, 1, 1), { INF, 0, ONE, ONE },
		 { QNAN, 0x80000000, TWO, TWO }, { ONE, ONE, QNAN, NAN32 });
}

static void test_minmax(void **state)
{
	struct insn min = psrc(alu(0x009), AT), max = psrc(alu(0x009), AT | 8);

	SPECIALS("FMNMX min", min, { ONE, TWO, 0, ONE }, { 0xc0000000, ONE, 0, 0xc0000000 },
		 { QNAN, TWO, 0, TWO }, { ONE, QNAN, 0, ONE }, { QNAN, 0xffc00000, 0, NAN32 },
		 { 0, 0x80000000, 0, 0x80000000 }, { 0x80000000, 0, 0, 0x80000000 },
		 { INF, NINF, 0, NINF }, { 0xc0000000, 0xbf800000, 0, 0xc0000000 });
	SPECIALS("FMNMX max", max, { ONE, TWO, 0, TWO }, { 0, 0x80000000, 0, 0 },
		 { QNAN, NINF, 0, NINF }, { 0xc0000000, 0xbf800000, 0, 0xbf800000 });
}

static bool cmp_ref(unsigned int code, double a, double b)
{
	bool un = isnan(a) || isnan(b), r;

	switch (code & 7) {
	case 0: r = false; break;
	case 1: r = a < b; break;
	case 2: r = a == b; break;
	case 3: r = a <= b; break;
	case 4: r = a > b; break;
	case 5: r = a < b || a > b; break;
	case 6: r = a >= b; break;
	default: r = !un; break;
	}
	return code & 8 ? r || un : r;
}

static uint32_t edge32(void)
{
	static const uint32_t t[] = {
		0, 0x80000000, ONE, 0xbf800000, TWO, INF, NINF, QNAN, 0xffc00001, TINY, 0x80000001,
		MAX, 0x00800000,
	};

	return t[rnd32() % (sizeof(t) / 4)];
}

static void test_compare(void **state)
{
	for (unsigned int n = 0; n < 640; n++) {
		unsigned int code = n % 16;
		struct insn p = psrc(pdst(alu(0x00b), 3, 4), AT), s = psrc(alu(0x00a), AT);
		struct insn d = psrc(pdst(rrr(0x02a, 0, 10, 12, 0), 5, AT), AT);

		fill(4, edge32);
		fill(6, edge32);
		for (unsigned int l = 0; l < 32; l++) {
			uint64_t a = u64(f32(W->r[4][l])), b = u64(f32(W->r[6][l]));

			W->r[10][l] = (uint32_t)a;
			W->r[11][l] = a >> 32;
			W->r[12][l] = (uint32_t)b;
			W->r[13][l] = b >> 32;
		}
		run(field(p, 76, 4, code), ~0u);
		run(field(s, 76, 4, code), ~0u);
		run(field(d, 76, 4, code), ~0u);
		for (unsigned int l = 0; l < 32; l++) {
			bool r = cmp_ref(code, f32(W->r[4][l]), f32(W->r[6][l]));

			assert_int_equal(W->pred[3] >> l & 1, r);
			assert_int_equal(W->pred[4] >> l & 1, !r);
			assert_int_equal(W->pred[5] >> l & 1, r);
			assert_int_equal(W->r[D][l], r ? ONE : 0);
		}
	}
}

static void test_mufu(void **state)
{
	static const struct {
		unsigned int fn;
		uint32_t x, want;
	} t[] = {
		{ 0, 0, ONE }, { 0, 0x3f000000, 0xbf800000 }, { 0, INF, NAN32 },
		{ 1, 0, 0 }, { 1, 0x3e800000, ONE }, { 1, 0x3f400000, 0xbf800000 },
		{ 2, 0, ONE }, { 2, 0x41200000, 0x44800000 }, { 2, NINF, 0 },
		{ 2, 0x43000000, INF },
		{ 3, ONE, 0 }, { 3, 0x41000000, 0x40400000 }, { 3, 0, NINF },
		{ 3, 0xbf800000, NAN32 },
		{ 4, TWO, 0x3f000000 }, { 4, 0x80000000, NINF }, { 4, INF, 0 },
		{ 4, 0x40400000, 0x3eaaaaab },
		{ 5, 0x40800000, 0x3f000000 }, { 5, 0, INF }, { 5, 0xbf800000, NAN32 },
		{ 6, 0x40000000, 0x3fe00000 }, { 7, 0x40100000, 0x3fe00000 },
		{ 8, 0x40800000, TWO }, { 8, 0xbf800000, NAN32 }, { 8, 0x80000000, 0x80000000 },
	};

	for (unsigned int k = 0; k < sizeof(t) / sizeof(t[0]); k++) {
		for (unsigned int l = 0; l < 32; l++)
			W->r[6][l] = t[k].x;
		run(field(alu(0x108), 74, 4, t[k].fn), ~0u);
		if (W->r[D][9] != t[k].want)
			fail_msg("MUFU %u of %08x: %08x, not %08x", t[k].fn, t[k].x, W->r[D][9],
				 t[k].want);
	}
}

static void put64(unsigned int reg, unsigned int lane, uint64_t v)
{
	W->r[reg][lane] = (uint32_t)v;
	W->r[reg + 1][lane] = v >> 32;
}

/* Few bits of mantissa and exponent: all exact in 113 bits, ties included. */
static uint64_t moderate64(void)
{
	uint64_t v = (uint64_t)rnd32() << 32 | rnd32();

	v = (v & 0x800fffffffffffffull) | (uint64_t)(1023 + rnd32() % 4) << 52;
	return rnd32() % 4 ? v : v & ~0xffffffffull;
}

static void test_double(void **state)
{
	for (unsigned int n = 0; n < 2000; n++) {
		unsigned int op = n % 3, rnd = n / 3 % 4;
		struct insn i = op == 0 ? rrr(0x029, D, 4, 0, 6) : op == 1 ? alu(0x028) :
				rrr(0x02b, D, 4, 6, 8);

		for (unsigned int l = 0; l < 32; l++) {
			put64(4, l, moderate64());
			put64(6, l, moderate64());
			put64(8, l, moderate64());
		}
		run(field(i, 78, 2, rnd), ~0u);
		for (unsigned int l = 0; l < 32; l++) {
			wide a = f64(pair(4, l)), b = f64(pair(6, l)), c = f64(pair(8, l));
			/* 106 bits of product plus up to 3 places of shift: exact */
			wide exact = op == 0 ? a + b : op == 1 ? a * b : a * b + c;
			wide got = f64(pair(D, l));
			wide up = nextafter(f64(pair(D, l)), INFINITY);
			wide down = nextafter(f64(pair(D, l)), -INFINITY);
			wide lo = got <= exact ? got : down, hi = got >= exact ? got : up;

			assert_true(lo <= exact && exact <= hi);
			if (lo == hi)
				continue;
			if (rnd == 0)
				assert_true(got == lo ? exact - lo <= hi - exact :
					    hi - exact <= exact - lo);
			else
				assert_true(got == (rnd == 1 || (rnd == 3 && exact > 0) ? lo : hi));
		}
	}
}

/* Every half, widened; every float, narrowed to the nearest of all halves. */
static double half_ref(uint16_t h)
{
	double m = h & 1023, v = (h >> 10 & 31) ? pow(2, (h >> 10 & 31) - 15) * (1 + m / 1024) :
						   pow(2, -14) * (m / 1024);

	if ((h & 0x7c00) == 0x7c00)
		v = h & 1023 ? NAN : INFINITY;
	return h & 0x8000 ? -v : v;
}

static void test_half(void **state)
{
	struct insn widen = field(field(alu(0x104), 84, 2, 1), 75, 2, 2);
	struct insn narrow = field(field(alu(0x104), 84, 2, 2), 75, 2, 1);

	for (uint32_t h = 0; h < 0x10000; h += 32) {
		for (unsigned int l = 0; l < 32; l++)
			W->r[6][l] = 0xdead0000 | (h + l);
		run(widen, ~0u);
		for (unsigned int l = 0; l < 32; l++) {
			double want = half_ref(h + l);

			if (isnan(want))
				assert_int_equal(W->r[D][l], NAN32);
			else
				assert_int_equal(W->r[D][l], u32((float)want));
		}
	}
	for (unsigned int n = 0; n < 600; n++) {
		unsigned int rnd = n & 3;

		for (unsigned int l = 0; l < 32; l++)
			W->r[6][l] = (rnd32() & 0x807fffff) | (98 + rnd32() % 48) << 23;
		if (n % 8 > 3)
			for (unsigned int l = 0; l < 32; l++)
				W->r[6][l] &= 0xfffff000;
		run(field(narrow, 78, 2, rnd), ~0u);
		for (unsigned int l = 0; l < 32; l++) {
			double x = f32(W->r[6][l]), lo = -INFINITY, hi = INFINITY, got;
			uint16_t h = (uint16_t)W->r[D][l];
			double s = x < 0 ? -1 : 1, top = 65536;

			/* Neighbours among the non-negative halves; 2^16 stands for infinity. */
			for (unsigned int low = 0, high = 0x7c00; ;) {
				unsigned int mid = (low + high) / 2;
				double v = mid == 0x7c00 ? top : half_ref(mid);

				if (high - low <= 1) {
					lo = half_ref(low);
					hi = high == 0x7c00 ? top : half_ref(high);
					break;
				}
				if (v <= s * x)
					low = mid;
				else
					high = mid;
			}
			got = (h & 0x7fff) == 0x7c00 ? top : s * half_ref(h);
			if (s * x >= top) {
				assert_true(got == top || got == 65504);
				continue;
			}
			assert_int_equal(h >> 15, x < 0);
			if (s * x == lo)
				assert_true(got == lo);
			else if (rnd == 0 && s * x - lo != hi - s * x)
				assert_true(got == (s * x - lo < hi - s * x ? lo : hi));
			else if (rnd == 0)
				assert_int_equal(h & 1, 0);
			else
				assert_true(got == (rnd == 3 || (rnd == 1) == (x > 0) ? lo : hi));
		}
	}
}

static void test_to_int(void **state)
{
	static const struct {
		uint64_t x;		/* double */
		unsigned int rnd, size, sign;
		uint64_t want;
	} t[] = {
		{ 0x4004000000000000, 0, 2, 1, 2 },			/* 2.5 RN */
		{ 0x400c000000000000, 0, 2, 1, 4 },			/* 3.5 RN */
		{ 0x4004000000000000, 2, 2, 1, 3 },			/* RP */
		{ 0xc004000000000000, 1, 2, 1, 0xfffffffd },		/* -2.5 RM */
		{ 0xc004000000000000, 3, 2, 1, 0xfffffffe },		/* RZ */
		{ 0xc004000000000000, 3, 2, 0, 0 },			/* unsigned: 0 */
		{ 0x41dfffffffc00000, 3, 2, 1, 0x7fffffff },		/* 2^31 - 1 */
		{ 0x41e0000000000000, 3, 2, 1, 0x7fffffff },		/* saturates */
		{ 0xc1e0000000000000, 3, 2, 1, 0x80000000 },
		{ 0xc1f0000000000000, 3, 2, 1, 0x80000000 },
		{ 0x41f0000000000000, 3, 2, 0, 0xffffffff },
		{ 0x7ff8000000000000, 3, 2, 1, 0x80000000 },		/* NaN */
		{ 0x7ff8000000000000, 3, 0, 0, 0x80 },
		{ 0x7ff8000000000000, 3, 3, 0, 0x8000000000000000 },
		{ 0x7ff0000000000000, 3, 2, 1, 0x7fffffff },
		{ 0x4072c00000000000, 3, 0, 0, 255 },			/* 300 to U8 */
		{ 0x4072c00000000000, 3, 0, 1, 127 },
		{ 0xc072c00000000000, 3, 0, 1, 0xffffff80 },
		{ 0xc0f86a0000000000, 3, 1, 1, 0xffff8000 },		/* -100000 to S16 */
		{ 0x40f86a0000000000, 3, 1, 0, 65535 },
		{ 0x43e0000000000000, 3, 3, 1, 0x7fffffffffffffff },
		{ 0x43e0000000000000, 3, 3, 0, 0x8000000000000000 },
		{ 0x43f0000000000000, 3, 3, 0, 0xffffffffffffffff },
		{ 0xc1c8000000000000, 3, 3, 1, (uint64_t)-805306368 },
	};

	for (unsigned int k = 0; k < sizeof(t) / sizeof(t[0]); k++) {
		struct insn i = field(field(alu(0x111), 84, 2, 3), 75, 2, t[k].size);

		i = field(field(i, 72, 1, t[k].sign), 78, 2, t[k].rnd);
		for (unsigned int l = 0; l < 32; l++)
			put64(6, l, t[k].x);
		run(i, ~0u);
		if ((t[k].size == 3 ? pair(D, 3) : W->r[D][3]) != t[k].want)
			fail_msg("F2I of %016llx, size %u: %016llx", (unsigned long long)t[k].x,
				 t[k].size, (unsigned long long)pair(D, 3));
		if (f64(t[k].x) != f64(t[k].x)) {	/* .NTZ: zero instead */
			run(field(i, 77, 1, 1), ~0u);
			assert_int_equal(W->r[D][3], 0);
			continue;
		}
		/* From a float where it holds the value. */
		if (u64((float)f64(t[k].x)) != t[k].x)
			continue;
		i = field(field(i, 9, 3, 1), 0, 9, 0x105);
		for (unsigned int l = 0; l < 32; l++)
			W->r[6][l] = u32((float)f64(t[k].x));
		run(field(i, 84, 2, 2), ~0u);
		assert_int_equal(t[k].size == 3 ? pair(D, 3) : W->r[D][3], t[k].want);
	}
}

static void test_from_int(void **state)
{
	for (unsigned int n = 0; n < 3000; n++) {
		unsigned int size = n % 4, sign = n / 4 % 2, rnd = n / 8 % 4;
		unsigned int sel = size == 0 ? rnd32() % 4 : size == 1 ? rnd32() % 2 : 0;
		struct insn i = field(field(alu(0x106), 84, 2, size), 75, 2, 2);

		i = field(field(field(i, 74, 1, sign), 78, 2, rnd), 60, 2, sel);
		for (unsigned int l = 0; l < 32; l++)
			put64(6, l, ((uint64_t)rnd32() << 32 | rnd32()) >> rnd32() % 60);
		run(i, ~0u);
		for (unsigned int l = 0; l < 32; l++) {
			uint64_t v = pair(6, l) >> (8u << size) % 64 * sel;
			unsigned int bits = 8u << size;
			wide exact = 0;

			/* Digit by digit; the top one counts negative when signed. */
			for (unsigned int b = 0; b < bits; b++)
				exact += (v >> b & 1) * ldexp(sign && b == bits - 1 ? -1 : 1, b);
			assert_true(rounded32(W->r[D][l], exact, rnd));
		}
	}
}

static void test_round_to_integral(void **state)
{
	static const struct {
		uint32_t x, want[4];
	} t[] = {
		{ 0x40200000, { TWO, TWO, 0x40400000, TWO } },			/* 2.5 */
		/* -1.5, -0.5 */
		{ 0xbfc00000, { 0xc0000000, 0xc0000000, 0xbf800000, 0xbf800000 } },
		{ 0xbf000000, { 0x80000000, 0xbf800000, 0x80000000, 0x80000000 } },
		{ 0x4b800001, { 0x4b800001, 0x4b800001, 0x4b800001, 0x4b800001 } },
		{ INF, { INF, INF, INF, INF } }, { QNAN, { NAN32, NAN32, NAN32, NAN32 } },
		{ TINY, { 0, 0, ONE, 0 } },
	};

	for (unsigned int k = 0; k < sizeof(t) / sizeof(t[0]); k++) {
		for (unsigned int rnd = 0; rnd < 4; rnd++) {
			struct insn i = field(field(alu(0x107), 84, 2, 2), 75, 2, 2);

			for (unsigned int l = 0; l < 32; l++)
				W->r[6][l] = t[k].x;
			run(field(i, 78, 2, rnd), ~0u);
			assert_int_equal(W->r[D][0], t[k].want[rnd]);
		}
	}
}

/* F64 immediates are the upper half; narrowing rounds as asked. */
static void test_double_forms(void **state)
{
	struct insn cvt = field(field(alu(0x110), 84, 2, 3), 75, 2, 2);

	for (unsigned int l = 0; l < 32; l++)
		put64(4, l, u64(1.5));
	run(rri(0x029, D, 4, 0, 0x40080000), ~0u);
	assert_int_equal(pair(D, 0), u64(4.5));
	run(rir(0x028, D, 4, 0xc0000000, 0), ~0u);
	assert_int_equal(pair(D, 0), u64(-3.0));
	for (unsigned int l = 0; l < 32; l++)
		put64(4, l, 0x7ff0000000000001ull);
	run(rri(0x029, D, 4, 0, 0x40080000), ~0u);
	assert_int_equal(pair(D, 0), 0xfff8000000000000ull);
	for (unsigned int rnd = 0; rnd < 4; rnd++) {
		static const uint32_t want[4] = { ONE, ONE, ONE + 1, ONE };

		for (unsigned int l = 0; l < 32; l++)
			put64(6, l, 0x3ff0000000000001ull);
		run(field(cvt, 78, 2, rnd), ~0u);
		assert_int_equal(W->r[D][0], want[rnd]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rounding), cmocka_unit_test(test_specials),
		cmocka_unit_test(test_minmax), cmocka_unit_test(test_compare),
		cmocka_unit_test(test_mufu), cmocka_unit_test(test_double),
		cmocka_unit_test(test_half), cmocka_unit_test(test_to_int),
		cmocka_unit_test(test_from_int), cmocka_unit_test(test_round_to_integral),
		cmocka_unit_test(test_double_forms),
	};

	return cmocka_run_group_tests(tests, sass_warp_setup, sass_warp_teardown);
}
