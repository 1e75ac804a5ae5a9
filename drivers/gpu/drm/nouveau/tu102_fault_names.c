// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Fault codes in words, for logs, tracing and debugfs, and which engine a fault
 * came from. Codes: open-gpu-doc dev_fault for TU104; client and engine ids:
 * open-gpu-kernel-modules, hwref/turing/tu102/dev_fault.h.
 */
#include <linux/array_size.h>
#include <linux/sprintf.h>

#include <nvhw/tu104/dev_fault.h>
#include <nvhw/tu104/dev_fault_client.h>

#include "tu102_fault.h"

/* Client codes come in runs: @n codes from @code on are name_<index>, ... */
struct client_run {
	u8 code, n, index;
	const char *name;
};

#define ONE(group, client) { NV_PFAULT_CLIENT_##group##_##client, 1, 0, #client }
#define RUN(group, client, first, count) \
	{ NV_PFAULT_CLIENT_##group##_##client##_##first, count, first, #client }

static const struct client_run gpc_clients[] = {
	RUN(GPC, T1, 0, 8), RUN(GPC, PE, 0, 8), ONE(GPC, RAST), ONE(GPC, GCC), ONE(GPC, GPCCS),
	RUN(GPC, PROP, 0, 4), ONE(GPC, GPM), RUN(GPC, T1, 8, 8), RUN(GPC, TPCCS, 0, 8),
	RUN(GPC, PE, 8, 2), RUN(GPC, TPCCS, 8, 2), RUN(GPC, T1, 16, 4), RUN(GPC, PE, 10, 2),
	RUN(GPC, TPCCS, 10, 2), RUN(GPC, T1, 20, 4),
};

static const struct client_run hub_clients[] = {
	ONE(HUB, CE0), ONE(HUB, CE1), ONE(HUB, FE), ONE(HUB, FECS), ONE(HUB, HOST),
	ONE(HUB, HOST_CPU), ONE(HUB, HOST_CPU_NB), ONE(HUB, MMU), ONE(HUB, PERF), ONE(HUB, SCC),
	ONE(HUB, SCC_NB), ONE(HUB, CE2), ONE(HUB, SKED), ONE(HUB, HSCE0), ONE(HUB, HSCE1),
	ONE(HUB, HSCE2), ONE(HUB, HSCE3), ONE(HUB, HSCE4), ONE(HUB, HSCE5), ONE(HUB, HSCE6),
	ONE(HUB, HSCE7), ONE(HUB, HSCE8), ONE(HUB, HSCE9),
};

static const char * const type_names[] = {
	[NV_PFAULT_FAULT_TYPE_PDE] = "PDE",
	[NV_PFAULT_FAULT_TYPE_PDE_SIZE] = "PDE_SIZE",
	[NV_PFAULT_FAULT_TYPE_PTE] = "PTE",
	[NV_PFAULT_FAULT_TYPE_VA_LIMIT_VIOLATION] = "VA_LIMIT_VIOLATION",
	[NV_PFAULT_FAULT_TYPE_UNBOUND_INST_BLOCK] = "UNBOUND_INST_BLOCK",
	[NV_PFAULT_FAULT_TYPE_PRIV_VIOLATION] = "PRIV_VIOLATION",
	[NV_PFAULT_FAULT_TYPE_RO_VIOLATION] = "RO_VIOLATION",
	[NV_PFAULT_FAULT_TYPE_WO_VIOLATION] = "WO_VIOLATION",
	[NV_PFAULT_FAULT_TYPE_PITCH_MASK_VIOLATION] = "PITCH_MASK_VIOLATION",
	[NV_PFAULT_FAULT_TYPE_WORK_CREATION] = "WORK_CREATION",
	[NV_PFAULT_FAULT_TYPE_UNSUPPORTED_APERTURE] = "UNSUPPORTED_APERTURE",
	[NV_PFAULT_FAULT_TYPE_COMPRESSION_FAILURE] = "COMPRESSION_FAILURE",
	[NV_PFAULT_FAULT_TYPE_UNSUPPORTED_KIND] = "UNSUPPORTED_KIND",
	[NV_PFAULT_FAULT_TYPE_REGION_VIOLATION] = "REGION_VIOLATION",
	[NV_PFAULT_FAULT_TYPE_POISONED] = "POISONED",
	[NV_PFAULT_FAULT_TYPE_ATOMIC_VIOLATION] = "ATOMIC_VIOLATION",
};

static const char * const access_names[] = {
	[NOUVEAU_ACCESS_PREFETCH] = "prefetch",
	[NOUVEAU_ACCESS_READ] = "read",
	[NOUVEAU_ACCESS_WRITE] = "write",
	[NOUVEAU_ACCESS_ATOMIC] = "atomic",
};

bool tu102_fault_is_ce(const struct nouveau_fault *f)
{
	return f->hw.engine >= NV_PFAULT_MMU_ENG_ID_CE0 && f->hw.engine <= NV_PFAULT_MMU_ENG_ID_CE8;
}

bool tu102_fault_is_pbdma(const struct nouveau_fault *f)
{
	return f->hw.engine >= NV_PFAULT_MMU_ENG_ID_HOST0 &&
	       f->hw.engine <= NV_PFAULT_MMU_ENG_ID_HOST14;
}

const char *tu102_fault_type_name(const struct nouveau_fault *f)
{
	if (f->hw.type < ARRAY_SIZE(type_names) && type_names[f->hw.type])
		return type_names[f->hw.type];
	return "unknown";
}

const char *tu102_fault_access_name(const struct nouveau_fault *f)
{
	return f->access < ARRAY_SIZE(access_names) ? access_names[f->access] : "unknown";
}

/**
 * tu102_fault_client_name - the client of a fault in words
 * @f: fault
 * @buf: output, zero-terminated
 * @size: size of @buf, bytes
 */
void tu102_fault_client_name(const struct nouveau_fault *f, char *buf, unsigned int size)
{
	const struct client_run *run = f->hw.hub ? hub_clients : gpc_clients;
	unsigned int n = f->hw.hub ? ARRAY_SIZE(hub_clients) : ARRAY_SIZE(gpc_clients);
	char unit[8] = "HUB";

	if (!f->hw.hub)
		snprintf(unit, sizeof(unit), "GPC%u", f->hw.gpc);
	for (; n; n--, run++) {
		unsigned int k = f->hw.client - run->code;

		if (f->hw.client < run->code || k >= run->n)
			continue;
		if (run->n == 1)
			snprintf(buf, size, "%s/%s", unit, run->name);
		else
			snprintf(buf, size, "%s/%s_%u", unit, run->name, run->index + k);
		return;
	}
	snprintf(buf, size, "%s/0x%02x", unit, f->hw.client);
}
