// SPDX-License-Identifier: MIT
/*
 * What the page tables say: addresses by every size of page, permissions, and what
 * cannot be translated, with the reason in the fault.
 */
#include "mmu_env.h"

#include "nvhw/tu104/dev_fault.h"

#define VA	0x7f1234500000ull
#define PA1	0x2000000ull
#define PA2	0x2400000ull

static void test_translation(void **state)
{
	struct mmu_env *e = *state;
	struct mmu_xlat x;

	env_map(e, VA, 12, PA1, PTE_VALID | 6ull << 56);
	assert_int_equal(env_translate(e, VA + 0x123, MMU_WRITE, &x), MMU_OK);
	assert_int_equal(x.pa, PA1 + 0x123);
	assert_int_equal(x.len, 0x1000 - 0x123);
	assert_int_equal(x.page_shift, 12);
	assert_int_equal(x.kind, 6);
	assert_int_equal(x.aperture, APERTURE_VRAM);
	assert_false(x.sparse);
	env_map(e, VA + (2 << 20), 16, PA1 + 0x10000, PTE_VALID);
	assert_int_equal(env_translate(e, VA + (2 << 20) + 0x8001, MMU_READ, &x), MMU_OK);
	assert_int_equal(x.pa, PA1 + 0x18001);
	assert_int_equal(x.len, 0x10000 - 0x8001);
	env_map(e, VA + (4 << 20), 21, PA2, PTE_VALID);
	assert_int_equal(env_translate(e, VA + (4 << 20) + 0x12345, MMU_READ, &x), MMU_OK);
	assert_int_equal(x.pa, PA2 + 0x112345);		/* VA itself is 1 MiB into its 2 MiB */
	assert_int_equal(x.page_shift, 21);
}

static void test_permissions(void **state)
{
	struct mmu_env *e = *state;
	struct mmu_as priv = e->as;
	struct mmu_xlat x;

	env_map(e, VA, 12, PA1, PTE_VALID | PTE_RO);
	for (unsigned int pass = 0; pass < 2; pass++) {	/* miss, then hit */
		env_expect_fault(e, VA, MMU_WRITE, NV_PFAULT_FAULT_TYPE_RO_VIOLATION);
		env_expect_fault(e, VA, MMU_ATOMIC, NV_PFAULT_FAULT_TYPE_RO_VIOLATION);
		env_expect_pa(e, VA, PA1);
		assert_int_equal(env_translate(e, VA, MMU_PREFETCH, &x), MMU_OK);
	}
	env_map(e, VA + 0x1000, 12, PA1, PTE_VALID | PTE_NO_ATOMIC);
	for (unsigned int pass = 0; pass < 2; pass++) {
		env_expect_fault(e, VA + 0x1000, MMU_ATOMIC, NV_PFAULT_FAULT_TYPE_ATOMIC_VIOLATION);
		assert_int_equal(env_translate(e, VA + 0x1000, MMU_WRITE, &x), MMU_OK);
		env_expect_pa(e, VA + 0x1000, PA1);
	}
	env_map(e, VA + 0x2000, 12, PA1, PTE_VALID | PTE_PRIV);
	env_expect_fault(e, VA + 0x2000, MMU_READ, NV_PFAULT_FAULT_TYPE_PRIV_VIOLATION);
	priv.privileged = true;
	env_expect_pa_in(e, e->tlb, &priv, VA + 0x2000, PA1);
	env_expect_fault(e, VA + 0x2000, MMU_READ, NV_PFAULT_FAULT_TYPE_PRIV_VIOLATION);
	/* loosened without an invalidate: the old rights hold */
	env_map(e, VA, 12, PA1, PTE_VALID);
	env_expect_fault(e, VA, MMU_WRITE, NV_PFAULT_FAULT_TYPE_RO_VIOLATION);
	env_flush_va(e, VA, 0);
	assert_int_equal(env_translate(e, VA, MMU_WRITE, &x), MMU_OK);
	/* and tightened */
	env_map(e, VA, 12, PA1, PTE_VALID | PTE_RO);
	assert_int_equal(env_translate(e, VA, MMU_WRITE, &x), MMU_OK);
}

static void test_bad_pages(void **state)
{
	struct mmu_env *e = *state;
	struct mmu_as unbound = e->as;
	struct mmu_xlat x;

	env_map(e, VA, 12, PA1, PTE_VALID | PTE_PEER);
	env_expect_fault(e, VA, MMU_READ, NV_PFAULT_FAULT_TYPE_UNSUPPORTED_APERTURE);
	env_map(e, VA + 0x1000, 12, PA1, PTE_VALID | 7ull << 56);
	env_expect_fault(e, VA + 0x1000, MMU_READ, NV_PFAULT_FAULT_TYPE_UNSUPPORTED_KIND);
	env_map(e, VA + 0x2000, 12, 64ull << 20, PTE_VALID);	/* past video memory */
	env_expect_fault(e, VA + 0x2000, MMU_READ, NV_PFAULT_FAULT_TYPE_REGION_VIOLATION);
	env_expect_fault(e, 0x2000000000000ull, MMU_READ, NV_PFAULT_FAULT_TYPE_VA_LIMIT_VIOLATION);
	unbound.valid = false;
	assert_int_equal(env_translate_in(e, e->tlb, &unbound, VA, MMU_READ, &x), MMU_FAULT);
	assert_int_equal(x.fault_type, NV_PFAULT_FAULT_TYPE_UNBOUND_INST_BLOCK);
}

static void test_canonical_upper_half(void **state)
{
	struct mmu_env *e = *state;
	uint64_t va49 = 0x1800000000000ull;

	env_map(e, va49, 12, PA1, PTE_VALID);
	env_expect_pa(e, va49, PA1);
	env_expect_pa(e, 0xffff800000000000ull, PA1);
	env_map(e, va49, 12, PA2, PTE_VALID);
	env_flush_va(e, 0xffff800000000000ull, 0);
	env_expect_pa(e, va49, PA2);
	env_expect_pa(e, 0xffff800000000000ull, PA2);
}

static void test_sparse(void **state)
{
	struct mmu_env *e = *state;
	uint8_t buf[16] = { 1, 2, 3 };
	struct mmu_xlat x;

	env_map(e, VA, 12, 0, PTE_VOL);
	assert_int_equal(env_translate(e, VA + 0x10, MMU_WRITE, &x), MMU_OK);
	assert_true(x.sparse);
	assert_null(x.ptr);
	assert_int_equal(x.len, 0x1000 - 0x10);
	assert_int_equal(mmu_copy_to(e->gpu, e->tlb, &e->as, VA, buf, 16, &x), 16);
	assert_int_equal(mmu_copy_from(e->gpu, e->tlb, &e->as, VA, buf, 16, &x), 16);
	for (unsigned int i = 0; i < 16; i++)
		assert_int_equal(buf[i], 0);
}

static void test_system_memory(void **state)
{
	struct mmu_env *e = *state;
	struct mmu_xlat x;

	env_map(e, VA, 12, 0x5000, PTE_VALID | PTE_SYS_COH);
	env_map(e, VA + 0x1000, 12, 0x6000, PTE_VALID | PTE_SYS_NCOH);
	assert_int_equal(env_translate(e, VA + 4, MMU_WRITE, &x), MMU_OK);
	assert_ptr_equal(x.ptr, sim_mem(e->sim, 0x5004, 4));
	assert_int_equal(x.aperture, APERTURE_SYS_COH);
	assert_int_equal(env_translate(e, VA + 0x1000, MMU_READ, &x), MMU_OK);
	assert_int_equal(x.aperture, APERTURE_SYS_NCOH);
	/* the DMA map is looked at on every access, cached entry or not */
	sim_dma_allow(e->sim, 0x5000, 0x1000, true, false);
	env_expect_fault(e, VA, MMU_WRITE, NV_PFAULT_FAULT_TYPE_REGION_VIOLATION);
	assert_int_equal(env_translate(e, VA, MMU_READ, &x), MMU_OK);
	sim_dma_allow(e->sim, 0x5000, 0x1000, false, false);
	env_expect_fault(e, VA, MMU_READ, NV_PFAULT_FAULT_TYPE_REGION_VIOLATION);
	assert_int_equal(sim_dma_depth(e->sim), 0);
}

/* A 64 KiB page of which the device may use only some 4 KiB. */
static void test_large_page_with_holes(void **state)
{
	struct mmu_env *e = *state;
	struct mmu_xlat x;

	env_map(e, VA, 16, 0x40000, PTE_VALID | PTE_SYS_COH);
	assert_int_equal(env_translate(e, VA, MMU_READ, &x), MMU_OK);
	assert_int_equal(x.len, 0x10000);
	sim_dma_allow(e->sim, 0x42000, 0x1000, false, false);
	assert_int_equal(env_translate(e, VA + 0x10, MMU_READ, &x), MMU_OK);
	assert_int_equal(x.len, 0x1000 - 0x10);
	env_expect_fault(e, VA + 0x2000, MMU_READ, NV_PFAULT_FAULT_TYPE_REGION_VIOLATION);
	assert_int_equal(env_translate(e, VA + 0x3000, MMU_READ, &x), MMU_OK);
	assert_int_equal(x.len, 0xd000);
}

static void test_copy(void **state)
{
	struct mmu_env *e = *state;
	uint8_t out[0x2000], in[0x2000];
	struct mmu_xlat x;

	for (unsigned int i = 0; i < sizeof(out); i++)
		out[i] = i * 7 + (i >> 8);
	env_map(e, VA, 12, PA1, PTE_VALID);
	env_map(e, VA + 0x1000, 12, PA2, PTE_VALID);
	env_map(e, VA + 0x2000, 12, 0x9000, PTE_VALID | PTE_SYS_COH);
	assert_int_equal(mmu_copy_to(e->gpu, e->tlb, &e->as, VA + 0x800, out, 0x2000, &x), 0x2000);
	assert_memory_equal(sim_vram(e->sim, PA1 + 0x800, 0x800), out, 0x800);
	assert_memory_equal(sim_vram(e->sim, PA2, 0x1000), out + 0x800, 0x1000);
	assert_memory_equal(sim_mem(e->sim, 0x9000, 0x800), out + 0x1800, 0x800);
	assert_int_equal(mmu_copy_from(e->gpu, e->tlb, &e->as, VA + 0x800, in, 0x2000, &x), 0x2000);
	assert_memory_equal(in, out, 0x2000);
	/* stops at the first page that is not there */
	assert_int_equal(mmu_copy_from(e->gpu, e->tlb, &e->as, VA + 0x2400, in, 0x1000, &x), 0xc00);
	assert_int_equal(x.fault_type, NV_PFAULT_FAULT_TYPE_PTE);
}

#define T(name) cmocka_unit_test_setup_teardown(name, env_setup, env_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_translation),
		T(test_permissions),
		T(test_bad_pages),
		T(test_canonical_upper_half),
		T(test_sparse),
		T(test_system_memory),
		T(test_large_page_with_holes),
		T(test_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
