// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The fault log of a file: every GPU access that had to be refused, the newest
 * NOUVEAU_FAULT_LOG_ENTRIES of them, and an eventfd to be told by. It belongs
 * to the file's address space, which the fault service knows.
 *
 * Locks: log->lock, a leaf; eventfd_signal() may be called under it.
 */
#include <linux/eventfd.h>
#include <linux/ktime.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/nouveau_drm.h>

#include "nouveau_client.h"
#include "nouveau_log.h"
#include "nouveau_vm.h"

struct nouveau_log {
	spinlock_t lock;		/* protects the rest; level 7 */
	struct eventfd_ctx *eventfd;	/* NULL: nobody wants to be told */
	unsigned int first, n;		/* of entry[], oldest first */
	u64 lost;			/* since it was read last */
	struct drm_nouveau_fault_entry entry[NOUVEAU_FAULT_LOG_ENTRIES];
};

struct nouveau_log *nouveau_log_new(void)
{
	struct nouveau_log *log = kzalloc_obj(*log, GFP_KERNEL_ACCOUNT);

	if (log)
		spin_lock_init(&log->lock);
	return log;
}

void nouveau_log_del(struct nouveau_log *log)
{
	if (log && log->eventfd)
		eventfd_ctx_put(log->eventfd);
	kfree(log);
}

void nouveau_log_add(struct nouveau_log *log, const struct drm_nouveau_fault_entry *e)
{
	struct drm_nouveau_fault_entry *to;
	unsigned long flags;

	spin_lock_irqsave(&log->lock, flags);
	if (log->n == NOUVEAU_FAULT_LOG_ENTRIES) {
		log->first = (log->first + 1) % NOUVEAU_FAULT_LOG_ENTRIES;
		log->n--;
		log->lost++;
	}
	to = &log->entry[(log->first + log->n++) % NOUVEAU_FAULT_LOG_ENTRIES];
	*to = *e;
	to->time = ktime_get_ns();
	if (log->eventfd)
		eventfd_signal(log->eventfd);
	spin_unlock_irqrestore(&log->lock, flags);
}

/* Take up to @room of the oldest entries out. */
static unsigned int log_take(struct nouveau_log *log, struct drm_nouveau_fault_entry *out,
			     unsigned int room, struct drm_nouveau_fault_log *args)
{
	unsigned int i, n;

	guard(spinlock_irq)(&log->lock);
	n = min(room, log->n);
	for (i = 0; i < n; i++)
		out[i] = log->entry[(log->first + i) % NOUVEAU_FAULT_LOG_ENTRIES];
	log->first = (log->first + n) % NOUVEAU_FAULT_LOG_ENTRIES;
	log->n -= n;
	args->left = log->n;
	args->lost = log->lost;
	log->lost = 0;
	return n;
}

static int log_read(struct nouveau_log *log, struct drm_nouveau_fault_log *args)
{
	struct drm_nouveau_fault_entry *out = NULL;
	unsigned int room = min(args->count, NOUVEAU_FAULT_LOG_ENTRIES);
	int err = 0;

	args->count = 0;
	if (room) {
		out = kvmalloc_objs(*out, room);
		if (!out)
			return -ENOMEM;
		/* What cannot be given away must not be taken out. */
		if (clear_user(u64_to_user_ptr(args->entries), room * sizeof(*out))) {
			kvfree(out);
			return -EFAULT;
		}
	}
	args->count = log_take(log, out, room, args);
	if (args->count &&
	    copy_to_user(u64_to_user_ptr(args->entries), out, args->count * sizeof(*out)))
		err = -EFAULT;
	kvfree(out);
	return err;
}

static int log_set_eventfd(struct nouveau_log *log, int fd)
{
	struct eventfd_ctx *ctx = NULL;

	if (fd != -1) {
		ctx = eventfd_ctx_fdget(fd);
		if (IS_ERR(ctx))
			return PTR_ERR(ctx);
	}
	scoped_guard(spinlock_irq, &log->lock)
		swap(ctx, log->eventfd);
	if (ctx)
		eventfd_ctx_put(ctx);
	return 0;
}

/**
 * nouveau_ioctl_fault_log - DRM_IOCTL_NOUVEAU_FAULT_LOG
 * @drm: device
 * @data: struct drm_nouveau_fault_log
 * @file: file
 *
 * Works on an unplugged device too: what was logged can still be read.
 *
 * Return: 0; -EINVAL for unknown flags; -EBADF, -EINVAL for what is no eventfd;
 * -EFAULT, -ENOMEM.
 */
int nouveau_ioctl_fault_log(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct nouveau_log *log = nouveau_vm_log(nouveau_client_vm(nouveau_client(file)));
	struct drm_nouveau_fault_log *args = data;
	int err;

	if (args->flags & ~NOUVEAU_FAULT_LOG_SET_EVENTFD)
		return -EINVAL;
	if (!(args->flags & NOUVEAU_FAULT_LOG_SET_EVENTFD) && args->eventfd)
		return -EINVAL;
	if (args->flags & NOUVEAU_FAULT_LOG_SET_EVENTFD) {
		err = log_set_eventfd(log, args->eventfd);
		if (err)
			return err;
	}
	return log_read(log, args);
}
