// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Read-only views of a device, in <debugfs>/dri/<device>/:
 *
 *   counters     one "name value" per line (nouveau_stats.h)
 *   memory       VRAM and GART managers
 *   page_tables  every client's address space, one line per contiguous run
 *   fault_ring   fault buffers and the last batches
 *   svm_blocks   every 2 MiB block of every mirror
 *   access       access counters: registers and what they led to
 *
 * and, from nouveau_svm.c, the knobs of its policy.
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include <drm/drm_debugfs.h>
#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_print.h>
#include <drm/ttm/ttm_device.h>
#include <drm/ttm/ttm_placement.h>
#include <drm/ttm/ttm_resource.h>

#include "nouveau_access_service.h"
#include "nouveau_client.h"
#include "nouveau_device.h"
#include "nouveau_drv.h"
#include "nouveau_evict.h"
#include "nouveau_fault_service.h"
#include "nouveau_svm.h"
#include "nouveau_vm.h"
#include "nouveau_vram.h"

static struct nouveau_device *seq_device(struct seq_file *m)
{
	struct drm_debugfs_entry *entry = m->private;

	return to_nouveau(entry->dev);
}

static const char * const counter_names[] = {
	[NOUVEAU_STAT_MMIO_READ] = "mmio_reads",
	[NOUVEAU_STAT_MMIO_WRITE] = "mmio_writes",
	[NOUVEAU_STAT_INTERRUPT] = "interrupts",
	[NOUVEAU_STAT_FAULT] = "faults",
	[NOUVEAU_STAT_FAULT_DUPLICATE] = "faults_duplicate",
	[NOUVEAU_STAT_FAULT_PREFETCH] = "faults_prefetch",
	[NOUVEAU_STAT_PREFETCH_STORM] = "prefetch_storms",
	[NOUVEAU_STAT_FAULT_STALE] = "faults_stale",
	[NOUVEAU_STAT_FAULT_DEFERRED] = "faults_deferred",
	[NOUVEAU_STAT_FAULT_FATAL] = "faults_fatal",
	[NOUVEAU_STAT_FAULT_NONREPLAYABLE] = "faults_nonreplayable",
	[NOUVEAU_STAT_FAULT_OVERFLOW] = "fault_overflows",
	[NOUVEAU_STAT_BATCH] = "fault_batches",
	[NOUVEAU_STAT_BLOCK] = "fault_blocks",
	[NOUVEAU_STAT_TURN_ASIDE] = "turns_aside",
	[NOUVEAU_STAT_REPLAY] = "replays",
	[NOUVEAU_STAT_CANCEL] = "cancels",
	[NOUVEAU_STAT_TLB_INVALIDATE] = "tlb_invalidates",
	[NOUVEAU_STAT_PT_PUSH] = "pt_pushes",
	[NOUVEAU_STAT_PTE_WRITE] = "pte_writes",
	[NOUVEAU_STAT_HMM_WALK] = "hmm_walks",
	[NOUVEAU_STAT_HMM_RETRY] = "hmm_retries",
	[NOUVEAU_STAT_NOTIFIER] = "notifier_calls",
	[NOUVEAU_STAT_CPU_FAULT] = "cpu_faults",
	[NOUVEAU_STAT_PAGES_TO_VRAM] = "pages_to_vram",
	[NOUVEAU_STAT_PAGES_TO_SYS] = "pages_to_sys",
	[NOUVEAU_STAT_PAGES_MAPPED_SYS] = "pages_mapped_sys",
	[NOUVEAU_STAT_PAGES_MAPPED_VRAM] = "pages_mapped_vram",
	[NOUVEAU_STAT_PAGES_EXCLUSIVE] = "pages_exclusive",
	[NOUVEAU_STAT_PAGES_REPLICATED] = "pages_replicated",
	[NOUVEAU_STAT_REPLICAS_DROPPED] = "replicas_dropped",
	[NOUVEAU_STAT_HUGE_TO_VRAM] = "huge_to_vram",
	[NOUVEAU_STAT_HUGE_TO_SYS] = "huge_to_sys",
	[NOUVEAU_STAT_HUGE_SPLIT] = "huge_splits",
	[NOUVEAU_STAT_COPY_RETRY] = "copy_retries",
	[NOUVEAU_STAT_PAGES_BY_CPU] = "pages_by_cpu",
	[NOUVEAU_STAT_MIGRATE_PARTIAL] = "migrate_partial",
	[NOUVEAU_STAT_MIGRATE_NOVRAM] = "migrate_no_vram",
	[NOUVEAU_STAT_EVICT_CHUNK] = "evicted_chunks",
	[NOUVEAU_STAT_EVICT_BO] = "evicted_bos",
	[NOUVEAU_STAT_EVICT_SYNC] = "evictions_waited_for",
	[NOUVEAU_STAT_PAGES_EVICTED] = "pages_evicted",
	[NOUVEAU_STAT_PAGES_REFAULTED] = "pages_refaulted",
	[NOUVEAU_STAT_ACCESS_NOTIFY] = "access_notifications",
	[NOUVEAU_STAT_PAGES_PROMOTED] = "pages_promoted",
	[NOUVEAU_STAT_NS_COLLECT] = "ns_collect",
	[NOUVEAU_STAT_NS_ALLOC] = "ns_alloc",
	[NOUVEAU_STAT_NS_DMA] = "ns_dma",
	[NOUVEAU_STAT_NS_COPY] = "ns_copy",
	[NOUVEAU_STAT_NS_COPY_WAIT] = "ns_copy_wait",
	[NOUVEAU_STAT_NS_FINISH] = "ns_finish",
	[NOUVEAU_STAT_NS_MAP] = "ns_map",
	[NOUVEAU_STAT_CE_PUSH] = "ce_pushes",
	[NOUVEAU_STAT_CE_COPY] = "ce_copies",
	[NOUVEAU_STAT_CE_BYTES] = "ce_bytes",
	[NOUVEAU_STAT_DOORBELL] = "doorbells",
	[NOUVEAU_STAT_SUBMIT] = "submits",
	[NOUVEAU_STAT_CHANNEL_KILLED] = "channels_killed",
	[NOUVEAU_STAT_ENGINE_RESET] = "engine_resets",
	[NOUVEAU_STAT_REMOVAL_TIMEOUT] = "removal_timeouts",
};

static_assert(ARRAY_SIZE(counter_names) == NOUVEAU_STAT_COUNT);

static int counters_show(struct seq_file *m, void *unused)
{
	struct nouveau_device *ndev = seq_device(m);
	unsigned int i;

	for (i = 0; i < NOUVEAU_STAT_COUNT; i++)
		seq_printf(m, "%s %lld\n", counter_names[i], atomic64_read(&ndev->stats.v[i]));
	return 0;
}

static int memory_show(struct seq_file *m, void *unused)
{
	struct ttm_device *bdev = nouveau_vram_ttm(seq_device(m));
	struct drm_printer p = drm_seq_file_printer(m);

	ttm_resource_manager_debug(ttm_manager_type(bdev, TTM_PL_VRAM), &p);
	ttm_resource_manager_debug(ttm_manager_type(bdev, TTM_PL_TT), &p);
	return 0;
}

static int page_tables_show(struct seq_file *m, void *unused)
{
	struct nouveau_device *ndev = seq_device(m);
	struct drm_file *file;

	mutex_lock(&ndev->drm.filelist_mutex);
	list_for_each_entry(file, &ndev->drm.filelist, lhead) {
		seq_printf(m, "client %llu: ", file->client_id);
		nouveau_vm_show(nouveau_client(file)->vm, m);
	}
	mutex_unlock(&ndev->drm.filelist_mutex);
	return 0;
}

static int fault_ring_show(struct seq_file *m, void *unused)
{
	nouveau_fault_debugfs_show(seq_device(m), m);
	return 0;
}

static int access_show(struct seq_file *m, void *unused)
{
	nouveau_access_debugfs_show(seq_device(m), m);
	return 0;
}

static int svm_blocks_show(struct seq_file *m, void *unused)
{
	nouveau_svm_debugfs_show(seq_device(m), m);
	return 0;
}

/* These look at the hardware or at what belongs to it: not after unplug. */
#define SHOW_PLUGGED(show)						\
static int show##_plugged(struct seq_file *m, void *unused)		\
{									\
	int idx, err = -ENODEV;						\
									\
	if (drm_dev_enter(&seq_device(m)->drm, &idx)) {			\
		err = show(m, unused);					\
		drm_dev_exit(idx);					\
	}								\
	return err;							\
}

SHOW_PLUGGED(memory_show)
SHOW_PLUGGED(page_tables_show)
SHOW_PLUGGED(fault_ring_show)
SHOW_PLUGGED(svm_blocks_show)
SHOW_PLUGGED(access_show)

static const struct drm_debugfs_info nouveau_debugfs_files[] = {
	{ "counters", counters_show },
	{ "memory", memory_show_plugged },
	{ "page_tables", page_tables_show_plugged },
	{ "fault_ring", fault_ring_show_plugged },
	{ "svm_blocks", svm_blocks_show_plugged },
	{ "access", access_show_plugged },
};

void nouveau_debugfs_init(struct nouveau_device *ndev)
{
	struct dentry *knobs;

	drm_debugfs_add_files(&ndev->drm, nouveau_debugfs_files,
			      ARRAY_SIZE(nouveau_debugfs_files));
	nouveau_fail_debugfs_init(ndev->drm.debugfs_root);
	knobs = nouveau_svm_debugfs_init(ndev, ndev->drm.debugfs_root);
	nouveau_evict_debugfs_init(ndev, knobs);
	nouveau_access_debugfs_init(ndev, knobs);
}
