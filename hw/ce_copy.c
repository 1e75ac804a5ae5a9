// SPDX-License-Identifier: MIT
/*
 * Moves bytes line by line. The TLB stays locked for one piece; both ends of
 * each run are translated before a byte moves, so that a miss leaves the job at
 * the first byte not yet written.
 */
#include <string.h>

#include "ce_priv.h"

static bool is_system(const struct mmu_xlat *x)
{
	return x->aperture == APERTURE_SYS_COH || x->aperture == APERTURE_SYS_NCOH;
}

static void count_bytes(struct gpu *gpu, const struct mmu_xlat *src, const struct mmu_xlat *dst,
			uint64_t n)
{
	if (is_system(src) && is_system(dst))
		count_add(gpu, ce_bytes_h2h, n);
	else if (is_system(src))
		count_add(gpu, ce_bytes_h2d, n);
	else if (is_system(dst))
		count_add(gpu, ce_bytes_d2h, n);
	else
		count_add(gpu, ce_bytes_d2d, n);
}

static uint64_t min64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Sparse pages read as zero and swallow writes. */
static void move(const struct mmu_xlat *src, const struct mmu_xlat *dst, size_t n)
{
	if (!dst->ptr)
		return;
	if (src->ptr)
		memmove(dst->ptr, src->ptr, n);
	else
		memset(dst->ptr, 0, n);
}

enum ce_progress ce_copy_piece(struct gpu *gpu, struct ce_unit *u, struct channel *ch,
			       struct ce_job *job, struct ce_fault *fault)
{
	struct ce_map src = { .valid = false }, dst = { .valid = false };
	enum ce_progress res = CE_MORE;
	uint64_t left = CE_PIECE_BYTES;

	tlb_lock(u->tlb);
	for (unsigned int runs = 0; left && runs < CE_PIECE_RUNS; runs++) {
		uint64_t n, srun, drun, s, d;

		while (job->line < job->lines && job->pos == job->line_bytes[1]) {
			job->line++;
			job->pos = 0;
			if (!job->line_bytes[1])
				job->line = job->lines;	/* nothing in any of them */
		}
		if (job->line >= job->lines) {
			res = CE_DONE;
			break;
		}
		s = ce_address(&job->src, job->pos, job->line, &srun);
		d = ce_address(&job->dst, job->pos, job->line, &drun);
		if (!ce_translate(gpu, u, ch, &job->src, s, &src, fault) ||
		    !ce_translate(gpu, u, ch, &job->dst, d, &dst, fault)) {
			res = CE_FAULT;
			break;
		}
		n = min64(min64(left, job->line_bytes[1] - job->pos), min64(srun, drun));
		n = min64(n, min64(src.x.len, dst.x.len));
		move(&src.x, &dst.x, n);
		count_bytes(gpu, &src.x, &dst.x, n);
		job->pos += n;
		left -= n;
	}
	tlb_unlock(u->tlb);
	return res;
}
