// SPDX-License-Identifier: MIT
/*
 * Copies with component remap, fills among them. A line is a row of elements;
 * each destination component takes a source component, a constant or nothing.
 * Works on a buffer of elements at a time; progress counts whole elements, so a
 * piece that misses in its middle writes some of them again, the same.
 */
#include <string.h>

#include "ce_priv.h"
#include "fill.h"
#include "nvhw/nv_field.h"

#define BUFFER_BYTES	65536

/* Between surface and buffer; returns bytes done, less on a miss. */
static uint64_t transfer(struct gpu *gpu, struct ce_unit *u, struct channel *ch,
			 const struct ce_side *side, uint64_t x, uint32_t y, uint8_t *buf,
			 uint64_t len, struct ce_fault *fault)
{
	struct ce_map map = { .valid = false };
	uint64_t done = 0, run, n, va;

	while (done < len) {
		va = ce_address(side, x + done, y, &run);
		if (!ce_translate(gpu, u, ch, side, va, &map, fault))
			break;
		n = len - done < run ? len - done : run;
		n = n < map.x.len ? n : map.x.len;
		if (side->write && map.x.ptr)
			memcpy(map.x.ptr, buf + done, n);
		else if (!side->write && map.x.ptr)
			memcpy(buf + done, map.x.ptr, n);
		else if (!side->write)
			memset(buf + done, 0, n);
		done += n;
	}
	return done;
}

static bool partial_writes(const struct ce_job *job)
{
	for (unsigned int i = 0; i < job->ndst; i++)
		if (job->sel[i] == NVC5B5_SET_REMAP_COMPONENTS_DST_X_NO_WRITE)
			return true;
	return false;
}

static void build(const struct ce_job *job, const uint8_t *src, uint8_t *dst, unsigned int n)
{
	for (unsigned int e = 0; e < n; e++, src += job->src_elem, dst += job->dst_elem) {
		for (unsigned int i = 0; i < job->ndst; i++) {
			uint8_t *to = dst + i * job->comp;

			switch (job->sel[i]) {
			case NVC5B5_SET_REMAP_COMPONENTS_DST_X_CONST_A:
				memcpy(to, &job->consts[0], job->comp);
				break;
			case NVC5B5_SET_REMAP_COMPONENTS_DST_X_CONST_B:
				memcpy(to, &job->consts[1], job->comp);
				break;
			case NVC5B5_SET_REMAP_COMPONENTS_DST_X_NO_WRITE:
				break;
			default:
				memcpy(to, src + job->sel[i] * job->comp, job->comp);
			}
		}
	}
}

/* Fill of a pitch surface: the element goes straight into memory. */
static enum ce_progress fill_piece(struct gpu *gpu, struct ce_unit *u, struct channel *ch,
				   struct ce_job *job, struct ce_fault *fault)
{
	uint64_t total = ce_line_end(job), left = CE_PIECE_BYTES;
	uint8_t elem[CE_ELEMENT_MAX];
	struct ce_map map = { .valid = false };

	build(job, NULL, elem, 1);
	/* Here pos counts bytes: a page may end within an element. */
	for (unsigned int i = 0; left && i < CE_PIECE_RUNS && job->line < job->lines; i++) {
		uint64_t run, n, va = ce_address(&job->dst, job->pos, job->line, &run);

		if (job->pos < total) {
			if (!ce_translate(gpu, u, ch, &job->dst, va, &map, fault))
				return CE_FAULT;
			n = total - job->pos < run ? total - job->pos : run;
			n = n < map.x.len ? n : map.x.len;
			n = n < left ? n : left;
			if (map.x.ptr)
				fill_pattern(map.x.ptr, n, elem, job->dst_elem,
					     job->pos % job->dst_elem);
			count_add(gpu, ce_bytes_fill, n);
			job->pos += n;
			left -= n;
		}
		if (job->pos == total) {
			job->pos = 0;
			job->line = total ? job->line + 1 : job->lines;
		}
	}
	return job->line < job->lines ? CE_MORE : CE_DONE;
}

static enum ce_progress general_piece(struct gpu *gpu, struct ce_unit *u, struct channel *ch,
				      struct ce_job *job, struct ce_fault *fault)
{
	static _Thread_local uint8_t in[BUFFER_BYTES], out[BUFFER_BYTES];
	struct ce_side reread = job->dst;
	uint64_t n, want, got, elems = job->line_bytes[1];

	while (job->line < job->lines && job->pos >= elems) {
		job->pos = 0;
		job->line = elems ? job->line + 1 : job->lines;
	}
	if (job->line >= job->lines)
		return CE_DONE;
	n = elems - job->pos;
	if (n > BUFFER_BYTES / CE_ELEMENT_MAX)
		n = BUFFER_BYTES / CE_ELEMENT_MAX;
	if (!job->fill) {
		want = n * job->src_elem;
		got = transfer(gpu, u, ch, &job->src, job->pos * job->src_elem, job->line, in,
			       want, fault);
		n = got / job->src_elem;
		if (!n)
			return CE_FAULT;
	}
	want = n * job->dst_elem;
	if (partial_writes(job)) {
		reread.write = false;
		got = transfer(gpu, u, ch, &reread, job->pos * job->dst_elem, job->line, out,
			       want, fault);
		if (got < want) {
			fault->access = MMU_WRITE;
			n = got / job->dst_elem;
			want = n * job->dst_elem;
			if (!n)
				return CE_FAULT;
		}
	}
	build(job, in, out, n);
	got = transfer(gpu, u, ch, &job->dst, job->pos * job->dst_elem, job->line, out, want,
		       fault);
	job->pos += got / job->dst_elem;
	count_add(gpu, ce_bytes_fill, got);
	return got < want ? CE_FAULT : CE_MORE;
}

enum ce_progress ce_remap_piece(struct gpu *gpu, struct ce_unit *u, struct channel *ch,
				struct ce_job *job, struct ce_fault *fault)
{
	enum ce_progress res;

	tlb_lock(u->tlb);
	if (job->fill && !job->dst.blocklinear && !partial_writes(job))
		res = fill_piece(gpu, u, ch, job, fault);
	else
		res = general_piece(gpu, u, ch, job, fault);
	tlb_unlock(u->tlb);
	return res;
}
