// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * ioctls about the device and about channels. Each validates, looks up, calls
 * one function and copies out; GEM_PUSHBUF is nouveau_pushbuf.c, NVIF is
 * nouveau_nvif.c, buffer objects are nouveau_gem.c.
 *
 * A channel is known to its file only. Locks: uapi->lock for the table.
 */
#include <linux/jiffies.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/nouveau_drm.h>

#include <nvhw/tu104/dev_master.h>
#include <nvhw/nv_field.h>

#include "nouveau_client.h"
#include "nouveau_device.h"
#include "nouveau_exec.h"
#include "nouveau_gem.h"
#include "nouveau_uapi.h"
#include "nouveau_vm.h"
#include "nouveau_vram.h"
#include "tu102_boot.h"
#include "tu102_gr.h"

#define CLOSE_TIMEOUT_MS	2000

struct nouveau_uapi {
	struct xarray channels;		/* id -> struct nouveau_exec */
	struct nouveau_nvif *nvif;
};

/* ---- GETPARAM -------------------------------------------------------------------- */

static u64 graph_units(struct nouveau_device *ndev)
{
	unsigned int gpcs, tpcs;

	tu102_gr_units(ndev, &gpcs, &tpcs);
	return gpcs | tpcs << 8;
}

static int getparam(struct nouveau_device *ndev, u64 param, u64 *value)
{
	switch (param) {
	case NOUVEAU_GETPARAM_PCI_VENDOR:
		*value = ndev->pdev->vendor;
		break;
	case NOUVEAU_GETPARAM_PCI_DEVICE:
		*value = ndev->pdev->device;
		break;
	case NOUVEAU_GETPARAM_BUS_TYPE:
		*value = 2;	/* PCI Express */
		break;
	case NOUVEAU_GETPARAM_FB_SIZE:
		*value = nouveau_vram_usable_bytes(ndev);
		break;
	case NOUVEAU_GETPARAM_AGP_SIZE:
		*value = nouveau_gart_bytes(ndev);
		break;
	case NOUVEAU_GETPARAM_CHIPSET_ID:
		*value = NV_PMC_BOOT_42_CHIP_ID_TU104;
		break;
	case NOUVEAU_GETPARAM_VM_VRAM_BASE:
	case NOUVEAU_GETPARAM_HAS_PAGEFLIP:
		*value = 0;
		break;
	case NOUVEAU_GETPARAM_GRAPH_UNITS:
		*value = graph_units(ndev);
		break;
	case NOUVEAU_GETPARAM_PTIMER_TIME:
		*value = tu102_time_ns(ndev);
		break;
	case NOUVEAU_GETPARAM_HAS_BO_USAGE:
		*value = 1;
		break;
	case NOUVEAU_GETPARAM_EXEC_PUSH_MAX:
		*value = NOUVEAU_GEM_MAX_PUSH;
		break;
	case NOUVEAU_GETPARAM_VRAM_BAR_SIZE:
		*value = nouveau_vram_bar1_bytes(ndev);
		break;
	case NOUVEAU_GETPARAM_VRAM_USED:
		*value = nouveau_vram_usable_bytes(ndev) - nouveau_vram_free_bytes(ndev);
		break;
	default:
		return -EINVAL;
	}
	return 0;
}

int nouveau_ioctl_getparam(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_nouveau_getparam *req = data;
	int idx, ret;

	if (!drm_dev_enter(drm, &idx))
		return -ENODEV;
	ret = getparam(to_nouveau(drm), req->param, &req->value);
	drm_dev_exit(idx);
	return ret;
}

/* ---- channels ------------------------------------------------------------------------ */

/*
 * Mesa passes ~0 and a mask of one engine, libdrm's older users 0 and 0. Copy
 * channels go to the engine of copies to system memory, so that a client never
 * shares a runlist with TLB invalidates or clears.
 */
static int channel_engine(const struct drm_nouveau_channel_alloc *req, enum nouveau_engine *engine)
{
	u32 mask = req->fb_ctxdma_handle == ~0u ? req->tt_ctxdma_handle : 0;

	*engine = NOUVEAU_ENGINE_GR;
	if (!mask || mask == NOUVEAU_FIFO_ENGINE_GR)
		return 0;
	if (mask & ~NOUVEAU_FIFO_ENGINE_CE)
		return -EINVAL;
	*engine = NOUVEAU_ENGINE_CE1;
	return 0;
}

static struct nouveau_exec *channel_new(struct nouveau_client *client, enum nouveau_engine engine)
{
	struct nouveau_exec *exec;
	struct nouveau_chan *chan;

	chan = nouveau_chan_new(client->ndev, client->vm, engine,
				nouveau_vm_svm(client->vm) ? NOUVEAU_CHAN_REPLAYABLE : 0);
	if (IS_ERR(chan))
		return ERR_CAST(chan);
	exec = nouveau_exec_new(client->ndev, chan);
	if (IS_ERR(exec))
		nouveau_chan_put(chan);
	return exec;
}

int nouveau_ioctl_channel_alloc(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct nouveau_client *client = nouveau_client(file);
	struct drm_nouveau_channel_alloc *req = data;
	enum nouveau_engine engine;
	struct nouveau_exec *exec;
	unsigned int id;
	int idx, ret;

	ret = channel_engine(req, &engine);
	if (ret)
		return ret;
	if (!drm_dev_enter(drm, &idx))
		return -ENODEV;
	exec = channel_new(client, engine);
	drm_dev_exit(idx);
	if (IS_ERR(exec))
		return PTR_ERR(exec);

	id = nouveau_chan_id(nouveau_exec_chan(exec));
	ret = xa_insert(&client->uapi->channels, id, exec, GFP_KERNEL);
	if (ret) {
		nouveau_exec_close(exec, 0);
		return ret;
	}
	req->channel = id;
	req->pushbuf_domains = NOUVEAU_GEM_DOMAIN_VRAM | NOUVEAU_GEM_DOMAIN_GART;
	req->notifier_handle = 0;
	memset(req->subchan, 0, sizeof(req->subchan));
	req->nr_subchan = 0;
	return 0;
}

int nouveau_ioctl_channel_free(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct nouveau_client *client = nouveau_client(file);
	struct drm_nouveau_channel_free *req = data;
	struct nouveau_exec *exec;

	if (req->channel < 0)
		return -ENOENT;
	exec = xa_erase(&client->uapi->channels, req->channel);
	if (!exec)
		return -ENOENT;
	nouveau_nvif_forget(client->uapi->nvif, req->channel);
	nouveau_exec_close(exec, CLOSE_TIMEOUT_MS);
	return 0;
}

struct nouveau_exec *nouveau_uapi_exec(struct nouveau_client *client, u32 id)
{
	struct nouveau_exec *exec;

	xa_lock(&client->uapi->channels);
	exec = xa_load(&client->uapi->channels, id);
	if (exec)
		nouveau_exec_get(exec);
	xa_unlock(&client->uapi->channels);
	return exec;
}

struct nouveau_nvif *nouveau_uapi_nvif(struct nouveau_client *client)
{
	return client->uapi->nvif;
}

/* ---- files ----------------------------------------------------------------------------- */

int nouveau_uapi_open(struct nouveau_client *client)
{
	struct nouveau_uapi *uapi = kzalloc_obj(*uapi);

	if (!uapi)
		return -ENOMEM;
	uapi->nvif = nouveau_nvif_new();
	if (!uapi->nvif) {
		kfree(uapi);
		return -ENOMEM;
	}
	xa_init(&uapi->channels);
	client->uapi = uapi;
	return 0;
}

void nouveau_uapi_close(struct nouveau_client *client)
{
	unsigned long id, end = jiffies + msecs_to_jiffies(CLOSE_TIMEOUT_MS);
	struct nouveau_uapi *uapi = client->uapi;
	struct nouveau_exec *exec;

	if (!uapi)
		return;
	/* One grace period for the file, however many channels hang. */
	xa_for_each(&uapi->channels, id, exec) {
		long left = end - jiffies;

		nouveau_exec_close(exec, left > 0 ? jiffies_to_msecs(left) : 0);
	}
	xa_destroy(&uapi->channels);
	nouveau_nvif_del(uapi->nvif);
	client->uapi = NULL;
	kfree(uapi);
}
