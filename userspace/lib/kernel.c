// SPDX-License-Identifier: MIT
/* Loading machine code and launching it: QMD, constants, two methods. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <nvhw/class/clc3c0qmd.h>
#include <nvhw/class/clc5c0.h>
#include <nvhw/nv_field.h>

#include "priv.h"

#define SUBCHANNEL_COMPUTE 1
#define INSTRUCTION_BYTES 16
#define MAX_THREADS 1024
#define MAX_SHARED (64 * KIB)
#define MAX_LOCAL (16 * KIB)
#define MAX_GPRS 253
#define MAX_BARRIERS 16
#define SHARED_GRANULE 256

/* Bank 0, as toolchains expect it; arguments follow at PARAMS_OFFSET. */
#define BANK_BLOCK 0x0
#define BANK_GRID 0xc
#define BANK_SHARED_WINDOW 0x18
#define BANK_LOCAL_WINDOW 0x20
#define BANK_STACK_TOP 0x28
#define BANK_DYNAMIC_SHARED 0x2c
#define BANK_SMS 0x10c

int nvsvm_kernel_new(struct nvsvm_context *context, const uint32_t *code, size_t count,
		     unsigned int gprs, unsigned int shared, unsigned int local,
		     unsigned int barriers, struct nvsvm_kernel **kernel)
{
	struct nvsvm_kernel *k;
	int ret;

	if (!count || count > 16 * MIB / INSTRUCTION_BYTES || gprs > MAX_GPRS ||
	    shared > MAX_SHARED || local > MAX_LOCAL || barriers > MAX_BARRIERS)
		return -EINVAL;
	k = calloc(1, sizeof(*k));
	if (!k)
		return -ENOMEM;
	k->context = context;
	k->gprs = gprs < 4 ? 4 : gprs;
	k->shared = shared;
	k->local = local;
	k->barriers = barriers;
	k->fresh = true;
	ret = bo_init(context->fd, &k->code, count * INSTRUCTION_BYTES, 0,
		      NOUVEAU_GEM_DOMAIN_GART | NOUVEAU_GEM_DOMAIN_MAPPABLE);
	if (!ret)
		ret = bo_map(&k->code);
	if (ret) {
		nvsvm_kernel_free(k);
		return ret;
	}
	memcpy(k->code.map, code, count * INSTRUCTION_BYTES);
	k->entry = k->code.address;
	k->params_offset = PARAMS_OFFSET;
	*kernel = k;
	return 0;
}

void nvsvm_kernel_free(struct nvsvm_kernel *kernel)
{
	if (!kernel)
		return;
	if (kernel->module)
		kernel->module->kernels--;
	else
		bo_fini(&kernel->code);
	free(kernel->params);
	free(kernel);
}

int nvsvm_kernel_set_shared(struct nvsvm_kernel *kernel, unsigned int bytes)
{
	if (bytes > MAX_SHARED - kernel->shared)
		return -EINVAL;
	kernel->dynamic_shared = bytes;
	return 0;
}

unsigned int nvsvm_kernel_parameters(const struct nvsvm_kernel *kernel,
				     struct nvsvm_parameter *list, unsigned int count)
{
	for (unsigned int i = 0; i < count && i < kernel->nparams; i++)
		list[i] = kernel->params[i];
	return kernel->nparams;
}

/* The hardware's code for a shared-memory partition that holds @bytes. */
static uint32_t shared_config(unsigned int bytes)
{
	static const struct { unsigned int kib; uint32_t code; } sizes[] = {
		{ 8, 0x3 }, { 16, 0x5 }, { 32, 0x9 }, { 64, 0x11 },
	};

	for (unsigned int i = 0; i < 4; i++)
		if (bytes <= sizes[i].kib * KIB)
			return sizes[i].code;
	return 0x19;
}

static void fill_qmd(uint32_t *q, const struct nvsvm_kernel *k, const uint32_t grid[3],
		     const uint32_t block[3], uint64_t bank0)
{
	unsigned int shared = (k->shared + k->dynamic_shared + SHARED_GRANULE - 1) &
			      ~(SHARED_GRANULE - 1);
	uint64_t pc = k->entry;

	memset(q, 0, SLOT_QMD_BYTES);
	NV_MW_SET(q, NVC3C0_QMDV02_02_SM_GLOBAL_CACHING_ENABLE, 1);
	NV_MW_DEF(q, NVC3C0_QMDV02_02_API_VISIBLE_CALL_LIMIT, _NO_CHECK);
	NV_MW_SET(q, NVC3C0_QMDV02_02_CTA_RASTER_WIDTH, grid[0]);
	NV_MW_SET(q, NVC3C0_QMDV02_02_CTA_RASTER_HEIGHT, grid[1]);
	NV_MW_SET(q, NVC3C0_QMDV02_02_CTA_RASTER_DEPTH, grid[2]);
	NV_MW_SET(q, NVC3C0_QMDV02_02_CTA_THREAD_DIMENSION0, block[0]);
	NV_MW_SET(q, NVC3C0_QMDV02_02_CTA_THREAD_DIMENSION1, block[1]);
	NV_MW_SET(q, NVC3C0_QMDV02_02_CTA_THREAD_DIMENSION2, block[2]);
	NV_MW_SET(q, NVC3C0_QMDV02_02_SHARED_MEMORY_SIZE, shared);
	NV_MW_SET(q, NVC3C0_QMDV02_02_MIN_SM_CONFIG_SHARED_MEM_SIZE, shared_config(0));
	NV_MW_SET(q, NVC3C0_QMDV02_02_TARGET_SM_CONFIG_SHARED_MEM_SIZE, shared_config(shared));
	NV_MW_SET(q, NVC3C0_QMDV02_02_MAX_SM_CONFIG_SHARED_MEM_SIZE, shared_config(96 * KIB));
	NV_MW_SET(q, NVC3C0_QMDV02_02_QMD_VERSION, 2);
	NV_MW_SET(q, NVC3C0_QMDV02_02_QMD_MAJOR_VERSION, 2);
	NV_MW_SET(q, NVC3C0_QMDV02_02_REGISTER_COUNT_V, k->gprs);
	NV_MW_SET(q, NVC3C0_QMDV02_02_BARRIER_COUNT, k->barriers);
	NV_MW_SET(q, NVC3C0_QMDV02_02_SHADER_LOCAL_MEMORY_LOW_SIZE, (k->local + 15) & ~15u);
	NV_MW_SET(q, NVC3C0_QMDV02_02_CONSTANT_BUFFER_VALID(0), 1);
	NV_MW_SET(q, NVC3C0_QMDV02_02_CONSTANT_BUFFER_ADDR_LOWER(0), (uint32_t)bank0);
	NV_MW_SET(q, NVC3C0_QMDV02_02_CONSTANT_BUFFER_ADDR_UPPER(0), bank0 >> 32);
	NV_MW_SET(q, NVC3C0_QMDV02_02_CONSTANT_BUFFER_SIZE_SHIFTED4(0), SLOT_CONST_BYTES >> 4);
	for (unsigned int b = 1; b < BANKS; b++) {
		if (!k->bank[b].bytes)
			continue;
		NV_MW_SET(q, NVC3C0_QMDV02_02_CONSTANT_BUFFER_VALID(b), 1);
		NV_MW_SET(q, NVC3C0_QMDV02_02_CONSTANT_BUFFER_ADDR_LOWER(b),
			  (uint32_t)k->bank[b].address);
		NV_MW_SET(q, NVC3C0_QMDV02_02_CONSTANT_BUFFER_ADDR_UPPER(b),
			  k->bank[b].address >> 32);
		NV_MW_SET(q, NVC3C0_QMDV02_02_CONSTANT_BUFFER_SIZE_SHIFTED4(b),
			  (k->bank[b].bytes + 15) >> 4);
	}
	NV_MW_SET(q, NVC3C0_QMDV02_02_PROGRAM_ADDRESS_LOWER, (uint32_t)pc);
	NV_MW_SET(q, NVC3C0_QMDV02_02_PROGRAM_ADDRESS_UPPER, pc >> 32);
}

static void fill_bank0(char *bank, const struct nvsvm_kernel *k, const uint32_t grid[3],
		       const uint32_t block[3], const void *args, size_t args_bytes)
{
	const uint64_t shared_window = SHARED_WINDOW, local_window = LOCAL_WINDOW;
	const uint32_t stack = (k->local + 15) & ~15u;

	memset(bank, 0, PARAMS_OFFSET);
	memcpy(bank + BANK_BLOCK, block, 12);
	memcpy(bank + BANK_GRID, grid, 12);
	memcpy(bank + BANK_SHARED_WINDOW, &shared_window, 8);
	memcpy(bank + BANK_LOCAL_WINDOW, &local_window, 8);
	memcpy(bank + BANK_STACK_TOP, &stack, 4);
	memcpy(bank + BANK_DYNAMIC_SHARED, &k->dynamic_shared, 4);
	memcpy(bank + BANK_SMS, &k->context->info.sms, 4);
	if (args_bytes)
		memcpy(bank + k->params_offset, args, args_bytes);
}

static bool shape_is_valid(const uint32_t grid[3], const uint32_t block[3])
{
	uint64_t threads = (uint64_t)block[0] * block[1] * block[2];

	return threads && threads <= MAX_THREADS && block[0] <= MAX_THREADS &&
	       block[1] <= MAX_THREADS && block[2] <= 64 && grid[0] && grid[1] && grid[2] &&
	       grid[0] <= 0x7fffffff && grid[1] <= 0xffff && grid[2] <= 0xffff;
}

int nvsvm_launch(struct nvsvm_kernel *kernel, const uint32_t grid[3], const uint32_t block[3],
		 const void *args, size_t args_bytes)
{
	struct nvsvm_context *context = kernel->context;
	struct channel *ch = &context->channel;
	uint32_t caches = NV_DEF(NVC5C0_INVALIDATE_SHADER_CACHES_NO_WFI_CONSTANT, _TRUE);
	uint32_t data;
	uint64_t qmd;
	int slot, ret;

	if (!shape_is_valid(grid, block) || args_bytes > PARAMS_MAX)
		return -EINVAL;
	if (kernel->max_threads &&
	    (uint64_t)block[0] * block[1] * block[2] > kernel->max_threads)
		return -EINVAL;
	slot = channel_begin(context);
	if (slot < 0)
		return slot;
	fill_bank0((char *)ch->consts.map + slot * SLOT_CONST_BYTES, kernel, grid, block, args,
		   args_bytes);
	fill_qmd((uint32_t *)((char *)ch->qmd.map + slot * SLOT_QMD_BYTES), kernel, grid, block,
		 ch->consts.address + slot * SLOT_CONST_BYTES);
	qmd = ch->qmd.address + slot * SLOT_QMD_BYTES;

	if (kernel->fresh)
		caches |= NV_DEF(NVC5C0_INVALIDATE_SHADER_CACHES_NO_WFI_INSTRUCTION, _TRUE);
	channel_put(ch, SUBCHANNEL_COMPUTE, NVC5C0_INVALIDATE_SHADER_CACHES_NO_WFI, &caches, 1);
	data = (uint32_t)(qmd >> 8);
	channel_put(ch, SUBCHANNEL_COMPUTE, NVC5C0_SEND_PCAS_A, &data, 1);
	data = NV_DEF(NVC5C0_SEND_SIGNALING_PCAS_B_INVALIDATE, _TRUE) |
	       NV_DEF(NVC5C0_SEND_SIGNALING_PCAS_B_SCHEDULE, _TRUE);
	channel_put(ch, SUBCHANNEL_COMPUTE, NVC5C0_SEND_SIGNALING_PCAS_B, &data, 1);
	ret = channel_submit(context, slot,
			     kernel->module ? &kernel->module->code : &kernel->code);
	if (!ret)
		kernel->fresh = false;
	return ret;
}
