/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * One tracepoint per step of a fault's life, in the order they fire:
 *
 *   fault, batch, plan, hmm_walk, migrate, copy, pt_commit, tlb, replay, cancel
 *
 * and beside it take_page, notifier, cpu_fault and evict. Fields mean the same everywhere:
 * svm tells address spaces apart, [va, end) is a range of user addresses, pages
 * counts 4 KiB pages.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM nouveau

#if !defined(__NOUVEAU_TRACE_H__) || defined(TRACE_HEADER_MULTI_READ)
#define __NOUVEAU_TRACE_H__

#include <linux/tracepoint.h>
#include <linux/types.h>

#include "nouveau_fault.h"

#define show_access(a) __print_symbolic(a, { NOUVEAU_ACCESS_PREFETCH, "prefetch" },	\
	{ NOUVEAU_ACCESS_READ, "read" }, { NOUVEAU_ACCESS_WRITE, "write" },		\
	{ NOUVEAU_ACCESS_ATOMIC, "atomic" })

/* Values: enum nouveau_plan_reason. */
#define show_reason(r) __print_symbolic(r, { 0, "in-place" }, { 1, "hot" },		\
	{ 2, "write" }, { 3, "atomic" }, { 4, "thrash" }, { 5, "no-vram" }, { 6, "refused" },	\
	{ 7, "stream" }, { 8, "advice" })

TRACE_EVENT(nouveau_fault,
	TP_PROTO(const struct nouveau_fault *f),
	TP_ARGS(f),
	TP_STRUCT__entry(
		__field(u64, inst)
		__field(u64, va)
		__field(u64, gpu_ns)
		__field(u16, engine)
		__field(u8, access)
		__field(u8, type)
		__field(u8, client)
		__field(u8, gpc)
		__field(bool, replayable)
	),
	TP_fast_assign(
		__entry->inst = f->inst;
		__entry->va = f->va;
		__entry->gpu_ns = f->timestamp;
		__entry->engine = f->hw.engine;
		__entry->access = f->access;
		__entry->type = f->hw.type;
		__entry->client = f->hw.client;
		__entry->gpc = f->hw.gpc;
		__entry->replayable = f->replayable;
	),
	TP_printk("inst=0x%llx va=0x%llx access=%s type=%u engine=%u gpc=%u client=0x%x replayable=%d gpu_ns=%llu",
		  __entry->inst, __entry->va, show_access(__entry->access), __entry->type,
		  __entry->engine, __entry->gpc, __entry->client, __entry->replayable,
		  __entry->gpu_ns)
);

/* A client's share of a batch, served; stale: faults that were solved already. */
TRACE_EVENT(nouveau_batch,
	TP_PROTO(const void *svm, unsigned int faults, unsigned int unique, unsigned int blocks,
		 unsigned int stale, u64 ns),
	TP_ARGS(svm, faults, unique, blocks, stale, ns),
	TP_STRUCT__entry(
		__field(const void *, svm)
		__field(u32, faults)
		__field(u32, unique)
		__field(u32, blocks)
		__field(u32, stale)
		__field(u64, ns)
	),
	TP_fast_assign(
		__entry->svm = svm;
		__entry->faults = faults;
		__entry->unique = unique;
		__entry->blocks = blocks;
		__entry->stale = stale;
		__entry->ns = ns;
	),
	TP_printk("svm=%p faults=%u unique=%u blocks=%u stale=%u ns=%llu", __entry->svm,
		  __entry->faults, __entry->unique, __entry->blocks, __entry->stale, __entry->ns)
);

TRACE_EVENT(nouveau_plan,
	TP_PROTO(const void *svm, u64 va, u64 end, unsigned int faulted, unsigned int migrate,
		 unsigned int want, unsigned int refuse, unsigned int reason),
	TP_ARGS(svm, va, end, faulted, migrate, want, refuse, reason),
	TP_STRUCT__entry(
		__field(const void *, svm)
		__field(u64, va)
		__field(u64, end)
		__field(u32, faulted)
		__field(u32, migrate)
		__field(u32, want)
		__field(u32, refuse)
		__field(u32, reason)
	),
	TP_fast_assign(
		__entry->svm = svm;
		__entry->va = va;
		__entry->end = end;
		__entry->faulted = faulted;
		__entry->migrate = migrate;
		__entry->want = want;
		__entry->refuse = refuse;
		__entry->reason = reason;
	),
	TP_printk("svm=%p va=0x%llx end=0x%llx faulted=%u migrate=%u want=%u refuse=%u reason=%s",
		  __entry->svm, __entry->va, __entry->end, __entry->faulted, __entry->migrate,
		  __entry->want, __entry->refuse, show_reason(__entry->reason))
);

DECLARE_EVENT_CLASS(nouveau_range_result,
	TP_PROTO(const void *svm, u64 va, u64 end, unsigned int pages, int err),
	TP_ARGS(svm, va, end, pages, err),
	TP_STRUCT__entry(
		__field(const void *, svm)
		__field(u64, va)
		__field(u64, end)
		__field(u32, pages)
		__field(int, err)
	),
	TP_fast_assign(
		__entry->svm = svm;
		__entry->va = va;
		__entry->end = end;
		__entry->pages = pages;
		__entry->err = err;
	),
	TP_printk("svm=%p va=0x%llx end=0x%llx pages=%u err=%d", __entry->svm, __entry->va,
		  __entry->end, __entry->pages, __entry->err)
);

/* One walk of the CPU's page tables; pages: those found present. */
DEFINE_EVENT(nouveau_range_result, nouveau_hmm_walk,
	TP_PROTO(const void *svm, u64 va, u64 end, unsigned int pages, int err),
	TP_ARGS(svm, va, end, pages, err));
/* PTEs written; err is -EAGAIN when a notifier came first. */
DEFINE_EVENT(nouveau_range_result, nouveau_pt_commit,
	TP_PROTO(const void *svm, u64 va, u64 end, unsigned int pages, int err),
	TP_ARGS(svm, va, end, pages, err));

TRACE_EVENT(nouveau_migrate,
	TP_PROTO(u64 va, u64 end, bool to_vram, unsigned int collected, unsigned int moved,
		 int err),
	TP_ARGS(va, end, to_vram, collected, moved, err),
	TP_STRUCT__entry(
		__field(u64, va)
		__field(u64, end)
		__field(u32, collected)
		__field(u32, pages)
		__field(int, err)
		__field(bool, to_vram)
	),
	TP_fast_assign(
		__entry->va = va;
		__entry->end = end;
		__entry->collected = collected;
		__entry->pages = moved;
		__entry->err = err;
		__entry->to_vram = to_vram;
	),
	TP_printk("va=0x%llx end=0x%llx to=%s collected=%u pages=%u err=%d", __entry->va,
		  __entry->end, __entry->to_vram ? "vram" : "sys", __entry->collected,
		  __entry->pages, __entry->err)
);

TRACE_EVENT(nouveau_copy,
	TP_PROTO(bool to_vram, unsigned int pages, unsigned int cleared, u64 ns, int err),
	TP_ARGS(to_vram, pages, cleared, ns, err),
	TP_STRUCT__entry(
		__field(u32, pages)
		__field(u32, cleared)
		__field(u64, ns)
		__field(int, err)
		__field(bool, to_vram)
	),
	TP_fast_assign(
		__entry->pages = pages;
		__entry->cleared = cleared;
		__entry->ns = ns;
		__entry->err = err;
		__entry->to_vram = to_vram;
	),
	TP_printk("to=%s pages=%u cleared=%u ns=%llu err=%d", __entry->to_vram ? "vram" : "sys",
		  __entry->pages, __entry->cleared, __entry->ns, __entry->err)
);

TRACE_EVENT(nouveau_tlb,
	TP_PROTO(const void *svm, u64 va, u64 end, bool downgrade),
	TP_ARGS(svm, va, end, downgrade),
	TP_STRUCT__entry(
		__field(const void *, svm)
		__field(u64, va)
		__field(u64, end)
		__field(bool, downgrade)
	),
	TP_fast_assign(
		__entry->svm = svm;
		__entry->va = va;
		__entry->end = end;
		__entry->downgrade = downgrade;
	),
	TP_printk("svm=%p va=0x%llx end=0x%llx downgrade=%d", __entry->svm, __entry->va,
		  __entry->end, __entry->downgrade)
);

TRACE_EVENT(nouveau_replay,
	TP_PROTO(unsigned int ranges, bool wait_all, int err),
	TP_ARGS(ranges, wait_all, err),
	TP_STRUCT__entry(
		__field(u32, ranges)
		__field(bool, wait_all)
		__field(int, err)
	),
	TP_fast_assign(
		__entry->ranges = ranges;
		__entry->wait_all = wait_all;
		__entry->err = err;
	),
	TP_printk("ranges=%u wait_all=%d err=%d", __entry->ranges, __entry->wait_all,
		  __entry->err)
);

TRACE_EVENT(nouveau_cancel,
	TP_PROTO(unsigned int chid, const struct nouveau_fault *f, bool all),
	TP_ARGS(chid, f, all),
	TP_STRUCT__entry(
		__field(u32, chid)
		__field(u64, va)
		__field(u8, access)
		__field(bool, all)
	),
	TP_fast_assign(
		__entry->chid = chid;
		__entry->va = f->va;
		__entry->access = f->access;
		__entry->all = all;
	),
	TP_printk("chid=%u va=0x%llx access=%s what=%s", __entry->chid, __entry->va,
		  show_access(__entry->access), __entry->all ? "all" : "write+atomic")
);

/* event: enum mmu_notifier_event; zapped: whether the GPU had anything there. */
TRACE_EVENT(nouveau_notifier,
	TP_PROTO(const void *svm, u64 va, u64 end, unsigned int event, bool own, bool zapped),
	TP_ARGS(svm, va, end, event, own, zapped),
	TP_STRUCT__entry(
		__field(const void *, svm)
		__field(u64, va)
		__field(u64, end)
		__field(u32, event)
		__field(bool, own)
		__field(bool, zapped)
	),
	TP_fast_assign(
		__entry->svm = svm;
		__entry->va = va;
		__entry->end = end;
		__entry->event = event;
		__entry->own = own;
		__entry->zapped = zapped;
	),
	TP_printk("svm=%p va=0x%llx end=0x%llx event=%u own=%d zapped=%d", __entry->svm,
		  __entry->va, __entry->end, __entry->event, __entry->own, __entry->zapped)
);

TRACE_EVENT(nouveau_cpu_fault,
	TP_PROTO(u64 va, u64 end, unsigned int pages, int err),
	TP_ARGS(va, end, pages, err),
	TP_STRUCT__entry(
		__field(u64, va)
		__field(u64, end)
		__field(u32, pages)
		__field(int, err)
	),
	TP_fast_assign(
		__entry->va = va;
		__entry->end = end;
		__entry->pages = pages;
		__entry->err = err;
	),
	TP_printk("va=0x%llx end=0x%llx pages=%u err=%d", __entry->va, __entry->end,
		  __entry->pages, __entry->err)
);

TRACE_EVENT(nouveau_take_page,
	TP_PROTO(const void *svm, u64 va, int err),
	TP_ARGS(svm, va, err),
	TP_STRUCT__entry(
		__field(const void *, svm)
		__field(u64, va)
		__field(int, err)
	),
	TP_fast_assign(
		__entry->svm = svm;
		__entry->va = va;
		__entry->err = err;
	),
	TP_printk("svm=%p va=0x%llx err=%d", __entry->svm, __entry->va, __entry->err)
);

TRACE_EVENT(nouveau_evict,
	TP_PROTO(u64 vram, u64 bytes, unsigned int pages, int err),
	TP_ARGS(vram, bytes, pages, err),
	TP_STRUCT__entry(
		__field(u64, vram)
		__field(u64, bytes)
		__field(u32, pages)
		__field(int, err)
	),
	TP_fast_assign(
		__entry->vram = vram;
		__entry->bytes = bytes;
		__entry->pages = pages;
		__entry->err = err;
	),
	TP_printk("vram=0x%llx bytes=0x%llx pages=%u err=%d", __entry->vram, __entry->bytes,
		  __entry->pages, __entry->err)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE nouveau_trace
#include <trace/define_trace.h>
