// SPDX-License-Identifier: MIT
/* Accesses that had to be refused. */
#include <string.h>

#include "priv.h"

static const char *cause(const struct drm_nouveau_fault_entry *e)
{
	switch (e->cause) {
	case NOUVEAU_FAULT_CAUSE_NO_MEMORY:
		return "no memory there";
	case NOUVEAU_FAULT_CAUSE_READ_ONLY:
		return "read-only";
	default:
		return "refused by the hardware";
	}
}

static void fault_from(struct nvsvm_fault *to, const struct drm_nouveau_fault_entry *from)
{
	*to = (struct nvsvm_fault){
		.address = from->va, .time_ns = from->time, .gpu_ns = from->gpu_time,
		.channel = from->channel, .access = from->access, .cause = cause(from),
	};
	memcpy(to->client, from->client, sizeof(to->client));
	to->client[sizeof(to->client) - 1] = 0;
}

int nvsvm_faults(struct nvsvm_context *context, struct nvsvm_fault *faults, unsigned int room,
		 uint64_t *lost)
{
	struct drm_nouveau_fault_entry raw[NOUVEAU_FAULT_LOG_ENTRIES];
	struct drm_nouveau_fault_log log = {
		.entries = (uintptr_t)raw,
		.count = room < NOUVEAU_FAULT_LOG_ENTRIES ? room : NOUVEAU_FAULT_LOG_ENTRIES,
	};
	int ret = nvsvm_ioctl(context->fd, DRM_IOCTL_NOUVEAU_FAULT_LOG, &log);

	if (ret)
		return ret;
	for (uint32_t i = 0; i < log.count; i++)
		fault_from(&faults[i], &raw[i]);
	if (lost)
		*lost = log.lost;
	return (int)log.count;
}

int nvsvm_faults_eventfd(struct nvsvm_context *context, int fd)
{
	struct drm_nouveau_fault_log log = {
		.flags = NOUVEAU_FAULT_LOG_SET_EVENTFD, .eventfd = fd,
	};

	return nvsvm_ioctl(context->fd, DRM_IOCTL_NOUVEAU_FAULT_LOG, &log);
}
