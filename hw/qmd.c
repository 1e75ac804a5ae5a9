// SPDX-License-Identifier: MIT
/* Queue meta data 2.2 and 2.3: decoding, and the checks of the scheduler (SKED). */
#include "qmd.h"

#include <string.h>

#include "nvhw/class/clc3c0qmd.h"
#include "nvhw/class/clc5c0qmd.h"
#include "nvhw/nv_field.h"
#include "nvhw/tu104/pri_sked.h"
#include "sm.h"

#define F(name)		NV_MW_GET(w, NVC5C0_QMDV02_03_##name)
#define FI(name, i)	NV_MW_GET(w, NVC5C0_QMDV02_03_##name(i))

/* Both versions have every field used here at the same place. */
#define SAME(name) \
	_Static_assert(NV_LO(NVC5C0_QMDV02_03_##name) == NV_LO(NVC3C0_QMDV02_02_##name) && \
		       NV_HI(NVC5C0_QMDV02_03_##name) == NV_HI(NVC3C0_QMDV02_02_##name), #name)
SAME(QMD_VERSION);
SAME(QMD_MAJOR_VERSION);
SAME(CTA_RASTER_WIDTH);
SAME(CTA_RASTER_HEIGHT);
SAME(CTA_RASTER_DEPTH);
SAME(CTA_THREAD_DIMENSION0);
SAME(CTA_THREAD_DIMENSION1);
SAME(CTA_THREAD_DIMENSION2);
SAME(PROGRAM_ADDRESS_LOWER);
SAME(PROGRAM_ADDRESS_UPPER);
SAME(REGISTER_COUNT_V);
SAME(SHARED_MEMORY_SIZE);
SAME(SHADER_LOCAL_MEMORY_LOW_SIZE);
SAME(SHADER_LOCAL_MEMORY_HIGH_SIZE);
SAME(SEQUENTIALLY_RUN_CTAS);
SAME(IS_QUEUE);
SAME(DEPENDENT_QMD_SCHEDULE_ENABLE);
SAME(SEMAPHORE_RELEASE_ENABLE0);
SAME(SEMAPHORE_RELEASE_ENABLE1);
SAME(RELEASE0_ADDRESS_LOWER);
SAME(RELEASE1_ADDRESS_LOWER);
SAME(CONSTANT_BUFFER_VALID(7));
SAME(CONSTANT_BUFFER_ADDR_LOWER(7));
SAME(CONSTANT_BUFFER_ADDR_UPPER(7));
SAME(CONSTANT_BUFFER_SIZE_SHIFTED4(7));

static void decode_releases(struct qmd *q, const uint32_t *w)
{
	q->release[0] = (struct qmd_release){
		.enable = F(SEMAPHORE_RELEASE_ENABLE0),
		.one_word = F(RELEASE0_STRUCTURE_SIZE),
		.reduce = F(RELEASE0_REDUCTION_ENABLE),
		.reduce_signed = F(RELEASE0_REDUCTION_FORMAT) & 1,
		.op = F(RELEASE0_REDUCTION_OP),
		.va = F(RELEASE0_ADDRESS_LOWER) | (uint64_t)F(RELEASE0_ADDRESS_UPPER) << 32,
		.payload = F(RELEASE0_PAYLOAD),
	};
	q->release[1] = (struct qmd_release){
		.enable = F(SEMAPHORE_RELEASE_ENABLE1),
		.one_word = F(RELEASE1_STRUCTURE_SIZE),
		.reduce = F(RELEASE1_REDUCTION_ENABLE),
		.reduce_signed = F(RELEASE1_REDUCTION_FORMAT) & 1,
		.op = F(RELEASE1_REDUCTION_OP),
		.va = F(RELEASE1_ADDRESS_LOWER) | (uint64_t)F(RELEASE1_ADDRESS_UPPER) << 32,
		.payload = F(RELEASE1_PAYLOAD),
	};
}

static void decode_banks(struct qmd *q, const uint32_t *w)
{
	for (unsigned int i = 0; i < QMD_CONST_BANKS; i++) {
		q->bank[i].valid = FI(CONSTANT_BUFFER_VALID, i);
		q->bank[i].invalidate = FI(CONSTANT_BUFFER_INVALIDATE, i);
		q->bank[i].va = FI(CONSTANT_BUFFER_ADDR_LOWER, i) |
				(uint64_t)FI(CONSTANT_BUFFER_ADDR_UPPER, i) << 32;
		q->bank[i].size = FI(CONSTANT_BUFFER_SIZE_SHIFTED4, i) << 4;
	}
}

int qmd_decode(struct qmd *q, const uint32_t w[QMD_WORDS])
{
	memset(q, 0, sizeof(*q));
	if (F(QMD_MAJOR_VERSION) != 2 || (F(QMD_VERSION) != 2 && F(QMD_VERSION) != 3))
		return -1;
	q->grid[0] = F(CTA_RASTER_WIDTH);
	q->grid[1] = F(CTA_RASTER_HEIGHT);
	q->grid[2] = F(CTA_RASTER_DEPTH);
	q->block[0] = F(CTA_THREAD_DIMENSION0);
	q->block[1] = F(CTA_THREAD_DIMENSION1);
	q->block[2] = F(CTA_THREAD_DIMENSION2);
	q->program = F(PROGRAM_ADDRESS_LOWER) | (uint64_t)F(PROGRAM_ADDRESS_UPPER) << 32;
	q->registers = F(REGISTER_COUNT_V);
	q->shared_bytes = F(SHARED_MEMORY_SIZE);
	q->local_low = F(SHADER_LOCAL_MEMORY_LOW_SIZE);
	q->local_high = F(SHADER_LOCAL_MEMORY_HIGH_SIZE);
	q->sequential = F(SEQUENTIALLY_RUN_CTAS);
	q->invalidate_code = F(INVALIDATE_INSTRUCTION_CACHE);
	q->invalidate_const = F(INVALIDATE_SHADER_CONSTANT_CACHE);
	decode_banks(q, w);
	decode_releases(q, w);
	if (F(IS_QUEUE))
		q->unsupported = "IS_QUEUE";
	else if (F(DEPENDENT_QMD_SCHEDULE_ENABLE))
		q->unsupported = "DEPENDENT_QMD_SCHEDULE_ENABLE";
	else if (F(CTA_RASTER_WIDTH_RESUME) || F(CTA_RASTER_HEIGHT_RESUME) ||
		 F(CTA_RASTER_DEPTH_RESUME))
		q->unsupported = "CTA_RASTER_RESUME";
	return 0;
}

#define CHECK(cond, name) \
	((cond) ? 0 : NV_NUM(NV_PGRAPH_PRI_SKED_HWW_ESR_SKEDCHECK##name, 1))

uint32_t qmd_check(const struct qmd *q, uint64_t shared_window, uint64_t local_window)
{
	uint64_t threads = (uint64_t)q->block[0] * q->block[1] * q->block[2];
	unsigned int regs = (q->registers + 7) / 8 * 8 * SASS_LANES;
	uint64_t gap = shared_window > local_window ? shared_window - local_window :
						      local_window - shared_window;
	uint32_t esr = 0;

	for (unsigned int i = 0; i < QMD_CONST_BANKS; i++)
		esr |= CHECK(!q->bank[i].valid || q->bank[i].size <= SM_CONST_BYTES,
			     23_CONSTANT_BUFFER_SIZE);
	esr |= CHECK(q->local_low % 16 == 0 && q->local_low <= SM_MAX_LOCAL,
		     02_LOCAL_MEMORY_LOW_SIZE);
	esr |= CHECK(q->local_high % 16 == 0 && q->local_high <= SM_MAX_LOCAL,
		     03_LOCAL_MEMORY_HIGH_SIZE);
	esr |= CHECK(q->local_low + q->local_high <= SM_MAX_LOCAL, 05_LOCAL_MEMORY_TOTAL_SIZE);
	esr |= CHECK(q->registers <= 255, 06_REGISTER_COUNT);
	esr |= CHECK(threads <= SM_MAX_WARPS * SASS_LANES, 11_TOTAL_THREADS);
	esr |= CHECK(q->program % SASS_BYTES == 0, 13_PROGRAM_OFFSET);
	esr |= CHECK(q->shared_bytes <= SM_MAX_SHARED && q->shared_bytes % 256 == 0,
		     14_SHARED_MEMORY_SIZE);
	esr |= CHECK(threads, 16_CTA_THREAD_DIMENSION_ZERO);
	esr |= CHECK(gap >= SM_WINDOW_BYTES, 17_MEMORY_WINDOW_OVERLAP);
	esr |= CHECK(regs * ((threads + SASS_LANES - 1) / SASS_LANES) <= SM_MAX_REGISTERS,
		     19_CTA_REGISTER_CONSUMPTION);
	return esr;
}
