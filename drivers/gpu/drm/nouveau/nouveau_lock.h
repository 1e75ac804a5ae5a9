/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_LOCK_H__
#define __NOUVEAU_LOCK_H__

/*
 * THE lock table, outer to inner. A thread takes them in this order only.
 *
 *  #  lock                      protects                     forbidden while held
 *  1  mmap_lock (core mm)       VMAs; taken only inside      taking it under 2..7
 *                               nouveau_svm/dmem helpers
 *                               and by the core around
 *                               notifiers and CPU faults
 *  2  dmem->enable_lock         makes the pagemap once       everything of SVM
 *     (mutex)
 *  3  -                         mirrors are counted, blocks  -
 *                               and windows are found in
 *                               xarrays; a block's masks
 *                               and heat are under 5
 *  3a evict->walk (mutex)       one walk of the VRAM LRU     taking it under 4..7; the
 *                                                            walk only tries 4
 *  4  dma_resv (drm_exec)       BO placement and mappings    copy_*_user, 1..3
 *  4a pt->grow (mutex)          who adds tables to a tree;   copy_*_user; taking it in
 *                               VRAM for them may be         notifiers. What it allocates
 *                               allocated, and evicted for   is evicted by trylock of 4
 *  4b vm->lock, bar2->lock,     addresses; slabs of tables;  every other lock
 *     pt_pool->lock, VRAM       VRAM blocks
 *     manager (mutexes)
 *  5  pt->lock (mutex)          one page-table tree; it is   allocation, dma_fence waits;
 *     nouveau_pt_lock()         the notifier lock            only bounded TLB waits
 *  6  exec->lock, copy dir->lock, rings and what feeds them;  waiting for the GPU except for
 *     chan->lock (mutexes, in   fifo->lock: runlists and     ring space and a preemption; not
 *     this order; fifo->lock    binding, and whose error     in notifiers
 *     beside chan->lock)        one is
 *  7  spinlocks: tlb->lock,     their struct                 every other lock, sleeping
 *     irq tree,
 *     dmem->lock, ->stream_lock,
 *     ->stock.lock, fence ctx->lock,
 *     evict->lock,
 *     svm by_vm (xarray), svm queue,
 *     log->lock
 *
 * MMU notifier callbacks take 5 and 7 only (trylock 5 when the range is not
 * blockable) and never allocate. migrate_to_ram() enters under core mm locks
 * and takes 6 and 7; so does the eviction of a chunk, which enters under 4. That of a
 * replica takes 5 and waits for TLBs, as a notifier does.
 * No lock of the driver is held around hmm_range_fault() or migrate_vma_*():
 * what they race with is sorted out by the notifier's sequence under 5.
 *
 * The deadlock to keep impossible: notifier waits for the GPU -> GPU waits for
 * fault service -> service waits for the notifier lock. Hence a notifier waits
 * for nothing but a TLB invalidate, which the hardware completes even while
 * every warp is parked.
 */

#endif
