/* SPDX-License-Identifier: MIT */
/*
 * Everything the model and the driver agree on that no public NVIDIA manual
 * or published header gives. Prefix NVX_. Each line says where the fact comes
 * from: "nouveau" = used by the upstream driver, "inferred" = deduced from
 * published formats, "model" = this project's own choice. Documentation/
 * hw-model.md carries the same list in prose. Nothing outside this file may
 * be guessed.
 */
#ifndef NVHW_UNDOCUMENTED_H
#define NVHW_UNDOCUMENTED_H

/* PCI identity of the modelled board: a Tesla T4 id with QEMU's subsystem id. */
#define NVX_PCI_VENDOR_NVIDIA			0x10de		/* published */
#define NVX_PCI_DEVICE_TU104_T4			0x1eb8		/* published */
#define NVX_MODEL_SUBSYSTEM_VENDOR		0x1af4		/* model */
#define NVX_MODEL_SUBSYSTEM_DEVICE		0x1100		/* model */
#define NVX_PMC_BOOT_0_TU104_A1			0x164000a1	/* inferred from fields */
#define NVX_PMC_BOOT_42_TU104_A1		0x164a1000	/* inferred from fields */

/* What an offset reads that no unit claims. */
#define NVX_PRI_UNCLAIMED			0xbadf0100	/* model; silicon answers 0xbadfxxxx too */

/* Host flush: write 1, poll PENDING. Makes BAR writes visible to the GPU. */
#define NVX_HOST_FLUSH				0x00070000	/* nouveau */
#define NVX_HOST_FLUSH_TRIGGER			0:0
#define NVX_HOST_FLUSH_PENDING			1:1
#define NVX_L2_SYSMEM_INVALIDATE		0x00070004	/* nouveau */
#define NVX_L2_FLUSH_DIRTY			0x00070010	/* nouveau */

/* Nanosecond time as the kernel reads it (user-mode copy: NV_USERMODE_TIME_x). */
#define NVX_PTIMER_TIME_0			0x00009400	/* nouveau */
#define NVX_PTIMER_TIME_1			0x00009410	/* nouveau */

/* Write 0 to let the next MSI out: config 0x704 through the BAR0 mirror. */
#define NVX_XVE_MSI_REARM			0x00088704	/* nouveau */
#define NVX_XVE_MIRROR				0x00088000	/* nouveau; published base */

/* Bit 0: the CPU may read NV_PGC6_AON_SECURE_SCRATCH_GROUP_05 (boot progress). */
#define NVX_PGC6_GROUP_05_PRIV_LEVEL_MASK	0x00118128	/* nouveau; published by NVIDIA's driver */
#define NVX_PGC6_GROUP_05_PRIV_LEVEL_MASK_READ	0:0

/* VRAM size = MAG << (SCALE + 20), times 15/16 with ECC. */
#define NVX_PFB_LOCAL_MEMORY_RANGE		0x00100ce0	/* published for GP102 */
#define NVX_PFB_LOCAL_MEMORY_RANGE_LOWER_SCALE	3:0
#define NVX_PFB_LOCAL_MEMORY_RANGE_LOWER_MAG	9:4
#define NVX_PFB_LOCAL_MEMORY_RANGE_ECC_MODE	30:30
#define NVX_PFB_VPR_STATUS			0x001fa80c	/* nouveau */
#define NVX_PFB_VPR_STATUS_LOCKED		4:4
#define NVX_PFB_SYSMEM_FLUSH_PAGE		0x00100c10	/* nouveau: PA >> 8 */
#define NVX_PFB_MMU_CTRL_MIRROR			0x001fac80	/* nouveau: copy of MMU_CTRL */
#define NVX_PFB_MMU_DEBUG_MIRROR(i)		(0x001facc4 + (i) * 4)	/* nouveau: copies of DEBUG_CTRL, WR, RD */
#define NVX_STRAP				0x00101000	/* nouveau */
#define NVX_STRAP_CRYSTAL_27MHZ			0x00400000	/* nouveau */
#define NVX_PFB_NUM_ACTIVE_LTCS_GPC		0x00100800	/* nouveau copies it into each GPC */
#define NVX_LTC_COUNT				0x0012006c	/* nouveau */
#define NVX_LTC_CONFIG				0x0017e280	/* nouveau: slices 31:28 */
#define NVX_FBPS				4		/* model: a 256-bit board */
#define NVX_FBPA_PER_FBP			2		/* model */
#define NVX_LTC_PER_FBP				2		/* model */
#define NVX_SLICES_PER_LTC			4		/* model */
#define NVX_VRAM_RESERVED_HEAD			0x00040000	/* nouveau: VGA */
#define NVX_VRAM_RESERVED_TAIL			0x00100000	/* nouveau: VBIOS etc. */

/* Graphics topology. */
#define NVX_GR_GPC_COUNT			0x00409604	/* nouveau */
#define NVX_GR_GPC_COUNT_VALUE			4:0
#define NVX_GPC_TPC_COUNT(g)			(0x00502608 + (g) * 0x8000)	/* nouveau */
#define NVX_GPC_TPC_COUNT_VALUE			4:0

/* Graphics interrupts and the path to a warp error. */
#define NVX_GR_INTR				0x00400100	/* nouveau, W1C */
#define NVX_GR_INTR_NOTIFY			0:0
#define NVX_GR_INTR_ILLEGAL_METHOD		4:4
#define NVX_GR_INTR_ILLEGAL_CLASS		5:5
#define NVX_GR_INTR_DATA_ERROR			20:20
#define NVX_GR_INTR_TRAP			21:21
#define NVX_GR_INTR_EN				0x0040013c	/* nouveau */
#define NVX_GR_TRAP				0x00400108	/* nouveau, W1C */
#define NVX_GR_TRAP_FE				0:0
#define NVX_GR_TRAP_SKED			8:8
#define NVX_GR_TRAP_GPC				24:24
#define NVX_GR_TRAP_GPC_MASK			0x00400118	/* nouveau, W1C */
#define NVX_GR_TRAPPED_CODE			0x00400110	/* nouveau */
#define NVX_GR_TRAPPED_CODE_INVALID_OPERATION	0x03		/* nouveau, with the three below */
#define NVX_GR_TRAPPED_CODE_INVALID_VALUE	0x04
#define NVX_GR_TRAPPED_CODE_INVALID_ENUM	0x05
#define NVX_GR_TRAPPED_CODE_INVALID_BITFIELD	0x0c
#define NVX_GR_TRAPPED_ADDR			0x00400704	/* nouveau */
#define NVX_GR_TRAPPED_ADDR_METHOD		13:2
#define NVX_GR_TRAPPED_ADDR_SUBCHANNEL		18:16
#define NVX_GR_TRAPPED_DATA			0x00400708	/* nouveau */
#define NVX_GR_RESUME				0x00400500	/* nouveau */
#define NVX_GR_RESUME_GO			0x00010001
#define NVX_GR_CURRENT_INST			0x00409b00	/* nouveau */
#define NVX_GR_CURRENT_INST_PTR			27:0		/* PA >> 12 */
#define NVX_GR_CURRENT_INST_TARGET		29:28
#define NVX_GR_CURRENT_INST_VALID		31:31
#define NVX_GPC_TRAP(g)				(0x00502c90 + (g) * 0x8000)	/* nouveau, W1C: bit t = TPC t */
#define NVX_TPC_TRAP(g, t)			(0x00504508 + (g) * 0x8000 + (t) * 0x800)	/* nouveau, W1C */
#define NVX_TPC_TRAP_SM				1:1
#define NVX_SM_WARP_ESR(g, t, s)		(0x00504730 + (g) * 0x8000 + (t) * 0x800 + (s) * 0x80)	/* nouveau */
#define NVX_SM_WARP_ESR_CODE			15:0
#define NVX_SM_GLOBAL_ESR(g, t, s)		(0x00504734 + (g) * 0x8000 + (t) * 0x800 + (s) * 0x80)	/* nouveau, W1C */
#define NVX_SM_GLOBAL_ESR_BPT_INT		4:4		/* nouveau */
#define NVX_SM_WARP_ERROR_MISALIGNED_PC		0x05		/* nouveau */
#define NVX_SM_WARP_ERROR_MISALIGNED_REG	0x08
#define NVX_SM_WARP_ERROR_ILLEGAL_ENCODING	0x09
#define NVX_SM_WARP_ERROR_ILLEGAL_PARAM		0x0b
#define NVX_SM_WARP_ERROR_OOR_REG		0x0d
#define NVX_SM_WARP_ERROR_OOR_ADDR		0x0e
#define NVX_SM_WARP_ERROR_MISALIGNED_ADDR	0x0f
#define NVX_SM_WARP_ERROR_INVALID_ADDR_SPACE	0x10
#define NVX_SM_WARP_ERROR_MMU_NACK		0x20		/* model: load or store cancelled by the MMU */

/* A 3D method that Mesa sends and no class header names; inert. */
#define NVX_C597_METHOD_15B4			0x15b4		/* Mesa */

/* RAMFC words a driver fills although the manual keeps them reserved. */
#define NVX_RAMFC_CHID_WORD			58		/* nouveau */
#define NVX_RAMFC_ACQUIRE_NEVER			0x7ffff902	/* nouveau */
#define NVX_RAMFC_PB_HEADER_RESET		0x20400000	/* nouveau */
#define NVX_RAMFC_SUBDEVICE_ALL			0x30000fff	/* nouveau */
#define NVX_RAMFC_RESERVED62_VALUE		0x10003080	/* nouveau */

/* Fault-and-switch buffer of a copy engine, by the number of physical ones. */
#define NVX_CE_METHOD_BUFFER_BYTES(pces)	(27 * 5 * ((9 + 1 + 3) * (pces) + 2))	/* nouveau */

/* Sizes the manuals leave to the chip. */
#define NVX_FAULT_BUFFER_DEFAULT_REPLAYABLE	8192		/* model: entries */
#define NVX_FAULT_BUFFER_DEFAULT_NON_REPLAYABLE	1024		/* model: entries */
#define NVX_ACCESS_COUNTER_BANKS		16		/* model: as many as BANK can name */
#define NVX_ACCESS_COUNTER_TAGS			256		/* model: counters per bank */
#define NVX_BAR2_SIZE				0x02000000	/* inferred: 32 MiB on boards */
#define NVX_CHANNELS				4096		/* published CFG1; repeated for tables */
#define NVX_GR_CONTEXT_BYTES			0x10000		/* model: opaque context image */
/* Constants that a pair of uniform registers describes, as Mesa's NVK makes them. */
#define NVX_CONST_DESCRIPTOR_ADDRESS		44:0
#define NVX_CONST_DESCRIPTOR_SIZE		63:45
#define NVX_CONST_DESCRIPTOR_SHIFT		4		/* of both: units of 16 bytes */

#endif
