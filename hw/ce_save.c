// SPDX-License-Identifier: MIT
/*
 * Fault and switch: before a copy engine lets go of a channel that faulted it
 * writes what is left of the launch to the channel's method buffer, and reads
 * it back when the channel returns. The layout is this model's own; drivers
 * only provide the memory, at a BAR2 virtual address in the instance block.
 */
#include <stddef.h>
#include <string.h>

#include "aperture.h"
#include "ce_priv.h"
#include "log.h"
#include "nvhw/nv_field.h"
#include "nvhw/tu104/dev_ram.h"

#define MAGIC	0x54555243u

struct image {
	uint32_t magic;
	uint32_t chid;
	uint32_t launch, stage;
	uint32_t line;
	uint32_t pos[2];
	uint32_t sum;		/* over the words before */
};

static uint32_t checksum(const struct image *img)
{
	const uint32_t *w = (const uint32_t *)img;
	uint32_t sum = 2166136261u;

	for (size_t i = 0; i < offsetof(struct image, sum) / 4; i++)
		sum = (sum ^ w[i]) * 16777619u;
	return sum;
}

static bool buffer_address(struct gpu *gpu, const struct channel *ch, uint64_t *va)
{
	uint32_t *p;

	host_dma_begin(gpu->host);
	p = gpu_phys_ptr(gpu, ch->inst_aperture, ch->inst, NV_RAMIN_ALLOC_SIZE, false);
	if (p)
		*va = ((uint64_t)NV_MW_GET(p, NV_RAMIN_ENG_METHOD_BUFFER_ADDR_HI) << 32) |
		      NV_MW_GET(p, NV_RAMIN_ENG_METHOD_BUFFER_ADDR_LO);
	host_dma_end(gpu->host);
	return p != NULL;
}

static bool transfer(struct gpu *gpu, struct ce_unit *u, const struct channel *ch,
		     struct image *img, bool write)
{
	const struct mmu_as *bar2;
	struct mmu_as as;
	struct mmu_xlat x;
	uint64_t va;
	size_t done;
	void *p;

	if (!buffer_address(gpu, ch, &va))
		return false;
	pthread_mutex_lock(&gpu->lock);
	bar2 = aperture_bar2_as(gpu);
	if (bar2)
		as = *bar2;
	pthread_mutex_unlock(&gpu->lock);
	if (bar2) {
		done = write ? mmu_copy_to(gpu, u->tlb, &as, va, img, sizeof(*img), &x) :
			       mmu_copy_from(gpu, u->tlb, &as, va, img, sizeof(*img), &x);
		return done == sizeof(*img);
	}
	p = gpu_phys_ptr(gpu, APERTURE_VRAM, va, sizeof(*img), write);
	if (p)
		memcpy(write ? p : img, write ? img : p, sizeof(*img));
	return p != NULL;
}

uint32_t ce_save(struct gpu *gpu, struct ce_unit *u, const struct channel *ch,
		 const struct ce_job *job)
{
	struct image img = {
		.magic = MAGIC, .chid = ch->chid, .launch = job->launch, .stage = job->stage,
		.line = job->line, .pos = { (uint32_t)job->pos, job->pos >> 32 },
	};

	img.sum = checksum(&img);
	if (transfer(gpu, u, ch, &img, true))
		return 0;
	log_guest_error("ce", "channel %u: method buffer is not there", ch->chid);
	return NV_DEF(NV_CE_LCE_INTR_STATUS_MTHD_BUFFER_FAULT, _PENDING);
}

/* A guest can forge a checksum: progress must still lie within the launch. */
static bool plausible(const struct image *img, const struct ce_job *job)
{
	uint64_t pos = ((uint64_t)img->pos[1] << 32) | img->pos[0];

	return (img->stage == CE_COPY || img->stage == CE_SEMAPHORE) &&
	       img->line <= job->lines && pos <= ce_line_end(job);
}

uint32_t ce_restore(struct gpu *gpu, struct ce_unit *u, const struct channel *ch,
		    struct ce_job *job)
{
	struct image img;

	if (!transfer(gpu, u, ch, &img, false))
		return NV_DEF(NV_CE_LCE_INTR_STATUS_MTHD_BUFFER_FAULT, _PENDING);
	if (img.magic != MAGIC || img.chid != ch->chid || img.launch != job->launch) {
		log_guest_error("ce", "channel %u: method buffer holds something else", ch->chid);
		return NV_DEF(NV_CE_LCE_INTR_STATUS_FBUF_MAGIC_CHK_FAIL, _PENDING);
	}
	if (img.sum != checksum(&img) || !plausible(&img, job)) {
		log_guest_error("ce", "channel %u: method buffer was changed", ch->chid);
		return NV_DEF(NV_CE_LCE_INTR_STATUS_FBUF_CRC_FAIL, _PENDING);
	}
	job->stage = img.stage;
	job->line = img.line;
	job->pos = ((uint64_t)img.pos[1] << 32) | img.pos[0];
	return 0;
}
