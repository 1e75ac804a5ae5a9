// SPDX-License-Identifier: MIT
/* nvsvm bench: what its measurements share. */
#include <glob.h>
#include <inttypes.h>
#include <sys/mman.h>

#include "bench.h"

int bench_open(struct bench *b, const char *json)
{
	struct counters probe;
	int ret;

	*b = (struct bench){ .first = true };
	if (json) {
		b->json = fopen(json, "w");
		if (!b->json)
			return complain(-1, "%s", json);
	}
	if (!counters_read(&probe))
		return complain(0, "cannot read the driver's counters in debugfs (root?)");
	ret = nvsvm_open(NULL, &b->context);
	if (ret)
		return complain(ret, "no GPU with shared virtual memory");
	if (b->json)
		fputc('[', b->json);
	return 0;
}

int bench_close(struct bench *b, const char *what, int ret)
{
	nvsvm_kernel_free(b->touch);
	nvsvm_kernel_free(b->gather);
	nvsvm_kernel_free(b->add);
	nvsvm_close(b->context);
	if (b->json) {
		fputs("\n]\n", b->json);
		fclose(b->json);
	}
	return ret ? complain(ret, "%s", what) : 0;
}

void *bench_memory(size_t bytes)
{
	char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	for (size_t i = 0; i < bytes; i += PAGE)
		p[i] = 1;
	return p;
}

bool bench_knob(const char *name, unsigned int value, unsigned int *before)
{
	char pattern[96];
	bool ok = true;
	glob_t found;
	FILE *f;

	snprintf(pattern, sizeof(pattern), "/sys/kernel/debug/dri/*/svm_knobs/%s", name);
	if (glob(pattern, 0, NULL, &found))
		return false;
	if (before) {
		f = fopen(found.gl_pathv[0], "r");
		ok = f && fscanf(f, "%u", before) == 1;
		if (f)
			fclose(f);
	}
	f = ok ? fopen(found.gl_pathv[0], "w") : NULL;
	globfree(&found);
	if (!f)
		return false;
	ok = fprintf(f, "%u\n", value) > 0;
	return !fclose(f) && ok;
}

void bench_json_open(struct bench *b, const char *what, size_t bytes, uint64_t ns)
{
	fprintf(b->json, "%s\n  {\"what\": \"%s\", \"bytes\": %zu, \"ns\": %" PRIu64,
		b->first ? "" : ",", what, bytes, ns);
	b->first = false;
}

void bench_json_close(struct bench *b, const struct counters *from, const struct counters *to)
{
	for (unsigned int i = 0; i < to->count; i++)
		fprintf(b->json, ", \"%s\": %" PRIu64, to->entry[i].name,
			to->entry[i].value - counters_get(from, to->entry[i].name));
	fputc('}', b->json);
}
