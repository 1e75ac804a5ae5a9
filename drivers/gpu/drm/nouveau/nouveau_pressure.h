/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_PRESSURE_H__
#define __NOUVEAU_PRESSURE_H__

/*
 * Knobs of what happens when VRAM is not enough: who is promoted, who is evicted.
 * X(name, default, what it does); each is a file in debugfs, svm_knobs/.
 */
#include <linux/types.h>

#define NOUVEAU_PRESSURE_KNOBS(X) \
	X(promote, 1, "0: what access counters find hot stays where it is")

struct nouveau_pressure_knobs {
#define X(name, def, help) u32 name;
	NOUVEAU_PRESSURE_KNOBS(X)
#undef X
};

extern const struct nouveau_pressure_knobs nouveau_pressure_knobs_default;

/* Accesses to 64 KiB of system memory that make it hot: it has been read twice over. */
#define NOUVEAU_COUNTER_THRESHOLD	1024u

#endif
