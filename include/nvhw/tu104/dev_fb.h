/* SPDX-License-Identifier: MIT */
/*
 * Frame-buffer hub registers beyond the public TU104 manual.
 * Source: NVIDIA open-gpu-kernel-modules, src/common/inc/swref/published/turing/tu102/dev_fb.h.
 */
#ifndef NVHW_TU104_DEV_FB_H
#define NVHW_TU104_DEV_FB_H

#define NV_PFB_PRI_MMU_WPR2_ADDR_LO					0x001FA824
#define NV_PFB_PRI_MMU_WPR2_ADDR_LO_VAL					31:4
#define NV_PFB_PRI_MMU_WPR2_ADDR_LO_ALIGNMENT				0x0000000c
#define NV_PFB_PRI_MMU_WPR2_ADDR_HI					0x001FA828
#define NV_PFB_PRI_MMU_WPR2_ADDR_HI_VAL					31:4
#define NV_PFB_PRI_MMU_WPR2_ADDR_HI_ALIGNMENT				0x0000000c

#endif
