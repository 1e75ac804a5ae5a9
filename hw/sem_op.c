// SPDX-License-Identifier: MIT
#include "sem_op.h"

#include "l2.h"
#include "nvhw/tu104/dev_pbdma.h"

bool sem_reduction_valid(unsigned int op, bool wide, bool sign)
{
	switch (op) {
	case NV_UDMA_SEM_EXECUTE_REDUCTION_IMIN:
	case NV_UDMA_SEM_EXECUTE_REDUCTION_IMAX:
	case NV_UDMA_SEM_EXECUTE_REDUCTION_IXOR:
	case NV_UDMA_SEM_EXECUTE_REDUCTION_IAND:
	case NV_UDMA_SEM_EXECUTE_REDUCTION_IOR:
		return true;
	case NV_UDMA_SEM_EXECUTE_REDUCTION_IADD:
		return !(wide && sign);
	case NV_UDMA_SEM_EXECUTE_REDUCTION_INC:
	case NV_UDMA_SEM_EXECUTE_REDUCTION_DEC:
		return !wide && !sign;
	}
	return false;
}

/* @v and @p are sign-extended for signed operations, so one compare serves. */
static uint64_t apply(unsigned int op, bool sign, uint64_t v, uint64_t p)
{
	bool less = sign ? (int64_t)v < (int64_t)p : v < p;

	switch (op) {
	case NV_UDMA_SEM_EXECUTE_REDUCTION_IMIN:
		return less ? v : p;
	case NV_UDMA_SEM_EXECUTE_REDUCTION_IMAX:
		return less ? p : v;
	case NV_UDMA_SEM_EXECUTE_REDUCTION_IXOR:
		return v ^ p;
	case NV_UDMA_SEM_EXECUTE_REDUCTION_IAND:
		return v & p;
	case NV_UDMA_SEM_EXECUTE_REDUCTION_IOR:
		return v | p;
	case NV_UDMA_SEM_EXECUTE_REDUCTION_IADD:
		return v + p;
	case NV_UDMA_SEM_EXECUTE_REDUCTION_INC:
		return v >= p ? 0 : v + 1;
	default: /* DEC */
		return v == 0 || v > p ? p : v - 1;
	}
}

static uint64_t extend(uint32_t v, bool sign)
{
	return sign ? (uint64_t)(int64_t)(int32_t)v : v;
}

static void reduce_remote(void *p, bool wide, unsigned int op, bool sign, uint64_t payload)
{
	unsigned int bytes = wide ? 8 : 4;
	uint64_t old;

	l2_lock(p);
	old = l2_read(p, bytes);
	l2_turnaround();
	l2_write(p, bytes, wide ? apply(op, sign, old, payload) :
				  apply(op, sign, extend(old, sign), extend(payload, sign)));
	l2_unlock(p);
}

void sem_reduce(void *p, bool remote, bool wide, unsigned int op, bool sign, uint64_t payload)
{
	if (remote) {
		reduce_remote(p, wide, op, sign, payload);
	} else if (wide) {
		uint64_t *p64 = p, old = __atomic_load_n(p64, __ATOMIC_RELAXED);

		while (!__atomic_compare_exchange_n(p64, &old, apply(op, sign, old, payload), false,
						    __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
			;
	} else {
		uint32_t *p32 = p, old = __atomic_load_n(p32, __ATOMIC_RELAXED);
		uint64_t pl = extend(payload, sign);

		while (!__atomic_compare_exchange_n(p32, &old,
						    (uint32_t)apply(op, sign, extend(old, sign), pl),
						    false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
			;
	}
}
