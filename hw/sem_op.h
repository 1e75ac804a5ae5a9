/* SPDX-License-Identifier: MIT */
/* Reductions on semaphore memory, shared by Host and the copy engines. */
#ifndef HW_SEM_OP_H
#define HW_SEM_OP_H

#include <stdbool.h>
#include <stdint.h>

/* Operations as SEM_EXECUTE, SEMAPHORED and LAUNCH_DMA number them alike. */
bool sem_reduction_valid(unsigned int op, bool wide, bool sign);
/*
 * Atomic to other GPU units, and to CPUs unless @remote: in system memory (l2.h).
 * @p aligned to its size.
 */
void sem_reduce(void *p, bool remote, bool wide, unsigned int op, bool sign, uint64_t payload);

#endif
