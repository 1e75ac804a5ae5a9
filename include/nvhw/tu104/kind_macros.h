/* SPDX-License-Identifier: MIT */
/*
 * Page kinds.
 * Source: NVIDIA open-gpu-doc, turing/tu102/kind_macros.h.
 */
#ifndef NVHW_TU104_KIND_MACROS_H
#define NVHW_TU104_KIND_MACROS_H

#define KIND_INVALID(k)							(                                      ((k) ==NV_MMU_CLIENT_KIND_INVALID))
#define PTEKIND_INVALID(k)						(                                      ((k) ==NV_MMU_PTE_KIND_INVALID))
#define PTEKIND_PITCH(k)						(                                      ((k) ==NV_MMU_PTE_KIND_PITCH)||                                      ((k) ==NV_MMU_PTE_KIND_SMSKED_MESSAGE))
#define KIND_Z(k)							(                                      ((k) >=NV_MMU_CLIENT_KIND_Z16 && (k) <= NV_MMU_CLIENT_KIND_Z24S8))
#define PTEKIND_Z(k)							(                                      ((k) >=NV_MMU_PTE_KIND_Z16 && (k) <= NV_MMU_PTE_KIND_Z24S8)||                                      ((k) >=NV_MMU_PTE_KIND_S8_COMPRESSIBLE_DISABLE_PLC && (k) <= NV_MMU_PTE_KIND_Z24S8_COMPRESSIBLE_DISABLE_PLC))
#define KIND_SUPPORTS_SUBKIND_Z(k)					(                                      ((k) ==NV_MMU_CLIENT_KIND_GENERIC_MEMORY)||                                      ((k) >=NV_MMU_CLIENT_KIND_Z16 && (k) <= NV_MMU_CLIENT_KIND_Z24S8))
#define PTEKIND_SUPPORTS_SUBKIND_Z(k)					(                                      ((k) ==NV_MMU_PTE_KIND_GENERIC_MEMORY)||                                      ((k) >=NV_MMU_PTE_KIND_Z16 && (k) <= NV_MMU_PTE_KIND_Z24S8)||                                      ((k) >=NV_MMU_PTE_KIND_GENERIC_MEMORY_COMPRESSIBLE && (k) <= NV_MMU_PTE_KIND_Z24S8_COMPRESSIBLE_DISABLE_PLC))
#define KIND_GENERIC_MEMORY(k)						(                                      ((k) ==NV_MMU_CLIENT_KIND_GENERIC_MEMORY))
#define PTEKIND_GENERIC_MEMORY(k)					(                                      ((k) ==NV_MMU_PTE_KIND_GENERIC_MEMORY)||                                      ((k) >=NV_MMU_PTE_KIND_GENERIC_MEMORY_COMPRESSIBLE && (k) <= NV_MMU_PTE_KIND_GENERIC_MEMORY_COMPRESSIBLE_DISABLE_PLC))
#define KIND_Z16(k)							(                                      ((k) ==NV_MMU_CLIENT_KIND_Z16))
#define PTEKIND_Z16(k)							(                                      ((k) ==NV_MMU_PTE_KIND_Z16)||                                      ((k) ==NV_MMU_PTE_KIND_Z16_COMPRESSIBLE_DISABLE_PLC))
#define KIND_Z24(k)							(                                      ((k) ==NV_MMU_CLIENT_KIND_S8Z24)||                                      ((k) ==NV_MMU_CLIENT_KIND_Z24S8))
#define PTEKIND_Z24(k)							(                                      ((k) ==NV_MMU_PTE_KIND_S8Z24)||                                      ((k) ==NV_MMU_PTE_KIND_Z24S8)||                                      ((k) ==NV_MMU_PTE_KIND_S8Z24_COMPRESSIBLE_DISABLE_PLC)||                                      ((k) ==NV_MMU_PTE_KIND_Z24S8_COMPRESSIBLE_DISABLE_PLC))
#define KIND_Z24S8(k)							(                                      ((k) ==NV_MMU_CLIENT_KIND_Z24S8))
#define PTEKIND_Z24S8(k)						(                                      ((k) ==NV_MMU_PTE_KIND_Z24S8)||                                      ((k) ==NV_MMU_PTE_KIND_Z24S8_COMPRESSIBLE_DISABLE_PLC))
#define KIND_S8Z24(k)							(                                      ((k) ==NV_MMU_CLIENT_KIND_S8Z24))
#define PTEKIND_S8Z24(k)						(                                      ((k) ==NV_MMU_PTE_KIND_S8Z24)||                                      ((k) ==NV_MMU_PTE_KIND_S8Z24_COMPRESSIBLE_DISABLE_PLC))
#define KIND_ZF32(k)							(                                      ((k) ==NV_MMU_CLIENT_KIND_ZF32_X24S8))
#define PTEKIND_ZF32(k)							(                                      ((k) ==NV_MMU_PTE_KIND_ZF32_X24S8)||                                      ((k) ==NV_MMU_PTE_KIND_ZF32_X24S8_COMPRESSIBLE_DISABLE_PLC))
#define KIND_S8(k)							(                                      ((k) ==NV_MMU_CLIENT_KIND_S8))
#define PTEKIND_S8(k)							(                                      ((k) ==NV_MMU_PTE_KIND_S8)||                                      ((k) ==NV_MMU_PTE_KIND_S8_COMPRESSIBLE_DISABLE_PLC))

#endif
