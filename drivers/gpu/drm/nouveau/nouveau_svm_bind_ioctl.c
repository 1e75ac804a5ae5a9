// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The SVM_BIND ioctl: what a caller may ask for, and who does it: nouveau_svm_bind.c
 * a migration, nouveau_svm_async.c an asynchronous one, nouveau_svm_attr.c advice.
 */
#include <linux/mm.h>
#include <linux/uaccess.h>

#include "nouveau_svm_priv.h"

/**
 * nouveau_svm_ext_write - tell user space how it went
 * @ext: where
 * @c: counts
 * @status: 0 or a negative errno
 *
 * Return: 0 or -EFAULT.
 */
int nouveau_svm_ext_write(struct drm_nouveau_svm_bind_ext __user *ext,
			  const struct nouveau_svm_counts *c, int status)
{
	if (put_user(c->moved, &ext->moved) || put_user(c->already, &ext->already) ||
	    copy_to_user(ext->skipped, c->skipped, sizeof(c->skipped)) ||
	    put_user(status, &ext->status))
		return -EFAULT;
	return 0;
}

static int ext_read(const struct drm_nouveau_svm_bind *args, struct drm_nouveau_svm_bind_ext *ext)
{
	bool async;

	memset(ext, 0, sizeof(*ext));
	if (!(args->header & NOUVEAU_SVM_BIND_EXT))
		return 0;
	if (copy_from_user(ext, u64_to_user_ptr(args->reserved0), sizeof(*ext)))
		return -EFAULT;
	async = ext->flags & NOUVEAU_SVM_BIND_EXT_ASYNC;
	if (ext->flags & ~NOUVEAU_SVM_BIND_EXT_ASYNC || ext->pad || ext->reserved[0] ||
	    ext->reserved[1])
		return -EINVAL;
	if (async ? !ext->syncobj : ext->syncobj || ext->point)
		return -EINVAL;
	return 0;
}

static u32 bind_command(const struct drm_nouveau_svm_bind *args)
{
	return args->header >> NOUVEAU_SVM_BIND_COMMAND_SHIFT & NOUVEAU_SVM_BIND_COMMAND_MASK;
}

static u32 bind_target(const struct drm_nouveau_svm_bind *args)
{
	return args->header >> NOUVEAU_SVM_BIND_TARGET_SHIFT & NOUVEAU_SVM_BIND_TARGET_MASK;
}

static int bind_check(const struct drm_nouveau_svm_bind *args)
{
	bool ext = args->header & NOUVEAU_SVM_BIND_EXT;
	u32 target = bind_target(args);

	if (args->header & ~(NOUVEAU_SVM_BIND_VALID_MASK | NOUVEAU_SVM_BIND_EXT))
		return -EINVAL;
	if (args->stride || (args->reserved0 && !ext) || args->reserved1)
		return -EINVAL;
	if (args->va_start >= args->va_end || args->va_end > TASK_SIZE_MAX)
		return -EINVAL;
	if (bind_command(args) == NOUVEAU_SVM_BIND_COMMAND__MIGRATE)
		return target && target != NOUVEAU_SVM_BIND_TARGET__GPU_VRAM ? -EINVAL : 0;
	return ext ? -EINVAL : nouveau_svm_advice_check(bind_command(args), target);
}

/* PIN moves at once, since nobody else may afterwards. */
static int bind_advise(struct nouveau_svm_mm *svm, struct drm_nouveau_svm_bind *args)
{
	u64 start = PAGE_ALIGN_DOWN(args->va_start), end = PAGE_ALIGN(args->va_end);
	u32 command = bind_command(args), target = bind_target(args);
	struct nouveau_svm_counts c = { };
	int err;

	err = nouveau_svm_advise_range(svm, start, end, command, target, &args->result);
	if (err || command != NOUVEAU_SVM_BIND_COMMAND__PIN ||
	    target == NOUVEAU_SVM_BIND_TARGET__NONE)
		return err;
	return nouveau_svm_bind_range(svm, start, end,
				      target == NOUVEAU_SVM_BIND_TARGET__GPU_VRAM, &c);
}

static int bind_run(struct nouveau_svm_mm *svm, struct drm_file *file,
		    struct drm_nouveau_svm_bind *args, const struct drm_nouveau_svm_bind_ext *ext)
{
	u64 start = PAGE_ALIGN_DOWN(args->va_start), end = PAGE_ALIGN(args->va_end);
	struct drm_nouveau_svm_bind_ext __user *uext = u64_to_user_ptr(args->reserved0);
	bool to_vram = bind_target(args) == NOUVEAU_SVM_BIND_TARGET__GPU_VRAM;
	struct nouveau_svm_counts c = { };
	int err;

	if (bind_command(args) != NOUVEAU_SVM_BIND_COMMAND__MIGRATE)
		return bind_advise(svm, args);
	if (ext->flags & NOUVEAU_SVM_BIND_EXT_ASYNC)
		return nouveau_svm_bind_later(svm, file, uext, ext, start, end, to_vram);
	err = nouveau_svm_bind_range(svm, start, end, to_vram, &c);
	args->result = c.moved;
	if (args->header & NOUVEAU_SVM_BIND_EXT && nouveau_svm_ext_write(uext, &c, err))
		return -EFAULT;
	return err;
}

/**
 * nouveau_svm_ioctl_bind - DRM_IOCTL_NOUVEAU_SVM_BIND
 * @drm: device
 * @data: struct drm_nouveau_svm_bind; result is filled with the pages moved or advised
 * @file: file
 *
 * Best effort: what can't move stays and is not counted. Start and end need not
 * be aligned, whole pages move.
 *
 * Return: 0; -EINVAL for bad arguments or without SVM_INIT; -EPERM when the
 * caller's address space is not the mirrored one (a forked child); -EIO when
 * the copy engine failed; -ENOENT, -EBUSY of an asynchronous one; -EINTR,
 * -EFAULT, -ENOMEM, -ENODEV.
 */
int nouveau_svm_ioctl_bind(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_nouveau_svm_bind *args = data;
	struct drm_nouveau_svm_bind_ext ext;
	struct nouveau_svm_mm *svm;
	int err, idx;

	args->result = 0;
	err = bind_check(args);
	if (!err)
		err = ext_read(args, &ext);
	if (err)
		return err;
	svm = nouveau_svm_enter(file, &idx);
	if (IS_ERR(svm))
		return PTR_ERR(svm);
	err = bind_run(svm, file, args, &ext);
	nouveau_svm_exit(svm, idx);
	return err;
}
