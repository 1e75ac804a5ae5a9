// SPDX-License-Identifier: MIT
/*
 * Access counters (MIMC) and their notify buffer.
 *
 * The counters are a cache: a region of an address space has one while it is
 * being used, and loses it to others that are used more. A counter that reaches
 * the threshold writes one packet and is silent until it is cleared; what the
 * full buffer had no room for is told when there is. MOMC counts what others do
 * to this GPU's memory: there is nobody who could, so it has no counters.
 *
 * Engines note accesses while they hold a TLB (access_hits_add()) and count them
 * afterwards: a packet goes through BAR2's TLB and needs gpu->lock.
 */
#include "access_counter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fault_priv.h"
#include "intr.h"
#include "log.h"
#include "mmio.h"
#include "mmu_priv.h"
#include "nvhw/class/clc365.h"
#include "nvhw/class/clc46f.h"
#include "nvhw/tu104/dev_fault.h"
#include "nvhw/tu104/dev_fault_client.h"
#include "nvhw/undocumented.h"

#define CNT(x)		NV_VIRTUAL_FUNCTION_PRIV_ACCESS_COUNTER_##x
#define ENTRY(x)	NVC365_NOTIFY_BUF_ENTRY_##x
#define CLR(x)		NVC46F_MEM_OP_D_ACCESS_COUNTER_CLR_##x
#define ENTRIES		((uint32_t)CNT(NOTIFY_BUFFER_SIZE_HW_ENTRIES))
#define BANKS		NVX_ACCESS_COUNTER_BANKS
#define TAGS		NVX_ACCESS_COUNTER_TAGS

struct access_counter {
	struct access_report r;		/* whose it is; count and mask grow */
	bool used, notified;
};

struct access_counters {
	pthread_mutex_t lock;		/* the table and config; inside gpu->lock */
	uint32_t config;
	struct access_counter table[TAGS][BANKS];
	_Atomic bool on;
	/* gpu->lock from here on */
	uint32_t lo, hi, get, put;
	bool nack;			/* a packet could not be written */
	struct { uint32_t tag; uint8_t bank; } waiting[ENTRIES];
	uint32_t nwaiting;		/* counters that found the buffer full */
};

static const uint8_t granularity_shift[] = { 16, 21, 24, 34 };

void access_packet_encode(const struct access_report *r, uint32_t dw[ACCESS_PACKET_DWORDS])
{
	memset(dw, 0, ACCESS_PACKET_DWORDS * 4);
	NV_MW_SET(dw, ENTRY(TYPE), ENTRY(TYPE_GPU));
	NV_MW_SET(dw, ENTRY(ADDR_TYPE), r->physical ? ENTRY(ADDR_TYPE_GPA) : ENTRY(ADDR_TYPE_GVA));
	NV_MW_SET(dw, ENTRY(BANK), r->bank);
	NV_MW_SET(dw, ENTRY(APERTURE), r->aperture);
	NV_MW_SET(dw, ENTRY(INST_APERTURE), r->inst_aperture);
	NV_MW_SET(dw, ENTRY(INST_LO), r->inst >> 12);
	NV_MW_SET(dw, ENTRY(INST_HI), r->inst >> 32);
	NV_MW_SET(dw, ENTRY(ADDR_LO), r->addr);
	NV_MW_SET(dw, ENTRY(ADDR_HI), r->addr >> 32);
	NV_MW_SET(dw, ENTRY(SUB_GRANULARITY), r->sub_granularity);
	NV_MW_SET(dw, ENTRY(NOTIFY_TAG), r->tag);
	NV_MW_SET(dw, ENTRY(COUNTER_VAL), r->count);
	NV_MW_SET(dw, ENTRY(MMU_ENGINE_ID), r->engine_id);
	NV_MW_SET(dw, ENTRY(VALID), 1);
}

bool access_counter_enabled(struct gpu *gpu)
{
	return atomic_load_explicit(&gpu->mmu->access->on, memory_order_relaxed);
}

size_t access_hits_add(struct access_hits *hits, uint64_t va, const struct mmu_xlat *x)
{
	uint64_t left = ACCESS_REGION - va % ACCESS_REGION;

	if (hits->n < ACCESS_HITS) {
		hits->hit[hits->n].va = va;
		hits->hit[hits->n].pa = x->pa;
		hits->hit[hits->n].aperture = x->aperture;
		hits->n++;
	}
	return x->len < left ? x->len : left;
}

static uint32_t tag_of(const struct access_report *r, unsigned int shift)
{
	uint64_t h = (r->addr >> shift) * 0x9e3779b97f4a7c15ull;

	h ^= (r->inst >> 12) * 0xd6e8feb86659fd93ull;
	return (h >> 32) % TAGS;
}

static bool same_region(const struct access_report *a, const struct access_report *b)
{
	return a->addr == b->addr && a->physical == b->physical && a->inst == b->inst &&
	       a->aperture == b->aperture && a->inst_aperture == b->inst_aperture;
}

/* The counter of @r's region: its own, else the least used one where it may be. */
static struct access_counter *find_locked(struct access_counters *ac, struct access_report *r,
					  unsigned int shift)
{
	uint32_t tag = tag_of(r, shift);
	struct access_counter *row = ac->table[tag], *victim = row;

	for (unsigned int b = 0; b < BANKS; b++) {
		if (row[b].used && same_region(&row[b].r, r))
			return &row[b];
		if (victim->used && (!row[b].used || row[b].r.count < victim->r.count))
			victim = &row[b];
	}
	r->tag = tag;
	r->bank = victim - row;
	*victim = (struct access_counter){ .r = *r, .used = true };
	return victim;
}

/* One more access; true when that is to be told. */
static bool count_locked(struct access_counters *ac, struct access_report *r, uint64_t offset,
			 unsigned int shift)
{
	struct access_counter *c = find_locked(ac, r, shift);

	if (shift > 16)
		c->r.sub_granularity |= 1u << (offset >> (shift - 5));
	if (c->r.count < UINT16_MAX)
		c->r.count++;
	c->r.engine_id = r->engine_id;
	if (c->notified || c->r.count < NV_GET(ac->config, CNT(CONFIG_THRESHOLD)))
		return false;
	c->notified = true;
	*r = c->r;
	return true;
}

static bool full(const struct access_counters *ac)
{
	return (ac->put + 1) % ENTRIES == ac->get;
}

/* The buffer itself has no memory: silent until it is enabled again. */
static void nacked(struct gpu *gpu, uint64_t addr, uint8_t fault_type)
{
	struct access_counters *ac = gpu->mmu->access;
	const struct fault_report r = {
		.client = { .engine_id = NV_PFAULT_MMU_ENG_ID_BAR2,
			    .client = NV_PFAULT_CLIENT_HUB_MMU, .hub = true },
		.va = addr, .access_type = NV_PFAULT_ACCESS_TYPE_VIRT_WRITE,
		.fault_type = fault_type,
	};

	log_guest_error("mmu", "access counter buffer: no memory at %#llx",
			(unsigned long long)addr);
	ac->nack = true;
	fault_info_latch(gpu, &r);
}

/* gpu->lock held. A full buffer keeps the counter's place for later. */
static void notify(struct gpu *gpu, const struct access_report *r)
{
	struct access_counters *ac = gpu->mmu->access;
	uint64_t addr = ((uint64_t)ac->hi << 32 | (ac->lo & NV_MASK(CNT(NOTIFY_BUFFER_LO_BASE)))) +
			(uint64_t)ac->put * NVC365_NOTIFY_BUF_SIZE;
	uint32_t dw[ACCESS_PACKET_DWORDS];
	uint8_t type;

	if (!atomic_load(&ac->on) || ac->nack)
		return;
	if (full(ac)) {
		if (ac->nwaiting < ENTRIES) {
			ac->waiting[ac->nwaiting].tag = r->tag;
			ac->waiting[ac->nwaiting++].bank = r->bank;
		}
		count(gpu, access_notify_full);
		return;
	}
	access_packet_encode(r, dw);
	if (!fault_store_bar2(gpu, addr, dw, &type)) {
		nacked(gpu, addr, type);
		return;
	}
	ac->put = (ac->put + 1) % ENTRIES;
	count(gpu, access_notifications);
	intr_pulse(gpu, NV_VIRTUAL_FUNCTION_PRIV_CPU_INTR_HUB_ACCESS_CNTR_INTR_VECTOR);
}

void access_counter_count(struct gpu *gpu, const struct mmu_as *as,
			  const struct mmu_client *client, const struct access_hits *hits)
{
	struct access_counters *ac = gpu->mmu->access;
	struct access_report told[ACCESS_HITS];
	unsigned int n = 0, shift;
	bool gva;

	if (!hits->n)
		return;
	count_add(gpu, remote_accesses, hits->n);
	pthread_mutex_lock(&ac->lock);
	shift = granularity_shift[NV_GET(ac->config, CNT(CONFIG_MIMC_GRANULARITY))];
	gva = NV_GET(ac->config, CNT(CONFIG_GVA_NOTIFY));
	for (unsigned int i = 0; i < hits->n && NV_GET(ac->config, CNT(CONFIG_COUNT_PCIE)); i++) {
		uint64_t addr = gva ? hits->hit[i].va : hits->hit[i].pa;
		uint64_t offset = addr & ((1ull << shift) - 1);

		told[n] = (struct access_report){
			.addr = addr - offset, .physical = !gva,
			.aperture = hits->hit[i].aperture, .engine_id = client->engine_id,
			.inst = gva ? as->inst : 0, .inst_aperture = gva ? as->inst_aperture : 0,
		};
		n += count_locked(ac, &told[n], offset, shift);
	}
	pthread_mutex_unlock(&ac->lock);
	if (!n)
		return;
	pthread_mutex_lock(&gpu->lock);
	for (unsigned int i = 0; i < n; i++)
		notify(gpu, &told[i]);
	pthread_mutex_unlock(&gpu->lock);
}

bool access_counter_clear(struct gpu *gpu, uint32_t c, uint32_t d)
{
	struct access_counters *ac = gpu->mmu->access;
	uint32_t tag = NV_GET(c, NVC46F_MEM_OP_C_ACCESS_COUNTER_CLR_TARGETED_NOTIFY_TAG);
	unsigned int bank = NV_GET(d, CLR(TARGETED_BANK));
	bool ok = true;

	pthread_mutex_lock(&ac->lock);
	switch (NV_GET(d, CLR(TYPE))) {
	case CLR(TYPE_MIMC):
	case CLR(TYPE_ALL):
		memset(ac->table, 0, sizeof(ac->table));
		break;
	case CLR(TYPE_MOMC):
		break;
	case CLR(TYPE_TARGETED):
		if (NV_GET(d, CLR(TARGETED_TYPE)) == CLR(TARGETED_TYPE_MOMC))
			break;
		ok = tag < TAGS && bank < BANKS;
		if (ok)
			ac->table[tag][bank] = (struct access_counter){ 0 };
		break;
	}
	pthread_mutex_unlock(&ac->lock);
	return ok;
}

/* There is room again: those that found none have not been told yet. */
static void retry_waiting(struct gpu *gpu)
{
	struct access_counters *ac = gpu->mmu->access;
	uint32_t done = 0;

	for (; done < ac->nwaiting && !full(ac); done++) {
		struct access_counter c;

		pthread_mutex_lock(&ac->lock);
		c = ac->table[ac->waiting[done].tag][ac->waiting[done].bank];
		pthread_mutex_unlock(&ac->lock);
		if (c.used && c.notified)
			notify(gpu, &c.r);
	}
	ac->nwaiting -= done;
	memmove(ac->waiting, ac->waiting + done, ac->nwaiting * sizeof(ac->waiting[0]));
}

static uint32_t config_read(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
{
	return gpu->mmu->access->config;
}

/* Counts of another granularity would be of other regions. */
static void config_written(struct gpu *gpu, const struct mmio_reg *r, unsigned int i,
			   uint32_t val, uint32_t old)
{
	struct access_counters *ac = gpu->mmu->access;
	const uint32_t regions = NV_MASK(CNT(CONFIG_MIMC_GRANULARITY)) |
				 NV_MASK(CNT(CONFIG_GVA_NOTIFY));

	if (atomic_load(&ac->on) && ((val ^ ac->config) & regions))
		log_guest_error("mmu", "access counters: granularity changed while enabled");
	pthread_mutex_lock(&ac->lock);
	if ((val ^ ac->config) & regions)
		memset(ac->table, 0, sizeof(ac->table));
	ac->config = val & r->rw;
	pthread_mutex_unlock(&ac->lock);
}

static uint32_t lo_read(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
{
	return gpu->mmu->access->lo;
}

static void lo_written(struct gpu *gpu, const struct mmio_reg *r, unsigned int i,
		       uint32_t val, uint32_t old)
{
	struct access_counters *ac = gpu->mmu->access;
	bool on = NV_GET(val, CNT(NOTIFY_BUFFER_LO_EN));

	if (on && atomic_load(&ac->on) && ((val ^ ac->lo) & NV_MASK(CNT(NOTIFY_BUFFER_LO_BASE))))
		log_guest_error("mmu", "access counter buffer moved while enabled");
	ac->lo = val & r->rw;
	if (on && !atomic_load(&ac->on))
		ac->nack = false;
	if (!on)
		ac->nwaiting = 0;
	atomic_store(&ac->on, on);
}

static uint32_t hi_read(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
{
	return gpu->mmu->access->hi;
}

static void hi_written(struct gpu *gpu, const struct mmio_reg *r, unsigned int i,
		       uint32_t val, uint32_t old)
{
	if (atomic_load(&gpu->mmu->access->on))
		log_guest_error("mmu", "access counter buffer moved while enabled");
	gpu->mmu->access->hi = val;
}

static uint32_t get_read(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
{
	return gpu->mmu->access->get;
}

/* As with the fault buffers: what is left pulses again. */
static void get_written(struct gpu *gpu, const struct mmio_reg *r, unsigned int i,
			uint32_t val, uint32_t old)
{
	struct access_counters *ac = gpu->mmu->access;

	ac->get = NV_GET(val, CNT(NOTIFY_BUFFER_GET_OFFSET_HW));
	retry_waiting(gpu);
	if (atomic_load(&ac->on) && ac->get != ac->put)
		intr_pulse(gpu, NV_VIRTUAL_FUNCTION_PRIV_CPU_INTR_HUB_ACCESS_CNTR_INTR_VECTOR);
}

static uint32_t put_read(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
{
	return gpu->mmu->access->put;
}

/* A packet is in memory before PUT moves: all are always pushed. */
static uint32_t info_read(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
{
	const struct access_counters *ac = gpu->mmu->access;

	return NV_NUM(CNT(NOTIFY_BUFFER_INFO_FULL), full(ac)) |
	       NV_MASK(CNT(NOTIFY_BUFFER_INFO_PUSHED)) |
	       NV_NUM(CNT(NOTIFY_BUFFER_INFO_WRITE_NACK), ac->nack);
}

#define CONFIG_RESET \
	(NV_NUM(CNT(CONFIG_THRESHOLD), 0x80) | NV_MASK(CNT(CONFIG_GVA_NOTIFY)) | \
	 NV_MASK(CNT(CONFIG_COUNT_PD)) | NV_MASK(CNT(CONFIG_COUNT_PCIE)))
#define CONFIG_RW \
	(NV_MASK(CNT(CONFIG_THRESHOLD)) | NV_MASK(CNT(CONFIG_MIMC_GRANULARITY)) | \
	 NV_MASK(CNT(CONFIG_MOMC_GRANULARITY)) | NV_MASK(CNT(CONFIG_GVA_NOTIFY)) | \
	 NV_MASK(CNT(CONFIG_COUNT_PD)) | NV_MASK(CNT(CONFIG_COUNT_PCIE)))

static const struct mmio_reg regs[] = {
	{ VF(ACCESS_COUNTER_CONFIG), .name = "ACCESS_COUNTER_CONFIG", .reset = CONFIG_RESET,
	  .rw = CONFIG_RW, .read = config_read, .write = config_written },
	{ VF(ACCESS_COUNTER_NOTIFY_BUFFER_LO), .name = "ACCESS_COUNTER_NOTIFY_BUFFER_LO",
	  .rw = NV_MASK(CNT(NOTIFY_BUFFER_LO_EN)) | NV_MASK(CNT(NOTIFY_BUFFER_LO_BASE)),
	  .read = lo_read, .write = lo_written },
	{ VF(ACCESS_COUNTER_NOTIFY_BUFFER_HI), .name = "ACCESS_COUNTER_NOTIFY_BUFFER_HI",
	  .rw = ~0u, .read = hi_read, .write = hi_written },
	{ VF(ACCESS_COUNTER_NOTIFY_BUFFER_SIZE), .name = "ACCESS_COUNTER_NOTIFY_BUFFER_SIZE",
	  .reset = CNT(NOTIFY_BUFFER_SIZE_HW_ENTRIES) },
	{ VF(ACCESS_COUNTER_NOTIFY_BUFFER_GET), .name = "ACCESS_COUNTER_NOTIFY_BUFFER_GET",
	  .rw = NV_MASK(CNT(NOTIFY_BUFFER_GET_OFFSET_HW)), .read = get_read,
	  .write = get_written },
	{ VF(ACCESS_COUNTER_NOTIFY_BUFFER_PUT), .name = "ACCESS_COUNTER_NOTIFY_BUFFER_PUT",
	  .read = put_read },
	{ VF(ACCESS_COUNTER_NOTIFY_BUFFER_INFO), .name = "ACCESS_COUNTER_NOTIFY_BUFFER_INFO",
	  .reset = NV_MASK(CNT(NOTIFY_BUFFER_INFO_PUSHED)), .read = info_read },
};

static const struct mmio_block block = { "mmu", regs, sizeof(regs) / sizeof(regs[0]) };

int access_counter_init(struct gpu *gpu)
{
	struct access_counters *ac = calloc(1, sizeof(*ac));

	if (!ac)
		return -ENOMEM;
	pthread_mutex_init(&ac->lock, NULL);
	ac->config = CONFIG_RESET;
	gpu->mmu->access = ac;
	mmio_register(gpu, &block);
	return 0;
}

void access_counter_reset(struct gpu *gpu)
{
	struct access_counters *ac = gpu->mmu->access;

	atomic_store(&ac->on, false);
	pthread_mutex_lock(&ac->lock);
	memset(ac->table, 0, sizeof(ac->table));
	ac->config = CONFIG_RESET;
	pthread_mutex_unlock(&ac->lock);
	ac->lo = ac->hi = ac->get = ac->put = ac->nwaiting = 0;
	ac->nack = false;
}

void access_counter_fini(struct gpu *gpu)
{
	if (!gpu->mmu->access)
		return;
	pthread_mutex_destroy(&gpu->mmu->access->lock);
	free(gpu->mmu->access);
	gpu->mmu->access = NULL;
}
