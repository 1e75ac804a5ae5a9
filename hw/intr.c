// SPDX-License-Identifier: MIT
/*
 * Vectors set leaf bits, leaves feed subtrees, armed subtrees make messages.
 * The legacy PMC tree is one more input of the one MSI line. A message goes
 * out on each 0 -> 1 transition of (pending & armed) of an input.
 */
#include "intr.h"

#include <errno.h>
#include <stdlib.h>

#include "gpu.h"
#include "inject.h"
#include "log.h"
#include "mmio.h"
#include "nvhw/nv_field.h"
#include "nvhw/tu104/dev_ctrl.h"
#include "nvhw/tu104/dev_master.h"
#include "nvhw/tu104/dev_vm.h"

#define LEAVES		8u
#define VECTORS		(LEAVES * 32)
#define SUBTREES	(LEAVES / 2)
#define SUBTREE_MASK	((1u << SUBTREES) - 1)
#define INPUT_LEGACY	(1u << SUBTREES)
#define FN_LEAVES	NV_CTRL_CPU_INTR_LEAF_ARRAY_SIZE_PER_FN

struct intr {
	uint32_t leaf[LEAVES];
	uint32_t leaf_en[LEAVES];
	uint32_t level[LEAVES];
	uint32_t top_en;
	uint32_t legacy_en;
	uint32_t legacy_sources;
	uint32_t inputs;	/* (pending & armed) as last seen */
	bool gate_closed;
	bool deferred;		/* a rise came while the gate was closed */
};

static uint32_t top_pending(const struct intr *in)
{
	uint32_t top = 0;

	for (unsigned int i = 0; i < LEAVES; i++)
		if (in->leaf[i] & in->leaf_en[i])
			top |= 1u << i / 2;
	return top;
}

uint32_t intr_legacy_pending(struct gpu *gpu)
{
	const struct intr *in = gpu->intr;
	uint32_t v = in->legacy_sources;

	v |= in->level[INTR_STALL_BASE / 32] & 0x0003fcff;	/* engine ids 0..17 but 8, 9 */
	if (intr_asserted(gpu, NV_VIRTUAL_FUNCTION_PRIV_CPU_INTR_PFIFO_INTR_0_VECTOR))
		v |= NV_MASK(NV_PMC_INTR_PFIFO);
	if (intr_asserted(gpu, NV_VIRTUAL_FUNCTION_PRIV_CPU_INTR_PFB_VECTOR))
		v |= NV_MASK(NV_PMC_INTR_PFB);
	if (intr_asserted(gpu, NV_VIRTUAL_FUNCTION_PRIV_CPU_INTR_PBUS_VECTOR))
		v |= NV_MASK(NV_PMC_INTR_PBUS);
	return v;
}

static void send(struct gpu *gpu)
{
	struct intr *in = gpu->intr;

	in->gate_closed = true;
	in->deferred = false;
	if (inject_hit(gpu, INJECT_LOST_INTERRUPT))
		return;
	count(gpu, msi_raised);
	host_raise_msi(gpu->host);
}

static void update(struct gpu *gpu)
{
	struct intr *in = gpu->intr;
	uint32_t inputs = top_pending(in) & in->top_en;
	uint32_t rise;

	if (intr_legacy_pending(gpu) & in->legacy_en)
		inputs |= INPUT_LEGACY;
	rise = inputs & ~in->inputs;
	in->inputs = inputs;
	if (!rise)
		return;
	if (in->gate_closed)
		in->deferred = true;
	else
		send(gpu);
}

void intr_msi_rearm(struct gpu *gpu)
{
	struct intr *in = gpu->intr;

	in->gate_closed = false;
	if (in->deferred && in->inputs)
		send(gpu);
	in->deferred = false;
}

void intr_pulse(struct gpu *gpu, unsigned int vector)
{
	if (vector >= VECTORS) {
		log_guest_error("intr", "vector %u does not exist", vector);
		return;
	}
	gpu->intr->leaf[vector / 32] |= 1u << vector % 32;
	update(gpu);
}

void intr_level(struct gpu *gpu, unsigned int vector, bool asserted)
{
	struct intr *in = gpu->intr;
	uint32_t bit = 1u << vector % 32;

	if (vector >= VECTORS)
		return;
	if (asserted) {
		in->level[vector / 32] |= bit;
		in->leaf[vector / 32] |= bit;
	} else {
		in->level[vector / 32] &= ~bit;
	}
	update(gpu);
}

bool intr_asserted(struct gpu *gpu, unsigned int vector)
{
	return vector < VECTORS && gpu->intr->level[vector / 32] >> vector % 32 & 1;
}

void intr_set_legacy_enable(struct gpu *gpu, uint32_t enable)
{
	gpu->intr->legacy_en = enable;
	update(gpu);
}

uint32_t intr_legacy_enable(struct gpu *gpu)
{
	return gpu->intr->legacy_en;
}

void intr_legacy_source(struct gpu *gpu, unsigned int bit, bool asserted)
{
	if (asserted)
		gpu->intr->legacy_sources |= 1u << bit;
	else
		gpu->intr->legacy_sources &= ~(1u << bit);
	update(gpu);
}

/*
 * Registers. The same state shows in the function's own window and, as
 * function 0, in the CTRL arrays of all functions; leaves 8..15 of function 0
 * and all virtual functions do not exist.
 */
static bool leaf_exists(const struct mmio_reg *r, unsigned int i)
{
	if (i < LEAVES)
		return true;
	log_unimp("intr", "%s: element %u is of another function", r->name, i);
	return false;
}

static uint32_t leaf_read(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
{
	return leaf_exists(r, i) ? gpu->intr->leaf[i] : 0;
}

static void leaf_written(struct gpu *gpu, const struct mmio_reg *r, unsigned int i,
			 uint32_t val, uint32_t old)
{
	struct intr *in = gpu->intr;

	if (!leaf_exists(r, i))
		return;
	in->leaf[i] = (in->leaf[i] & ~val) | in->level[i];
	update(gpu);
}

static uint32_t leaf_en_read(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
{
	return leaf_exists(r, i) ? gpu->intr->leaf_en[i] : 0;
}

static void leaf_en_set_written(struct gpu *gpu, const struct mmio_reg *r, unsigned int i,
				uint32_t val, uint32_t old)
{
	if (!leaf_exists(r, i))
		return;
	gpu->intr->leaf_en[i] |= val;
	update(gpu);
}

static void leaf_en_clear_written(struct gpu *gpu, const struct mmio_reg *r, unsigned int i,
				  uint32_t val, uint32_t old)
{
	if (!leaf_exists(r, i))
		return;
	gpu->intr->leaf_en[i] &= ~val;
	update(gpu);
}

static uint32_t top_read(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
{
	return i ? 0 : top_pending(gpu->intr);
}

static uint32_t top_en_read(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
{
	return i ? 0 : gpu->intr->top_en;
}

static void top_en_set_written(struct gpu *gpu, const struct mmio_reg *r, unsigned int i,
			       uint32_t val, uint32_t old)
{
	if (i)
		return;
	gpu->intr->top_en |= val & SUBTREE_MASK;
	update(gpu);
}

static void top_en_clear_written(struct gpu *gpu, const struct mmio_reg *r, unsigned int i,
				 uint32_t val, uint32_t old)
{
	if (i)
		return;
	gpu->intr->top_en &= ~val;
	update(gpu);
}

static void trigger_written(struct gpu *gpu, const struct mmio_reg *r, unsigned int i,
			    uint32_t val, uint32_t old)
{
	if (!i)
		intr_pulse(gpu, NV_GET(val, NV_VIRTUAL_FUNCTION_PRIV_CPU_INTR_LEAF_TRIGGER_VECTOR));
}

static const struct mmio_reg regs[] = {
	{ .off = MMIO_VF(NV_VIRTUAL_FUNCTION_PRIV_CPU_INTR_LEAF(0)), .count = LEAVES,
	  .name = "VIRTUAL_FUNCTION_PRIV_CPU_INTR_LEAF",
	  .read = leaf_read, .write = leaf_written },
	{ .off = MMIO_VF(NV_VIRTUAL_FUNCTION_PRIV_CPU_INTR_LEAF_EN_SET(0)), .count = LEAVES,
	  .name = "VIRTUAL_FUNCTION_PRIV_CPU_INTR_LEAF_EN_SET",
	  .read = leaf_en_read, .write = leaf_en_set_written },
	{ .off = MMIO_VF(NV_VIRTUAL_FUNCTION_PRIV_CPU_INTR_LEAF_EN_CLEAR(0)), .count = LEAVES,
	  .name = "VIRTUAL_FUNCTION_PRIV_CPU_INTR_LEAF_EN_CLEAR",
	  .read = leaf_en_read, .write = leaf_en_clear_written },
	{ .off = MMIO_VF(NV_VIRTUAL_FUNCTION_PRIV_CPU_INTR_TOP(0)),
	  .name = "VIRTUAL_FUNCTION_PRIV_CPU_INTR_TOP", .read = top_read },
	{ .off = MMIO_VF(NV_VIRTUAL_FUNCTION_PRIV_CPU_INTR_TOP_EN_SET(0)),
	  .name = "VIRTUAL_FUNCTION_PRIV_CPU_INTR_TOP_EN_SET",
	  .read = top_en_read, .write = top_en_set_written },
	{ .off = MMIO_VF(NV_VIRTUAL_FUNCTION_PRIV_CPU_INTR_TOP_EN_CLEAR(0)),
	  .name = "VIRTUAL_FUNCTION_PRIV_CPU_INTR_TOP_EN_CLEAR",
	  .read = top_en_read, .write = top_en_clear_written },
	{ .off = MMIO_VF(NV_VIRTUAL_FUNCTION_PRIV_CPU_INTR_LEAF_TRIGGER),
	  .name = "VIRTUAL_FUNCTION_PRIV_CPU_INTR_LEAF_TRIGGER", .write = trigger_written },
	{ .off = NV_CTRL_CPU_INTR_TOP(0), .count = NV_CTRL_CPU_INTR_TOP__SIZE_1,
	  .name = "CTRL_CPU_INTR_TOP", .read = top_read },
	{ .off = NV_CTRL_CPU_INTR_TOP_EN_SET(0), .count = NV_CTRL_CPU_INTR_TOP_EN_SET__SIZE_1,
	  .name = "CTRL_CPU_INTR_TOP_EN_SET",
	  .read = top_en_read, .write = top_en_set_written },
	{ .off = NV_CTRL_CPU_INTR_TOP_EN_CLEAR(0), .count = NV_CTRL_CPU_INTR_TOP_EN_CLEAR__SIZE_1,
	  .name = "CTRL_CPU_INTR_TOP_EN_CLEAR",
	  .read = top_en_read, .write = top_en_clear_written },
	{ .off = NV_CTRL_CPU_INTR_LEAF(0), .count = NV_CTRL_CPU_INTR_LEAF__SIZE_1,
	  .name = "CTRL_CPU_INTR_LEAF", .read = leaf_read, .write = leaf_written },
	{ .off = NV_CTRL_CPU_INTR_LEAF_EN_SET(0), .count = NV_CTRL_CPU_INTR_LEAF_EN_SET__SIZE_1,
	  .name = "CTRL_CPU_INTR_LEAF_EN_SET",
	  .read = leaf_en_read, .write = leaf_en_set_written },
	{ .off = NV_CTRL_CPU_INTR_LEAF_EN_CLEAR(0),
	  .count = NV_CTRL_CPU_INTR_LEAF_EN_CLEAR__SIZE_1,
	  .name = "CTRL_CPU_INTR_LEAF_EN_CLEAR",
	  .read = leaf_en_read, .write = leaf_en_clear_written },
	{ .off = NV_CTRL_CPU_INTR_LEAF_TRIGGER(0), .count = NV_CTRL_CPU_INTR_LEAF_TRIGGER__SIZE_1,
	  .name = "CTRL_CPU_INTR_LEAF_TRIGGER", .write = trigger_written },
	{ .off = NV_CTRL_LEGACY_ENGINE_STALL_INTR_BASE_VECTORID,
	  .name = "CTRL_LEGACY_ENGINE_STALL_INTR_BASE_VECTORID", .reset = INTR_STALL_BASE },
	{ .off = NV_CTRL_LEGACY_ENGINE_NONSTALL_INTR_BASE_VECTORID,
	  .name = "CTRL_LEGACY_ENGINE_NONSTALL_INTR_BASE_VECTORID", .reset = 0 },
	{ .off = NV_CTRL_VIRTUAL_INTR_VECTORID, .name = "CTRL_VIRTUAL_INTR_VECTORID",
	  .reset = NV_CTRL_VIRTUAL_INTR_VECTORID_VALUE_CONSTANT },
	{ .off = NV_CTRL_CPU_DOORBELL_VECTORID, .name = "CTRL_CPU_DOORBELL_VECTORID",
	  .reset = NV_CTRL_CPU_DOORBELL_VECTORID_VALUE_CONSTANT },
	{ .off = NV_CTRL_SW_INTR_NOSTALL_VECTORID, .name = "CTRL_SW_INTR_NOSTALL_VECTORID",
	  .reset = NV_CTRL_SW_INTR_NOSTALL_VECTORID_VALUE_CONSTANT },
};

static const struct mmio_block block = { "intr", regs, sizeof(regs) / sizeof(regs[0]) };

int intr_init(struct gpu *gpu)
{
	gpu->intr = calloc(1, sizeof(*gpu->intr));
	if (!gpu->intr)
		return -ENOMEM;
	mmio_register(gpu, &block);
	return 0;
}

void intr_reset(struct gpu *gpu)
{
	*gpu->intr = (struct intr){ 0 };
}

void intr_fini(struct gpu *gpu)
{
	free(gpu->intr);
	gpu->intr = NULL;
}

_Static_assert(FN_LEAVES >= LEAVES, "function 0 owns the first leaves of the CTRL arrays");
