/* SPDX-License-Identifier: MIT */
/*
 * PMC reset bits and chip ids beyond the public TU104 manual.
 * Source: NVIDIA open-gpu-kernel-modules, src/common/inc/swref/published/turing/tu102/dev_boot.h.
 */
#ifndef NVHW_TU104_DEV_BOOT_H
#define NVHW_TU104_DEV_BOOT_H

#define NV_PMC_ENABLE							0x00000200
#define NV_PMC_ENABLE_DEVICE(i)						(i):(i)
#define NV_PMC_ENABLE_DEVICE__SIZE_1					32
#define NV_PMC_ENABLE_DEVICE_DISABLE					0x00000000
#define NV_PMC_ENABLE_DEVICE_ENABLE					0x00000001
#define NV_PMC_ENABLE_PMEDIA						4:4
#define NV_PMC_ENABLE_PFIFO						8:8
#define NV_PMC_ENABLE_PWR						13:13
#define NV_PMC_ENABLE_CE0						6:6
#define NV_PMC_ENABLE_CE1						7:7
#define NV_PMC_ENABLE_CE2						21:21
#define NV_PMC_ENABLE_CE3						22:22
#define NV_PMC_ENABLE_CE4						23:23
#define NV_PMC_ENABLE_CE5						24:24
#define NV_PMC_ENABLE_CE6						9:9
#define NV_PMC_ENABLE_CE7						10:10
#define NV_PMC_ENABLE_CE8						11:11
#define NV_PMC_ENABLE_PGRAPH						12:12
#define NV_PMC_ENABLE_SEC						14:14
#define NV_PMC_ENABLE_NVDEC						15:15
#define NV_PMC_ENABLE_NVDEC0						15:15
#define NV_PMC_ENABLE_NVDEC1						16:16
#define NV_PMC_ENABLE_NVDEC2						20:20
#define NV_PMC_ENABLE_NVENC0						18:18
#define NV_PMC_ENABLE_NVENC1						19:19
#define NV_PMC_ENABLE_PERFMON						28:28
#define NV_PMC_ENABLE_PDISP						30:30
#define NV_PMC_ENABLE_NVJPG0						31:31

#endif
