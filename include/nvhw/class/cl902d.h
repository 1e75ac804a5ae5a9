/* SPDX-License-Identifier: MIT */
/*
 * 2D class FERMI_TWOD_A (bound by clients, no effect modelled).
 * Source: NVIDIA open-gpu-doc, classes/twod/cl902d.h.
 */
#ifndef NVHW_CLASS_CL902D_H
#define NVHW_CLASS_CL902D_H

#define FERMI_TWOD_A							0x902D
#define NV902D_SET_OBJECT						0x0000
#define NV902D_SET_OBJECT_CLASS_ID					15:0
#define NV902D_SET_OBJECT_ENGINE_ID					20:16
#define NV902D_NO_OPERATION						0x0100
#define NV902D_WAIT_FOR_IDLE						0x0110
#define NV902D_WAIT_FOR_IDLE_V						31:0

#endif
