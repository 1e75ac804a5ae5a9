// SPDX-License-Identifier: MIT
/*
 * Random pushbuffers, GP entries, runlists and Host register writes. Whatever
 * the guest does, the model neither crashes nor hangs: after each round a
 * function reset answers at once and a fresh channel works.
 *
 *	FUZZ_SEED=n	one round with this seed
 *	FUZZ_ROUNDS=n	that many rounds from seed 1 (default 40)
 */
#include "gputest.h"

#include <time.h>

#define CHANNELS	8
#define SEGMENT_MAX	300
#define RESET_LIMIT_MS	500

static struct gputest gt;
static struct gt_vm vm;
static struct gt_chan chan[CHANNELS];
static uint64_t rng;

static uint32_t rnd(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return rng >> 16;
}

static uint32_t below(uint32_t n) { return rnd() % n; }
static bool once_in(uint32_t n) { return !below(n); }

/* Addresses that hit memory most of the time. */
static uint64_t some_va(const struct gt_chan *c)
{
	switch (below(6)) {
	case 0:
		return c->pb_va + below(GT_PB_BYTES);
	case 1:
		return GT_CHAN_VA(c->chid) + below(0x2000);	/* its own GPFIFO */
	case 2:
		return ((uint64_t)rnd() << 32 | rnd()) & 0x1ffffffffffff;
	default:
		return c->scratch_va + below(0x1000) / 16 * 16;
	}
}

static uint32_t host_method(void)
{
	static const uint8_t known[] = {
		0x00, 0x08, 0x10, 0x14, 0x18, 0x1c, 0x20, 0x24, 0x28, 0x2c, 0x30, 0x34, 0x50,
		0x5c, 0x60, 0x64, 0x68, 0x6c, 0x78, 0x7c, 0x80, 0x84,
	};

	return once_in(20) ? below(64) * 4 : known[below(sizeof(known))];
}

static uint32_t ce_method(void)
{
	static const uint16_t known[] = {
		0x240, 0x244, 0x248, 0x254, 0x258, 0x25c, 0x260, 0x264, 0x300, 0x300, 0x300,
		0x400, 0x404, 0x408, 0x40c, 0x410, 0x414, 0x418, 0x41c, 0x700, 0x704, 0x708,
		0x70c, 0x710, 0x714, 0x718, 0x71c, 0x720, 0x728, 0x72c, 0x730, 0x734, 0x738,
		0x73c, 0x744, 0x748, 0x74c, 0x750,
	};

	return once_in(20) ? below(0x1000) * 4 : known[below(sizeof(known) / 2)];
}

static uint32_t small_or_any(void)
{
	return once_in(3) ? rnd() : below(0x2000);
}

static void sequence(struct gt_chan *c)
{
	uint64_t s = some_va(c), d = some_va(c);

	switch (below(8)) {
	case 0:		/* semaphore, often one that blocks */
		gt_inc(c, below(8), 0x5c, 5, (uint32_t)s, (uint32_t)(s >> 32), below(3), 0u,
		       once_in(3) ? rnd() : rnd() & 0x83101007);
		break;
	case 1:		/* copy or fill */
		gt_inc(c, 4, 0x400, 8, (uint32_t)(s >> 32), (uint32_t)s, (uint32_t)(d >> 32),
		       (uint32_t)d, small_or_any(), small_or_any(), below(0x8000), below(64));
		gt_inc(c, 4, 0x300, 1, once_in(4) ? rnd() : rnd() & 0x7fe);
		break;
	case 2:
		gt_inc(c, once_in(4) ? below(8) : 4, ce_method(), 1, small_or_any());
		break;
	case 3:
		gt_inc(c, below(8), host_method(), 1, small_or_any());
		break;
	case 4:		/* whatever the subchannel takes */
		gt_inc(c, below(5), below(0x1000) * 4, 2, small_or_any(), rnd());
		break;
	case 5:
		gt_imm(c, below(8), once_in(2) ? ce_method() : host_method(), below(0x2000));
		break;
	case 6:		/* TLB operations */
		gt_inc(c, 0, 0x28, 4, rnd(), rnd(), once_in(2) ? (uint32_t)vm.pdb : rnd(),
		       below(32) << 27);
		break;
	default:
		if (once_in(6))
			gt_word(c, rnd());
		else
			gt_word(c, below(3) << 16 | below(0x1000) << 4);
	}
}

static void push(struct gt_chan *c)
{
	if (c->pb_put > GT_PB_BYTES / 4 - SEGMENT_MAX * 10)
		c->pb_put = c->pb_start = 0;
	if (once_in(30)) {
		gt_gp_entry(c, rnd(), rnd());
	} else {
		for (uint32_t n = below(SEGMENT_MAX / 4); n--;)
			sequence(c);
		gt_segment(c, once_in(5), (once_in(5) ? 1u << 31 : 0) | (once_in(5) ? 1 << 9 : 0));
	}
	if (once_in(200))
		gt_put(c, rnd());
	gt_ring(c);
}

static void random_runlist(void)
{
	unsigned int rl = below(4), n = below(20);
	uint32_t words[21 * 4];

	for (unsigned int i = 0; i < n * 4; i++)
		words[i] = rnd();
	if (once_in(2)) {	/* valid form, random members */
		memset(words, 0, sizeof(words));
		words[0] = 1 | below(4) << 16 | below(256) << 24;
		words[1] = n ? n - 1 : 0;
		for (unsigned int i = 1; i < n; i++) {
			words[i * 4] = below(2) << 1;
			words[i * 4 + 2] = below(CHANNELS + 3);
		}
	}
	gt_runlist_raw(&gt, rl, words, n);
}

static void list_all(void)
{
	for (unsigned int rl = 0; rl < 4; rl++) {
		struct gt_chan *on[CHANNELS];
		unsigned int n = 0;

		for (unsigned int i = 0; i < CHANNELS; i++)
			if (chan[i].runlist == rl)
				on[n++] = &chan[i];
		gt_runlist(&gt, rl, on, n);
	}
}

static void clear_errors(void)
{
	for (unsigned int i = 0; i < 5; i++) {
		if (gt_rd(&gt, GT_PBDMA(i, GT_PBDMA_INTR_0)) & 0x27b00000 && !once_in(8))
			gt_wr(&gt, GT_PBDMA(i, GT_PBDMA_METHOD0), 0x80600008);
		if (gt_rd(&gt, GT_PBDMA(i, GT_PBDMA_INTR_0)) & 1u << 18 && !once_in(8))
			gt_wr(&gt, GT_PBDMA(i, 0x084), 0x20400000);
		gt_wr(&gt, GT_PBDMA(i, GT_PBDMA_INTR_0), ~0u);
		gt_wr(&gt, GT_PBDMA(i, GT_PBDMA_INTR_1), ~0u);
		gt_wr(&gt, GT_LCE_INTR_STATUS(i), ~0u);
	}
	gt_wr(&gt, GT_PFIFO_INTR_0, ~0u);
	if (once_in(3))
		for (unsigned int i = 0; i < CHANNELS; i++)
			gt_wr(&gt, GT_CHANNEL(i), 3u << 22);
}

static void poke(void)
{
	unsigned int i = below(CHANNELS);
	uint32_t enable = gt_rd(&gt, GT_PMC_ENABLE);

	switch (below(16)) {
	case 0:
		gt_wr(&gt, GT_PREEMPT, below(16) | below(4) << 24);
		break;
	case 1:
		gt_wr(&gt, GT_RUNLIST_PREEMPT, rnd());
		break;
	case 2:
		gt_wr(&gt, GT_SCHED_DISABLE, once_in(3) ? rnd() : 0);
		break;
	case 3:
		gt_wr(&gt, GT_CHANNEL(i), rnd());
		break;
	case 4:
		gt_wr(&gt, GT_CHANNEL_INST(below(16)), once_in(2) ? 0 : rnd());
		break;
	case 5:
		gt_wr(&gt, GT_PMC_ENABLE, rnd());
		gt_wr(&gt, GT_PMC_ENABLE, enable | 0xf010c0);
		break;
	case 6:
		gt_wr(&gt, GT_PBDMA(below(5), below(0x56) * 4), rnd());
		break;
	case 7:
		random_runlist();
		break;
	case 8:
		list_all();
		break;
	case 9:		/* garbage in RAMFC */
		*gt_ramfc(&chan[i], below(64)) = rnd();
		break;
	case 10:
		gt_wr(&gt, GT_DOORBELL, rnd());
		break;
	case 11:
		gt_invalidate_all(&gt);
		break;
	case 12:
		gt_wr(&gt, 0x2000 + below(0x600) * 4, rnd());
		break;
	default:
		clear_errors();
	}
}

/* Keeps things moving: repairs what stalled, satisfies what waits. */
static void nudge(void)
{
	struct gt_chan *c = &chan[below(CHANNELS)];

	clear_errors();
	if (gt_rd(&gt, GT_CHANNEL(c->chid)) & 3u << 22 && once_in(2))
		gt_chan_restart(c, below(8) & (GT_PRIV | GT_CE_PRIV));
	for (unsigned int i = 0; i < 0x400; i += 4)
		__atomic_store_n(c->scratch + i, below(3), __ATOMIC_RELAXED);
	gt_wr(&gt, GT_CHANNEL(c->chid), 0x400);
	gt_wr(&gt, GT_DOORBELL, c->runlist << 16 | c->chid);
	nanosleep(&(struct timespec){ 0, 30000 }, NULL);
}

static double ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e3 + ts.tv_nsec * 1e-6;
}

static void must_still_work(uint64_t seed)
{
	struct gt_chan c, *p = &c;
	double t = ms();

	gpu_reset(sim_gpu(gt.sim));
	t = ms() - t;
	if (t > RESET_LIMIT_MS)
		fail_msg("seed %llu: reset took %.0f ms", (unsigned long long)seed, t);
	assert_int_equal(sim_dma_depth(gt.sim), 0);
	gt_wr(&gt, GT_CHANNEL_CFG, 0x80000fff);
	for (unsigned int rl = 0; rl < 4; rl++) {
		gt_vm_new(&gt, &vm, false);
		gt_chan_open(&gt, &c, &vm, 100 + rl, rl, 100 + rl, 0);
		gt_runlist(&gt, rl, &p, 1);
		if (!gt_run(&c, 2000))
			fail_msg("seed %llu: runlist %u is dead", (unsigned long long)seed, rl);
	}
}

/* What the rounds reached; a fuzzer that reaches nothing finds nothing. */
static struct { uint64_t methods, entries, launches, errors, faults, bytes; } sum;

static void add_up(void)
{
	const struct counters *n = &sim_gpu(gt.sim)->counters;

	sum.methods += n->methods;
	sum.entries += n->gp_entries;
	sum.launches += n->ce_launches;
	sum.errors += n->channel_errors;
	sum.faults += n->faults_non_replayable;
	sum.bytes += n->ce_bytes_d2d + n->ce_bytes_h2d + n->ce_bytes_d2h + n->ce_bytes_h2h +
		     n->ce_bytes_fill;
}

static void one_round(uint64_t seed)
{
	rng = seed * 0x9e3779b97f4a7c15ull | 1;
	gt_create(&gt, NULL);
	gt_vm_new(&gt, &vm, seed & 1);
	gt_faults_on(&gt, 0);
	gt_faults_on(&gt, 1);
	for (unsigned int i = 0; i < CHANNELS; i++) {
		gt_chan_open(&gt, &chan[i], &vm, i, i % 4, i / 2, below(8) & (GT_PRIV | GT_CE_PRIV));
		chan[i].runqueue = once_in(3);
	}
	list_all();
	for (unsigned int step = 0; step < 150; step++) {
		push(&chan[below(CHANNELS)]);
		if (once_in(3))
			poke();
		for (unsigned int n = below(8); n--;)
			nudge();
	}
	must_still_work(seed);
	add_up();
	gt_destroy(&gt);
}

static void fuzz(void **state)
{
	const char *seed = getenv("FUZZ_SEED"), *rounds = getenv("FUZZ_ROUNDS");
	uint64_t n = rounds ? strtoull(rounds, NULL, 0) : 40;

	if (seed) {
		one_round(strtoull(seed, NULL, 0));
		return;
	}
	for (uint64_t i = 1; i <= n; i++)
		one_round(i);
	print_message("%llu methods, %llu GP entries, %llu launches, %llu bytes, %llu errors, "
		      "%llu faults\n", (unsigned long long)sum.methods,
		      (unsigned long long)sum.entries, (unsigned long long)sum.launches,
		      (unsigned long long)sum.bytes, (unsigned long long)sum.errors,
		      (unsigned long long)sum.faults);
	assert_true(sum.methods / n > 100 && sum.launches && sum.errors && sum.faults);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(fuzz) };

	return cmocka_run_group_tests_name("fuzz_pushbuf", tests, NULL, NULL);
}
