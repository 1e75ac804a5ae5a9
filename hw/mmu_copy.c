// SPDX-License-Identifier: MIT
/* Small control structures through a TLB: QMDs, GP entries, semaphores. */
#include <string.h>

#include "mmu.h"

size_t mmu_copy_from(struct gpu *gpu, struct tlb *tlb, const struct mmu_as *as, uint64_t va,
		     void *dst, size_t len, struct mmu_xlat *fault)
{
	size_t done = 0;

	while (done < len) {
		size_t n = 0;

		tlb_lock(tlb);
		if (mmu_translate(gpu, tlb, as, va + done, MMU_READ, fault) == MMU_OK) {
			n = len - done < fault->len ? len - done : fault->len;
			if (fault->sparse)
				memset((char *)dst + done, 0, n);
			else
				memcpy((char *)dst + done, fault->ptr, n);
		}
		tlb_unlock(tlb);
		if (!n)
			break;
		done += n;
	}
	return done;
}

size_t mmu_copy_to(struct gpu *gpu, struct tlb *tlb, const struct mmu_as *as, uint64_t va,
		   const void *src, size_t len, struct mmu_xlat *fault)
{
	size_t done = 0;

	while (done < len) {
		size_t n = 0;

		tlb_lock(tlb);
		if (mmu_translate(gpu, tlb, as, va + done, MMU_WRITE, fault) == MMU_OK) {
			n = len - done < fault->len ? len - done : fault->len;
			if (!fault->sparse)
				memcpy(fault->ptr, (const char *)src + done, n);
		}
		tlb_unlock(tlb);
		if (!n)
			break;
		done += n;
	}
	return done;
}
