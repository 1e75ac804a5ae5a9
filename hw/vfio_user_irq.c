// SPDX-License-Identifier: MIT
#include <errno.h>
#include <unistd.h>

#include "log.h"
#include "vfio_user_priv.h"

void vu_irqs_init(struct vu_irqs *q)
{
	pthread_mutex_init(&q->lock, NULL);
	q->msi_fd = q->err_fd = -1;
	q->msi_pending = false;
}

static void fire(struct vu_irqs *q)
{
	uint64_t one = 1;

	q->msi_pending = q->msi_fd < 0;
	if (q->msi_fd >= 0 && write(q->msi_fd, &one, sizeof(one)) != sizeof(one))
		log_guest_error("vfio-user", "MSI eventfd: error %d", errno);
}

void vu_irqs_raise_msi(struct vu_irqs *q)
{
	pthread_mutex_lock(&q->lock);
	fire(q);
	pthread_mutex_unlock(&q->lock);
}

static void bind_fd(int *slot, int fd)
{
	if (*slot >= 0)
		close(*slot);
	*slot = fd;
}

void vu_irqs_reset(struct vu_irqs *q)
{
	pthread_mutex_lock(&q->lock);
	q->msi_pending = false;
	pthread_mutex_unlock(&q->lock);
}

void vu_irqs_unbind(struct vu_irqs *q)
{
	pthread_mutex_lock(&q->lock);
	bind_fd(&q->msi_fd, -1);
	bind_fd(&q->err_fd, -1);
	q->msi_pending = false;
	pthread_mutex_unlock(&q->lock);
}

/*
 * One MSI vector. No INTx (with it QEMU would unmap the BARs) and no MSI-X
 * (with it QEMU cannot unplug the device). ERR is there since QEMU asks.
 */
void vu_irqs_info(unsigned int index, struct vu_irq_info *info)
{
	info->argsz = sizeof(*info);
	info->index = index;
	info->count = index == VU_IRQ_MSI || index == VU_IRQ_ERR;
	info->flags = info->count ? VU_IRQ_FLAG_EVENTFD : 0;
}

int vu_irqs_set(struct vu_irqs *q, const struct vu_irq_set *set, struct vu_message *m)
{
	int *slot = set->index == VU_IRQ_MSI ? &q->msi_fd :
		    set->index == VU_IRQ_ERR ? &q->err_fd : NULL;
	unsigned int count = slot ? 1 : 0;

	if (set->index >= VU_IRQS || !(set->flags & VU_IRQ_ACTION_TRIGGER))
		return -EINVAL;
	if (set->start > count || set->count > count - set->start)
		return -EINVAL;
	if (!slot)
		return 0;		/* "disable" of an index without vectors */
	pthread_mutex_lock(&q->lock);
	if (set->flags & VU_IRQ_DATA_EVENTFD && set->count) {
		bind_fd(slot, m->nfds ? m->fds[0] : -1);
		if (m->nfds)
			m->fds[0] = -1;
		if (slot == &q->msi_fd && q->msi_pending)
			fire(q);
	} else if (set->flags & VU_IRQ_DATA_NONE && !set->count) {
		bind_fd(slot, -1);
	} else if (set->flags & VU_IRQ_DATA_NONE && slot == &q->msi_fd) {
		fire(q);
	}
	pthread_mutex_unlock(&q->lock);
	return 0;
}
