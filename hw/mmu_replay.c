// SPDX-License-Identifier: MIT
/*
 * Requests that faulted and wait: the replay lists of the uTLBs. A replay
 * translates each again through its own TLB; a cancel turns those that fault
 * again, or that it names by address, into non-replayable faults.
 */
#include "fault_buffer.h"
#include "inject.h"
#include "log.h"
#include "mmu_priv.h"
#include "mmu_walk.h"
#include "nvhw/nv_field.h"
#include "nvhw/tu104/dev_fault.h"
#include "nvhw/tu104/dev_fault_client.h"
#include "nvhw/tu104/pri_mmu_hub.h"

#define CANCEL(x)	NV_PFB_PRI_MMU_INVALIDATE_CACHE_LEVEL_CANCEL_##x

static const uint8_t access_types[] = {
	[MMU_READ] = NV_PFAULT_ACCESS_TYPE_VIRT_READ,
	[MMU_WRITE] = NV_PFAULT_ACCESS_TYPE_VIRT_WRITE,
	[MMU_ATOMIC] = NV_PFAULT_ACCESS_TYPE_VIRT_ATOMIC_STRONG,
	[MMU_PREFETCH] = NV_PFAULT_ACCESS_TYPE_VIRT_PREFETCH,
};

static void list_init(struct park_list *l)
{
	l->first = NULL;
	l->last = &l->first;
}

static void list_add(struct park_list *l, struct mmu_park *p)
{
	p->next = NULL;
	p->pprev = l->last;
	*l->last = p;
	l->last = &p->next;
}

static void list_del(struct mmu *mmu, struct mmu_park *p)
{
	if (p->next)
		p->next->pprev = p->pprev;
	else if (mmu->parked.last == &p->next)
		mmu->parked.last = p->pprev;
	else
		mmu->retrying.last = p->pprev;
	*p->pprev = p->next;
}

static struct fault_report make_report(const struct mmu_as *as, const struct mmu_client *client,
				       uint64_t va, enum mmu_access access,
				       unsigned int fault_type)
{
	return (struct fault_report){
		.inst = as->inst,
		.inst_aperture = as->inst_aperture,
		.client = *client,
		.va = va & MMU_VA_MASK,
		.access_type = access_types[access],
		.fault_type = fault_type,
		.replayable_en = as->replay_tex || as->replay_gcc,
	};
}

static void report(struct gpu *gpu, const struct mmu_as *as, const struct mmu_client *client,
		   uint64_t va, enum mmu_access access, unsigned int fault_type, bool replayable)
{
	struct fault_report r = make_report(as, client, va, access, fault_type);

	r.replayable = replayable;
	if (client->engine_id >= NV_PFAULT_MMU_ENG_ID_BAR1)
		fault_info_latch(gpu, &r);
	else
		fault_report(gpu, &r);
}

void mmu_fault_info_locked(struct gpu *gpu, const struct mmu_as *as,
			   const struct mmu_client *client, uint64_t va,
			   enum mmu_access access, uint8_t fault_type)
{
	struct fault_report r = make_report(as, client, va, access, fault_type);

	fault_info_latch(gpu, &r);
}

void mmu_fault_fatal_locked(struct gpu *gpu, const struct mmu_as *as,
			    const struct mmu_client *client, uint64_t va,
			    enum mmu_access access, uint8_t fault_type)
{
	report(gpu, as, client, va, access, fault_type, false);
}

void mmu_fault_fatal(struct gpu *gpu, const struct mmu_as *as, const struct mmu_client *client,
		     uint64_t va, enum mmu_access access, uint8_t fault_type)
{
	pthread_mutex_lock(&gpu->lock);
	mmu_fault_fatal_locked(gpu, as, client, va, access, fault_type);
	pthread_mutex_unlock(&gpu->lock);
}

static bool may_replay(const struct mmu_park *p)
{
	if (p->client.hub)
		return false;
	return p->client.client == NV_PFAULT_CLIENT_GPC_GCC ? p->as->replay_gcc :
							      p->as->replay_tex;
}

enum mmu_park_state mmu_fault_replayable(struct gpu *gpu, struct mmu_park *p)
{
	enum mmu_park_state state;

	pthread_mutex_lock(&gpu->lock);
	if (p->access == MMU_PREFETCH) {
		/* nobody waits for it: one packet if wanted, gone with the next replay */
		if (!fault_prefetch_filtered(gpu))
			report(gpu, p->as, &p->client, p->va, p->access, p->fault_type,
			       may_replay(p));
		state = MMU_IDLE;
	} else if (may_replay(p)) {
		list_add(&gpu->mmu->parked, p);
		state = MMU_PARKED;
		report(gpu, p->as, &p->client, p->va, p->access, p->fault_type, true);
	} else {
		report(gpu, p->as, &p->client, p->va, p->access, p->fault_type, false);
		state = MMU_CANCELLED;
	}
	atomic_store(&p->state, state);
	pthread_mutex_unlock(&gpu->lock);
	return state;
}

void mmu_unpark(struct gpu *gpu, struct mmu_park *p)
{
	if (atomic_load(&p->state) == MMU_PARKED)
		list_del(gpu->mmu, p);
	atomic_store(&p->state, MMU_IDLE);
}

static void finish(struct mmu_park *p, enum mmu_park_state state)
{
	void (*wake)(void *owner) = p->wake;
	void *owner = p->owner;

	/* from here on the owner may park it anew, on another thread */
	atomic_store(&p->state, state);
	if (wake)
		wake(owner);
}

static void cancel(struct gpu *gpu, struct mmu_park *p)
{
	count(gpu, faults_cancelled);
	report(gpu, p->as, &p->client, p->va, p->access, p->fault_type, false);
	finish(p, MMU_CANCELLED);
}

/* Which requests a replay operation concerns, and what becomes of them. */
enum verdict { LEAVE, RETRY, RETRY_OR_CANCEL, CANCEL_NOW };

/*
 * uTLBs of a GPC: one for RAST, GCC and GPCCS, one per TPC for its PE, TPCCS
 * and two T1. Client codes of a kind are not contiguous.
 */
#define UTLB_RGG	0x80u
#define UTLB_NONE	0xffu

static const struct utlb_range { uint8_t first, last, tpc, per_tpc; } utlb_ranges[] = {
	{ NV_PFAULT_CLIENT_GPC_T1_0, NV_PFAULT_CLIENT_GPC_T1_7, 0, 2 },
	{ NV_PFAULT_CLIENT_GPC_PE_0, NV_PFAULT_CLIENT_GPC_PE_7, 0, 1 },
	{ NV_PFAULT_CLIENT_GPC_T1_8, NV_PFAULT_CLIENT_GPC_T1_15, 4, 2 },
	{ NV_PFAULT_CLIENT_GPC_TPCCS_0, NV_PFAULT_CLIENT_GPC_TPCCS_7, 0, 1 },
	{ NV_PFAULT_CLIENT_GPC_PE_8, NV_PFAULT_CLIENT_GPC_PE_9, 8, 1 },
	{ NV_PFAULT_CLIENT_GPC_TPCCS_8, NV_PFAULT_CLIENT_GPC_TPCCS_9, 8, 1 },
	{ NV_PFAULT_CLIENT_GPC_T1_16, NV_PFAULT_CLIENT_GPC_T1_19, 8, 2 },
	{ NV_PFAULT_CLIENT_GPC_PE_10, NV_PFAULT_CLIENT_GPC_PE_11, 10, 1 },
	{ NV_PFAULT_CLIENT_GPC_TPCCS_10, NV_PFAULT_CLIENT_GPC_TPCCS_11, 10, 1 },
	{ NV_PFAULT_CLIENT_GPC_T1_20, NV_PFAULT_CLIENT_GPC_T1_23, 10, 2 },
	/* further ones have codes above 0x3f: no cancel can name them */
};

static unsigned int utlb_of(unsigned int client)
{
	if (client == NV_PFAULT_CLIENT_GPC_RAST || client == NV_PFAULT_CLIENT_GPC_GCC ||
	    client == NV_PFAULT_CLIENT_GPC_GPCCS)
		return UTLB_RGG;
	for (unsigned int i = 0; i < sizeof(utlb_ranges) / sizeof(utlb_ranges[0]); i++) {
		const struct utlb_range *r = &utlb_ranges[i];

		if (client >= r->first && client <= r->last)
			return r->tpc + (client - r->first) / r->per_tpc;
	}
	return UTLB_NONE;
}

static bool in_target(const struct mmu_invalidate *inv, const struct mmu_park *p)
{
	unsigned int utlb = utlb_of(inv->cancel_client);

	return !inv->cancel_hub && utlb != UTLB_NONE && p->client.gpc == inv->cancel_gpc &&
	       utlb_of(p->client.client) == utlb;
}

static bool access_named(unsigned int named, enum mmu_access access)
{
	switch (named) {
	case CANCEL(READ):
		return access == MMU_READ;
	case CANCEL(WRITE):
		return access == MMU_WRITE;
	case CANCEL(ATOMIC_STRONG):
	case CANCEL(ATOMIC_ALL):
		return access == MMU_ATOMIC;
	case CANCEL(WRITE_AND_ATOMIC):
		return access == MMU_WRITE || access == MMU_ATOMIC;
	case CANCEL(ALL):
		return true;
	}
	return false;	/* ATOMIC_WEAK: the SM model issues strong ones only */
}

static bool named_by_va(const struct mmu_invalidate *inv, const struct mmu_park *p)
{
	return !inv->all_pdb && !inv->all_va &&
	       ((p->va ^ inv->va) & MMU_VA_MASK) >> 12 == 0 &&
	       p->client.engine_id == inv->cancel_engine && p->as->pdb == inv->pdb &&
	       (p->as->pdb_aperture == APERTURE_VRAM) == (inv->pdb_aperture == APERTURE_VRAM) &&
	       access_named(inv->cancel_access, p->access);
}

static enum verdict judge(const struct mmu_invalidate *inv, const struct mmu_park *p)
{
	switch (inv->replay) {
	case REPLAY_NONE:
		return LEAVE;
	case REPLAY_START:
	case REPLAY_START_ACK_ALL:
		return RETRY;
	case REPLAY_CANCEL_TARGETED:
		return in_target(inv, p) ? RETRY_OR_CANCEL : LEAVE;
	case REPLAY_CANCEL_GLOBAL:
		return RETRY_OR_CANCEL;
	case REPLAY_CANCEL_VA_GLOBAL:
		return named_by_va(inv, p) ? CANCEL_NOW : RETRY;
	}
	return LEAVE;
}

static bool translates(struct gpu *gpu, struct mmu_park *p)
{
	enum mmu_result res;
	struct mmu_xlat x;

	tlb_lock(p->tlb);
	res = mmu_translate(gpu, p->tlb, p->as, p->va, p->access, &x);
	tlb_unlock(p->tlb);
	if (res == MMU_FAULT)
		p->fault_type = x.fault_type;
	return res == MMU_OK;
}

static void retry_all(struct gpu *gpu, const struct mmu_invalidate *inv)
{
	struct mmu *mmu = gpu->mmu;
	struct mmu_park *p;

	/* Take the list as it is: what faults again joins a new one. */
	mmu->retrying = mmu->parked;
	if (mmu->retrying.first)
		mmu->retrying.first->pprev = &mmu->retrying.first;
	else
		list_init(&mmu->retrying);
	list_init(&mmu->parked);

	while ((p = mmu->retrying.first)) {
		enum verdict v = judge(inv, p);

		list_del(mmu, p);
		if (v == LEAVE) {
			list_add(&mmu->parked, p);
		} else if (v == CANCEL_NOW) {
			cancel(gpu, p);
		} else if (translates(gpu, p)) {
			finish(p, MMU_REPLAYED);
		} else if (v == RETRY_OR_CANCEL) {
			cancel(gpu, p);
		} else {
			list_add(&mmu->parked, p);
			report(gpu, p->as, &p->client, p->va, p->access, p->fault_type, true);
		}
	}
}

static void late_replay(struct gpu *gpu, const void *arg)
{
	retry_all(gpu, arg);
}

static void check_cancel(const struct mmu_invalidate *inv)
{
	if (inv->replay == REPLAY_CANCEL_VA_GLOBAL && (inv->all_pdb || inv->all_va))
		log_guest_error("mmu", "CANCEL_VA_GLOBAL without an address space or address");
	if (inv->replay == REPLAY_CANCEL_TARGETED &&
	    (inv->cancel_hub || utlb_of(inv->cancel_client) == UTLB_NONE))
		log_guest_error("mmu", "CANCEL_TARGETED of %s client %#x, which replays nothing",
				inv->cancel_hub ? "hub" : "GPC", inv->cancel_client);
}

void replay_run(struct gpu *gpu, const struct mmu_invalidate *inv)
{
	switch (inv->replay) {
	case REPLAY_NONE:
		return;
	case REPLAY_START:
	case REPLAY_START_ACK_ALL:
		count(gpu, replays);
		break;
	case REPLAY_CANCEL_TARGETED:
	case REPLAY_CANCEL_GLOBAL:
	case REPLAY_CANCEL_VA_GLOBAL:
		count(gpu, cancels);
		check_cancel(inv);
		break;
	default:
		log_guest_error("mmu", "replay mode %u", inv->replay);
		return;
	}
	/* Only START acknowledges before the requests were translated. */
	if (inv->replay == REPLAY_START && inject_hit(gpu, INJECT_SLOW_REPLAY) &&
	    late_post(gpu, late_replay, inv, sizeof(*inv)))
		return;
	retry_all(gpu, inv);
}

void replay_init(struct mmu *mmu)
{
	list_init(&mmu->parked);
	list_init(&mmu->retrying);
}

void replay_reset(struct gpu *gpu)
{
	while (gpu->mmu->parked.first)
		mmu_unpark(gpu, gpu->mmu->parked.first);
}
