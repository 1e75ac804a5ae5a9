// SPDX-License-Identifier: MIT
/* Cubins on the GPU: one buffer of code and constants, variables in the process. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cubin.h"
#include "priv.h"

#define PAGE 4096
/* The fetch unit reads past the last instruction. */
#define CODE_SLACK 256
#define MAX_LOCAL (16 * KIB)
#define MIN_GPRS 4

static void say(char *error, size_t bytes, const char *text)
{
	if (error && bytes)
		snprintf(error, bytes, "%s", text);
}

static uint64_t const_offset(const struct cubin *c)
{
	return (c->place_bytes[CUBIN_CODE] + CODE_SLACK + PAGE - 1) & ~(uint64_t)(PAGE - 1);
}

/* Memory for the places, and their addresses. */
static int make_places(struct nvsvm_module *m, struct cubin_target *t)
{
	const struct cubin *c = m->cubin;
	uint64_t at = const_offset(c), data = c->place_bytes[CUBIN_DATA];
	int ret;

	/* Sizes of banks are multiples of 16: the last may reach a bit further. */
	ret = bo_init(m->context->fd, &m->code, at + c->place_bytes[CUBIN_CONST] + PAGE, 0,
		      NOUVEAU_GEM_DOMAIN_GART | NOUVEAU_GEM_DOMAIN_MAPPABLE);
	if (!ret)
		ret = bo_map(&m->code);
	if (ret)
		return ret;
	m->data = aligned_alloc(PAGE, (data + PAGE) & ~(uint64_t)(PAGE - 1));
	if (!m->data)
		return -ENOMEM;
	t->memory[CUBIN_CODE] = m->code.map;
	t->address[CUBIN_CODE] = m->code.address;
	t->memory[CUBIN_CONST] = (uint8_t *)m->code.map + at;
	t->address[CUBIN_CONST] = m->code.address + at;
	t->memory[CUBIN_DATA] = m->data;
	t->address[CUBIN_DATA] = (uintptr_t)m->data;
	return 0;
}

static void module_destroy(struct nvsvm_module *m)
{
	bo_fini(&m->code);
	if (m->cubin)
		cubin_close(m->cubin);
	free(m->cubin);
	free(m->image);
	free(m->data);
	free(m);
}

int nvsvm_module_load(struct nvsvm_context *context, const void *image, size_t bytes,
		      struct nvsvm_module **module, char *error, size_t error_bytes)
{
	struct cubin_error err = { "" };
	struct cubin_target t = { 0 };
	struct nvsvm_module *m = calloc(1, sizeof(*m));
	int ret = -ENOMEM;

	if (!m)
		return -ENOMEM;
	m->context = context;
	m->cubin = calloc(1, sizeof(*m->cubin));
	m->image = malloc(bytes ? bytes : 1);
	if (m->cubin && m->image) {
		memcpy(m->image, image, bytes);
		ret = cubin_open(m->cubin, m->image, bytes, &err);
		if (!ret)
			ret = make_places(m, &t);
		if (!ret)
			ret = cubin_load(m->cubin, &t, &err);
	}
	if (ret) {
		say(error, error_bytes, err.text[0] ? err.text : strerror(-ret));
		module_destroy(m);
		return ret;
	}
	*module = m;
	return 0;
}

int nvsvm_module_free(struct nvsvm_module *module)
{
	if (!module)
		return 0;
	if (module->kernels)
		return -EBUSY;
	module_destroy(module);
	return 0;
}

const char *nvsvm_module_name(const struct nvsvm_module *module, unsigned int index)
{
	return cubin_kernel_name(module->cubin, index);
}

int nvsvm_module_variable(struct nvsvm_module *module, const char *name, void **address,
			  size_t *bytes)
{
	enum cubin_place place;
	uint64_t at, size;
	int ret = cubin_find_variable(module->cubin, name, &place, &at, &size);

	if (ret || place != CUBIN_DATA)
		return -ENOENT;
	*address = (char *)module->data + at;
	*bytes = size;
	return 0;
}

/* What the file says, as a kernel of ours. */
static int take_over(struct nvsvm_kernel *k, const struct cubin_kernel *from, unsigned int stack)
{
	struct nvsvm_module *m = k->module;

	if (from->stack > MAX_LOCAL || stack > MAX_LOCAL - from->stack ||
	    from->param_base > PARAMS_OFFSET || from->param_bytes > PARAMS_MAX)
		return -EINVAL;
	k->entry = m->code.address + from->code;
	k->gprs = from->registers < MIN_GPRS ? MIN_GPRS : from->registers;
	k->shared = from->shared;
	k->local = from->stack + stack;
	k->barriers = from->barriers;
	k->max_threads = from->max_threads;
	k->params_offset = from->param_base;
	for (unsigned int b = 1; b < BANKS; b++) {
		k->bank[b].address = m->code.address + const_offset(m->cubin) + from->bank[b].at;
		k->bank[b].bytes = from->bank[b].bytes;
	}
	k->nparams = from->nparams;
	k->params = calloc(from->nparams + 1, sizeof(*k->params));
	if (!k->params)
		return -ENOMEM;
	for (unsigned int i = 0; i < from->nparams; i++)
		k->params[i] = (struct nvsvm_parameter){ from->param[i].offset,
							 from->param[i].size };
	return 0;
}

int nvsvm_module_kernel(struct nvsvm_module *module, const char *name, unsigned int stack,
			struct nvsvm_kernel **kernel, char *error, size_t error_bytes)
{
	struct cubin_error err = { "" };
	struct cubin_kernel from;
	struct nvsvm_kernel *k;
	int ret = cubin_find_kernel(module->cubin, name, &from, &err);

	if (ret) {
		say(error, error_bytes, err.text);
		return ret;
	}
	k = calloc(1, sizeof(*k));
	if (!k)
		return -ENOMEM;
	k->context = module->context;
	k->module = module;
	k->fresh = true;
	module->kernels++;
	ret = take_over(k, &from, stack);
	if (ret) {
		say(error, error_bytes, "more stack or parameters than a launch has room for");
		nvsvm_kernel_free(k);
		return ret;
	}
	*kernel = k;
	return 0;
}
