// SPDX-License-Identifier: MIT
#include "counters.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

int counters_write_json(const struct counters *c, const char *path)
{
	const struct {
		const char *name;
		uint64_t value;
	} rows[] = {
#define X(name) { #name, atomic_load_explicit(&c->name, memory_order_relaxed) },
		COUNTERS(X)
#undef X
	};
	const size_t n = sizeof(rows) / sizeof(rows[0]);
	FILE *f = fopen(path, "we");
	int ret = 0;

	if (!f)
		return -errno;
	fputs("{\n", f);
	for (size_t i = 0; i < n; i++)
		fprintf(f, "\t\"%s\": %" PRIu64 "%s\n", rows[i].name, rows[i].value,
			i + 1 < n ? "," : "");
	fputs("}\n", f);
	if (ferror(f))
		ret = -EIO;
	if (fclose(f) && !ret)
		ret = -errno;
	return ret;
}
