// SPDX-License-Identifier: MIT
/* Small control structures through a TLB: QMDs, GP entries, semaphores. */
#include <string.h>

#include "mmu.h"

/* Moves @n bytes between @buf and what @x names; sparse memory reads as zero. */
static void move(const struct mmu_xlat *x, char *buf, size_t n, bool write)
{
	if (x->sparse && !write)
		memset(buf, 0, n);
	else if (!x->sparse)
		memcpy(write ? (char *)x->ptr : buf, write ? buf : (char *)x->ptr, n);
}

static size_t copy(struct gpu *gpu, struct tlb *tlb, const struct mmu_as *as, uint64_t va,
		   char *buf, size_t len, bool write, struct mmu_xlat *fault)
{
	enum mmu_access access = write ? MMU_WRITE : MMU_READ;
	size_t done = 0;

	while (done < len) {
		size_t n = 0;

		tlb_lock(tlb);
		if (mmu_translate(gpu, tlb, as, va + done, access, fault) == MMU_OK) {
			n = len - done < fault->len ? len - done : fault->len;
			move(fault, buf + done, n, write);
		}
		tlb_unlock(tlb);
		if (!n)
			break;
		done += n;
	}
	return done;
}

size_t mmu_copy_from(struct gpu *gpu, struct tlb *tlb, const struct mmu_as *as, uint64_t va,
		     void *dst, size_t len, struct mmu_xlat *fault)
{
	return copy(gpu, tlb, as, va, dst, len, false, fault);
}

size_t mmu_copy_to(struct gpu *gpu, struct tlb *tlb, const struct mmu_as *as, uint64_t va,
		   const void *src, size_t len, struct mmu_xlat *fault)
{
	return copy(gpu, tlb, as, va, (char *)src, len, true, fault);
}
