// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * NVIF: the object interface of nouveau, as much of it as clients need.
 *
 * A client makes a device object, asks it what chip this is, asks a channel
 * which classes it has, and makes an object of each class it uses. None of that
 * has an effect on the hardware, where SET_OBJECT carries the class number; so
 * an object here is a name. Tolerant where clients are sloppy: pads hold
 * garbage, names are heap addresses that come again without a DEL, and a DEL
 * may name what this file never made.
 */
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/xarray.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/nouveau_drm.h>

#include <nvhw/class/cl902d.h>
#include <nvhw/class/cla140.h>
#include <nvhw/class/clc597.h>
#include <nvhw/class/clc5b5.h>
#include <nvhw/class/clc5c0.h>
#include <nvhw/nv_field.h>
#include <nvhw/tu104/dev_master.h>
#include <nvhw/undocumented.h>

#include "nouveau_client.h"
#include "nouveau_device.h"
#include "nouveau_exec.h"
#include "nouveau_uapi.h"
#include "nouveau_vram.h"
#include "tu102_boot.h"

#define NVIF_MAX_BYTES		SZ_4K
#define NVIF_MAX_OBJECTS	4096	/* per file */

struct nvif_object {
	struct list_head link;
	u64 name;
	s32 oclass;
	bool on_channel;
	u32 chid;
};

struct nouveau_nvif {
	struct mutex lock;		/* objects; leaf */
	struct list_head objects;
	unsigned int nr_objects;
};

/* What is left of the ioctl's buffer. */
struct nvif_args {
	void *p;
	u32 bytes;
};

/* Classes a graphics channel has; clients take the first they know. */
static const s32 gr_classes[] = {
	KEPLER_INLINE_TO_MEMORY_B, FERMI_TWOD_A, TURING_A, TURING_COMPUTE_A, TURING_DMA_COPY_A,
};

static const s32 device_classes[] = { NV_DEVICE };

static void *args_take(struct nvif_args *args, u32 bytes)
{
	void *p = args->p;

	if (args->bytes < bytes)
		return NULL;
	args->p += bytes;
	args->bytes -= bytes;
	return p;
}

static struct nvif_object *find_locked(struct nouveau_nvif *nvif, u64 name)
{
	struct nvif_object *obj;

	lockdep_assert_held(&nvif->lock);
	list_for_each_entry(obj, &nvif->objects, link)
		if (obj->name == name)
			return obj;
	return NULL;
}

static void del_locked(struct nouveau_nvif *nvif, struct nvif_object *obj)
{
	lockdep_assert_held(&nvif->lock);
	list_del(&obj->link);
	nvif->nr_objects--;
	kfree(obj);
}

static bool channel_exists(struct nouveau_client *client, u64 id)
{
	struct nouveau_exec *exec = id > U32_MAX ? NULL : nouveau_uapi_exec(client, id);

	if (exec)
		nouveau_exec_put(exec);
	return exec;
}

static bool class_known(const s32 *classes, unsigned int n, s32 oclass)
{
	while (n--)
		if (classes[n] == oclass)
			return true;
	return false;
}

static int nvif_sclass(struct nouveau_client *client, const struct nvif_ioctl_v0 *hdr,
		       struct nvif_args *args)
{
	struct nvif_ioctl_sclass_v0 *sclass = args_take(args, sizeof(*sclass));
	bool on_channel = hdr->route == NVIF_IOCTL_V0_ROUTE_HIDDEN;
	const s32 *classes = on_channel ? gr_classes : device_classes;
	unsigned int n = on_channel ? ARRAY_SIZE(gr_classes) : ARRAY_SIZE(device_classes);
	struct nvif_ioctl_sclass_oclass_v0 *out;
	unsigned int i;

	if (!sclass || sclass->version)
		return -EINVAL;
	if (on_channel && !channel_exists(client, hdr->token))
		return -ENOENT;
	out = args_take(args, sclass->count * sizeof(*out));
	if (!out)
		return -EINVAL;
	sclass->count = min_t(unsigned int, sclass->count, n);
	for (i = 0; i < sclass->count; i++)
		out[i] = (struct nvif_ioctl_sclass_oclass_v0) { .oclass = classes[i] };
	return 0;
}

static int nvif_new(struct nouveau_client *client, const struct nvif_ioctl_v0 *hdr,
		    struct nvif_args *args)
{
	struct nouveau_nvif *nvif = nouveau_uapi_nvif(client);
	struct nvif_ioctl_new_v0 *new = args_take(args, sizeof(*new));
	bool on_channel = hdr->route == NVIF_IOCTL_V0_ROUTE_HIDDEN;
	struct nvif_object *obj, *old;

	if (!new || new->version)
		return -EINVAL;
	if (on_channel ? !class_known(gr_classes, ARRAY_SIZE(gr_classes), new->oclass) :
			 !class_known(device_classes, ARRAY_SIZE(device_classes), new->oclass))
		return -EINVAL;
	if (on_channel && !channel_exists(client, hdr->token))
		return -ENOENT;
	obj = kzalloc_obj(*obj);
	if (!obj)
		return -ENOMEM;
	obj->name = new->object;
	obj->oclass = new->oclass;
	obj->on_channel = on_channel;
	obj->chid = on_channel ? hdr->token : 0;

	mutex_lock(&nvif->lock);
	old = find_locked(nvif, obj->name);
	if (old)
		del_locked(nvif, old);
	if (nvif->nr_objects == NVIF_MAX_OBJECTS) {
		mutex_unlock(&nvif->lock);
		kfree(obj);
		return -ENOSPC;
	}
	list_add_tail(&obj->link, &nvif->objects);
	nvif->nr_objects++;
	mutex_unlock(&nvif->lock);
	return 0;
}

static int nvif_del(struct nouveau_client *client, u64 name)
{
	struct nouveau_nvif *nvif = nouveau_uapi_nvif(client);
	struct nvif_object *obj;

	mutex_lock(&nvif->lock);
	obj = find_locked(nvif, name);
	if (obj)
		del_locked(nvif, obj);
	mutex_unlock(&nvif->lock);
	return 0;
}

static int device_info(struct nouveau_device *ndev, struct nvif_args *args)
{
	struct nv_device_info_v0 *info = args_take(args, sizeof(*info));
	u32 boot = NVX_PMC_BOOT_0_TU104_A1;

	if (!info || info->version)
		return -EINVAL;
	memset(info, 0, sizeof(*info));
	info->platform = NV_DEVICE_INFO_V0_PCIE;
	info->chipset = NV_PMC_BOOT_42_CHIP_ID_TU104;
	info->revision = NV_GET(boot, NV_PMC_BOOT_0_MAJOR_REVISION) << 4 |
			 NV_GET(boot, NV_PMC_BOOT_0_MINOR_REVISION);
	info->family = NV_DEVICE_INFO_V0_TURING;
	info->ram_size = ndev->vram_bytes;
	info->ram_user = nouveau_vram_usable_bytes(ndev);
	strscpy(info->chip, "TU104");
	strscpy(info->name, "NVIDIA TU104");
	return 0;
}

static int device_time(struct nouveau_device *ndev, struct nvif_args *args)
{
	struct nv_device_time_v0 *time = args_take(args, sizeof(*time));

	if (!time || time->version)
		return -EINVAL;
	time->time = tu102_time_ns(ndev);
	return 0;
}

static int nvif_mthd(struct nouveau_client *client, const struct nvif_ioctl_v0 *hdr,
		     struct nvif_args *args)
{
	struct nouveau_nvif *nvif = nouveau_uapi_nvif(client);
	struct nvif_ioctl_mthd_v0 *mthd = args_take(args, sizeof(*mthd));
	struct nvif_object *obj;
	bool is_device;

	if (!mthd || mthd->version)
		return -EINVAL;
	mutex_lock(&nvif->lock);
	obj = find_locked(nvif, hdr->object);
	is_device = obj && obj->oclass == NV_DEVICE;
	mutex_unlock(&nvif->lock);
	if (!obj)
		return -ENOENT;
	if (!is_device)
		return -EINVAL;
	switch (mthd->method) {
	case NV_DEVICE_V0_INFO:
		return device_info(client->ndev, args);
	case NV_DEVICE_V0_TIME:
		return device_time(client->ndev, args);
	default:
		return -EINVAL;
	}
}

static int nvif_dispatch(struct nouveau_client *client, void *data, u32 bytes)
{
	struct nvif_args args = { .p = data, .bytes = bytes };
	struct nvif_ioctl_v0 *hdr = args_take(&args, sizeof(*hdr));

	if (!hdr || hdr->version)
		return -EINVAL;
	if (hdr->route != NVIF_IOCTL_V0_ROUTE_NVIF && hdr->route != NVIF_IOCTL_V0_ROUTE_HIDDEN)
		return -EINVAL;
	switch (hdr->type) {
	case NVIF_IOCTL_V0_SCLASS:
		return nvif_sclass(client, hdr, &args);
	case NVIF_IOCTL_V0_NEW:
		return nvif_new(client, hdr, &args);
	case NVIF_IOCTL_V0_DEL:
		return nvif_del(client, hdr->object);
	case NVIF_IOCTL_V0_MTHD:
		return nvif_mthd(client, hdr, &args);
	default:
		return -EINVAL;
	}
}

/**
 * nouveau_ioctl_nvif - the object interface
 * @filp: a file of this device
 * @cmd: its size is the size of the buffer; the direction bits mean nothing
 * @arg: user pointer to the buffer, read, and written when there is no error
 *
 * Return: 0 or what the uAPI header says.
 */
long nouveau_ioctl_nvif(struct file *filp, unsigned int cmd, unsigned long arg)
{
	struct drm_file *file = filp->private_data;
	u32 bytes = _IOC_SIZE(cmd);
	void __user *user = (void __user *)arg;
	int idx, ret;
	void *data;

	if (bytes > NVIF_MAX_BYTES)
		return -E2BIG;
	if (bytes < sizeof(struct nvif_ioctl_v0))
		return -EINVAL;
	data = memdup_user(user, bytes);
	if (IS_ERR(data))
		return PTR_ERR(data);
	if (!drm_dev_enter(file->minor->dev, &idx)) {
		ret = -ENODEV;
	} else {
		ret = nvif_dispatch(nouveau_client(file), data, bytes);
		drm_dev_exit(idx);
	}
	if (!ret && copy_to_user(user, data, bytes))
		ret = -EFAULT;
	kfree(data);
	return ret;
}

void nouveau_nvif_forget(struct nouveau_nvif *nvif, u32 chid)
{
	struct nvif_object *obj, *tmp;

	mutex_lock(&nvif->lock);
	list_for_each_entry_safe(obj, tmp, &nvif->objects, link)
		if (obj->on_channel && obj->chid == chid)
			del_locked(nvif, obj);
	mutex_unlock(&nvif->lock);
}

struct nouveau_nvif *nouveau_nvif_new(void)
{
	struct nouveau_nvif *nvif = kzalloc_obj(*nvif);

	if (!nvif)
		return NULL;
	mutex_init(&nvif->lock);
	INIT_LIST_HEAD(&nvif->objects);
	return nvif;
}

void nouveau_nvif_del(struct nouveau_nvif *nvif)
{
	struct nvif_object *obj, *tmp;

	mutex_lock(&nvif->lock);
	list_for_each_entry_safe(obj, tmp, &nvif->objects, link)
		del_locked(nvif, obj);
	mutex_unlock(&nvif->lock);
	mutex_destroy(&nvif->lock);
	kfree(nvif);
}
