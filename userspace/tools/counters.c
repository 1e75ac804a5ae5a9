// SPDX-License-Identifier: MIT
/* The driver's counters from debugfs: lines of "name value". */
#include <glob.h>
#include <inttypes.h>
#include <string.h>

#include "tool.h"

static bool read_file(const char *path, struct counters *c)
{
	FILE *f = fopen(path, "r");

	if (!f)
		return false;
	while (c->count < COUNTERS_MAX &&
	       fscanf(f, "%31s %" SCNu64, c->entry[c->count].name, &c->entry[c->count].value) == 2)
		c->count++;
	fclose(f);
	return c->count;
}

bool counters_read(struct counters *c)
{
	glob_t found;
	bool ok = false;

	memset(c, 0, sizeof(*c));
	if (glob("/sys/kernel/debug/dri/*/counters", 0, NULL, &found))
		return false;
	for (size_t i = 0; i < found.gl_pathc && !ok; i++)
		ok = read_file(found.gl_pathv[i], c);
	globfree(&found);
	return ok;
}

uint64_t counters_get(const struct counters *c, const char *name)
{
	for (unsigned int i = 0; i < c->count; i++)
		if (!strcmp(c->entry[i].name, name))
			return c->entry[i].value;
	return 0;
}

uint64_t counters_delta(const struct counters *from, const struct counters *to, const char *name)
{
	return counters_get(to, name) - counters_get(from, name);
}
