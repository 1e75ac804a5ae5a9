// SPDX-License-Identifier: MIT
/* nvsvm run --cubin: a kernel of a toolchain's making, on malloc'd memory. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "tool.h"

#define FILE_MAX (64u << 20)
#define ARGUMENTS_MAX 64
#define CHECKS_MAX 16
#define ARGS_BYTES 1024

struct cubin_options {
	const char *file, *kernel, *device;
	uint32_t grid[3], block[3];
	unsigned int shared, stack, repeat, seed;
	double tolerance;
	unsigned int nchecks, ndumps;
	const char *check[CHECKS_MAX], *dump[CHECKS_MAX];
};

static int usage(int code)
{
	puts("usage: nvsvm run --cubin FILE [--kernel NAME] [options] ARGUMENT...\n"
	     "\n"
	     "  an ARGUMENT is TYPE[COUNT]=CONTENT for memory or TYPE=NUMBER for a value;\n"
	     "  TYPE: i8 u8 i16 u16 i32 u32 i64 u64 f32 f64; CONTENT: a number, numbers with\n"
	     "  commas, random, iota, iota*A, iota+B, iota*A+B\n"
	     "\n"
	     "  --kernel     which one; without it their names are printed\n"
	     "  --grid       blocks, x[,y[,z]] (1)\n"
	     "  --block      threads per block (32)\n"
	     "  --shared     bytes of dynamic shared memory\n"
	     "  --stack      bytes per thread beyond what the file asks for (1024)\n"
	     "  --repeat     launches (1)\n"
	     "  --seed       of random content (1)\n"
	     "  --check      N=CONTENT: argument N must be that afterwards\n"
	     "  --tolerance  relative, of float checks (0)\n"
	     "  --dump       N[,COUNT]: print argument N\n"
	     "  --device     render node");
	return code;
}

static bool parse_shape(const char *text, uint32_t shape[3])
{
	char *end = (char *)text;

	for (unsigned int i = 0; i < 3; i++) {
		unsigned long n = 1;

		if (i == 0 || *end == ',') {
			n = strtoul(i ? end + 1 : text, &end, 0);
			if (!n || n > UINT32_MAX)
				return false;
		}
		shape[i] = (uint32_t)n;
	}
	return !*end;
}

static bool remember(const char **list, unsigned int *n, const char *text)
{
	if (*n == CHECKS_MAX)
		return false;
	list[(*n)++] = text;
	return true;
}

/* Index of the first argument, or -1. */
static int parse(int argc, char **argv, struct cubin_options *o)
{
	static const struct option options[] = {
		{ "cubin", required_argument, NULL, 'c' },
		{ "kernel", required_argument, NULL, 'k' },
		{ "grid", required_argument, NULL, 'g' },
		{ "block", required_argument, NULL, 'b' },
		{ "shared", required_argument, NULL, 's' },
		{ "stack", required_argument, NULL, 't' },
		{ "repeat", required_argument, NULL, 'r' },
		{ "seed", required_argument, NULL, 'e' },
		{ "check", required_argument, NULL, 'x' },
		{ "tolerance", required_argument, NULL, 'o' },
		{ "dump", required_argument, NULL, 'd' },
		{ "device", required_argument, NULL, 'n' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	bool ok = true;
	int opt;

	*o = (struct cubin_options){
		.grid = { 1, 1, 1 }, .block = { 32, 1, 1 }, .stack = 1024, .repeat = 1, .seed = 1,
	};
	while (ok && (opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 'c': o->file = optarg; break;
		case 'k': o->kernel = optarg; break;
		case 'g': ok = parse_shape(optarg, o->grid); break;
		case 'b': ok = parse_shape(optarg, o->block); break;
		case 's': o->shared = strtoul(optarg, NULL, 0); break;
		case 't': o->stack = strtoul(optarg, NULL, 0); break;
		case 'r': o->repeat = strtoul(optarg, NULL, 0); break;
		case 'e': o->seed = strtoul(optarg, NULL, 0); break;
		case 'x': ok = remember(o->check, &o->nchecks, optarg); break;
		case 'o': o->tolerance = strtod(optarg, NULL); break;
		case 'd': ok = remember(o->dump, &o->ndumps, optarg); break;
		case 'n': o->device = optarg; break;
		case 'h': exit(usage(0));
		default: ok = false;
		}
	}
	return ok && o->file ? optind : -1;
}

static void *read_file(const char *path, size_t *bytes)
{
	FILE *f = fopen(path, "rb");
	long size = -1;
	void *p = NULL;

	if (f && !fseek(f, 0, SEEK_END))
		size = ftell(f);
	if (size > 0 && size <= FILE_MAX)
		p = malloc((size_t)size);
	if (p && (fseek(f, 0, SEEK_SET) || fread(p, 1, (size_t)size, f) != (size_t)size)) {
		free(p);
		p = NULL;
	}
	if (f)
		fclose(f);
	*bytes = (size_t)size;
	return p;
}

/* Put each argument where the kernel expects it. Returns bytes, or 0 and complains. */
static size_t pack(const struct nvsvm_kernel *kernel, const struct argument *args,
		   unsigned int count, uint8_t *block)
{
	struct nvsvm_parameter p[ARGUMENTS_MAX];
	unsigned int n = nvsvm_kernel_parameters(kernel, p, ARGUMENTS_MAX);
	size_t end = 0;

	if (n != count) {
		complain(0, "the kernel takes %u arguments, not %u", n, count);
		return 0;
	}
	for (unsigned int i = 0; i < n; i++) {
		unsigned int bytes = args[i].count ? sizeof(void *) : args[i].bytes;

		if (p[i].size != bytes || p[i].offset > ARGS_BYTES - bytes) {
			complain(0, "argument %u has %u bytes, the kernel's %u", i, bytes,
				 p[i].size);
			return 0;
		}
		memcpy(block + p[i].offset, args[i].count ? &args[i].memory : args[i].memory,
		       bytes);
		if (p[i].offset + bytes > end)
			end = p[i].offset + bytes;
	}
	return end ? end : 1;
}

static bool index_of(const char *text, unsigned int count, char after, unsigned int *i,
		     const char **rest)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	*i = (unsigned int)n;
	*rest = *end ? end + 1 : end;
	return end != text && n < count && (!*end || *end == after);
}

static int results(const struct cubin_options *o, const struct argument *args, unsigned int count)
{
	unsigned int i, passed = 0, failed = 0;
	const char *rest;

	for (unsigned int n = 0; n < o->ndumps; n++) {
		if (!index_of(o->dump[n], count, ',', &i, &rest))
			return complain(0, "--dump %s: no such argument", o->dump[n]);
		argument_print(&args[i], *rest ? strtoull(rest, NULL, 0) : 64);
	}
	for (unsigned int n = 0; n < o->nchecks; n++) {
		if (!index_of(o->check[n], count, '=', &i, &rest))
			return complain(0, "--check %s: no such argument", o->check[n]);
		if (argument_check(&args[i], rest, o->tolerance))
			passed++;
		else
			failed++;
	}
	if (o->nchecks)
		printf("%u passed, %u failed\n", passed, failed);
	return failed ? 1 : 0;
}

static int launch(const struct cubin_options *o, struct nvsvm_context *context,
		  struct nvsvm_kernel *kernel, const struct argument *args, unsigned int count)
{
	uint8_t block[ARGS_BYTES] = { 0 };
	size_t bytes = pack(kernel, args, count, block);
	uint64_t start = now_ns();
	int ret;

	if (!bytes)
		return 1;
	ret = nvsvm_kernel_set_shared(kernel, o->shared);
	for (unsigned int i = 0; !ret && i < o->repeat; i++)
		ret = nvsvm_launch(kernel, o->grid, o->block, block, bytes);
	if (!ret)
		ret = nvsvm_wait(context);
	if (ret)
		return complain(ret, "%s", o->kernel);
	printf("%s: %" PRIu64 ".%03" PRIu64 " ms\n", o->kernel, (now_ns() - start) / 1000000,
	       (now_ns() - start) / 1000 % 1000);
	return results(o, args, count);
}

static int with_module(const struct cubin_options *o, struct nvsvm_context *context,
		       struct nvsvm_module *module, const struct argument *args,
		       unsigned int count)
{
	struct nvsvm_kernel *kernel;
	char error[160];
	const char *name;
	int ret;

	if (!o->kernel) {
		for (unsigned int i = 0; (name = nvsvm_module_name(module, i)); i++)
			puts(name);
		return 0;
	}
	ret = nvsvm_module_kernel(module, o->kernel, o->stack, &kernel, error, sizeof(error));
	if (ret)
		return complain(0, "%s: %s", o->file, error);
	ret = launch(o, context, kernel, args, count);
	nvsvm_kernel_free(kernel);
	return ret;
}

static int with_file(const struct cubin_options *o, const struct argument *args,
		     unsigned int count)
{
	struct nvsvm_context *context;
	struct nvsvm_module *module;
	char error[160];
	size_t bytes;
	void *image = read_file(o->file, &bytes);
	int ret;

	if (!image)
		return complain(0, "%s: cannot be read, or is over %u MiB", o->file,
				FILE_MAX >> 20);
	ret = nvsvm_open(o->device, &context);
	if (ret) {
		free(image);
		return complain(ret, "no GPU with shared virtual memory");
	}
	ret = nvsvm_module_load(context, image, bytes, &module, error, sizeof(error));
	free(image);
	if (ret) {
		complain(0, "%s: %s", o->file, error);
	} else {
		ret = with_module(o, context, module, args, count);
		nvsvm_module_free(module);
	}
	nvsvm_close(context);
	return ret ? 1 : 0;
}

int run_cubin(int argc, char **argv)
{
	struct argument args[ARGUMENTS_MAX];
	struct cubin_options o;
	int first = parse(argc, argv, &o), ret = 0;
	unsigned int count = 0;

	if (first < 0 || argc - first > ARGUMENTS_MAX)
		return usage(2);
	for (; first < argc && !ret; first++) {
		if (argument_parse(&args[count], argv[first], o.seed + count))
			count++;
		else
			ret = 1;
	}
	if (!ret)
		ret = with_file(&o, args, count);
	while (count)
		argument_free(&args[--count]);
	return ret;
}
