// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Read-only views of a device, in <debugfs>/dri/<device>/:
 *
 *   counters     one "name value" per line (nouveau_stats.h)
 *   memory       VRAM and GART managers
 *   page_tables  every client's address space, one line per contiguous run
 *   fault_ring   fault buffers and the last batches
 *   svm_blocks   every 2 MiB block of every mirror
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

#include "nouveau_client.h"
#include "nouveau_device.h"
#include "nouveau_drv.h"
#include "nouveau_fault_service.h"
#include "nouveau_svm.h"
#include "nouveau_vm.h"
#include "nouveau_vram.h"

static struct nouveau_device *seq_device(struct seq_file *m)
{
	struct drm_debugfs_entry *entry = m->private;

	return to_nouveau(entry->dev);
}

static int counters_show(struct seq_file *m, void *unused)
{
	static const struct {
		enum nouveau_stat id;
		const char *name;
	} counters[] = {
#define X(id, name) { NOUVEAU_STAT_##id, name },
		NOUVEAU_STATS(X)
#undef X
	};
	struct nouveau_device *ndev = seq_device(m);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(counters); i++)
		seq_printf(m, "%s %lld\n", counters[i].name,
			   atomic64_read(&ndev->stats.v[counters[i].id]));
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

static const struct drm_debugfs_info nouveau_debugfs_files[] = {
	{ "counters", counters_show },
	{ "memory", memory_show_plugged },
	{ "page_tables", page_tables_show_plugged },
	{ "fault_ring", fault_ring_show_plugged },
	{ "svm_blocks", svm_blocks_show_plugged },
};

void nouveau_debugfs_init(struct nouveau_device *ndev)
{
	drm_debugfs_add_files(&ndev->drm, nouveau_debugfs_files,
			      ARRAY_SIZE(nouveau_debugfs_files));
	nouveau_svm_debugfs_init(ndev, ndev->drm.debugfs_root);
}
