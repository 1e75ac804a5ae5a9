/* SPDX-License-Identifier: MIT */
/* Queue meta data: what the host of a launch puts in memory. */
#ifndef HW_QMD_H
#define HW_QMD_H

#include <stdbool.h>
#include <stdint.h>

#define QMD_BYTES	256
#define QMD_WORDS	(QMD_BYTES / 4)
#define QMD_CONST_BANKS	8
#define QMD_RELEASES	2

struct qmd_release {
	bool enable, one_word, reduce, reduce_signed;
	uint8_t op;
	uint64_t va;
	uint32_t payload;
};

struct qmd {
	uint32_t grid[3];
	uint16_t block[3];
	uint64_t program;
	unsigned int registers;		/* per thread */
	uint32_t shared_bytes;
	uint32_t local_low, local_high;	/* per thread */
	bool sequential;		/* CTAs one after the other */
	bool invalidate_code, invalidate_const;
	struct {
		bool valid, invalidate;
		uint64_t va;
		uint32_t size;
	} bank[QMD_CONST_BANKS];
	struct qmd_release release[QMD_RELEASES];
	const char *unsupported;	/* a feature it asks for and the model lacks */
};

/* Decode all fields. 0, or -1: neither version 2.2 nor 2.3. */
int qmd_decode(struct qmd *q, const uint32_t w[QMD_WORDS]);

/*
 * The checks SKED makes before it schedules a grid. Returns bits of
 * NVX_SKED_HWW_ESR, 0 when all pass. @shared_window/@local_window: as set.
 */
uint32_t qmd_check(const struct qmd *q, uint64_t shared_window, uint64_t local_window);

#endif
