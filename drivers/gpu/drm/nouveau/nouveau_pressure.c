// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * What to do when VRAM is not enough. Pure: no locks, no clock, no side effects.
 */
#include <linux/kernel.h>
#include <linux/types.h>

#include "nouveau_pressure.h"

const struct nouveau_pressure_knobs nouveau_pressure_knobs_default = {
#define X(name, def, help) .name = def,
	NOUVEAU_PRESSURE_KNOBS(X)
#undef X
};
