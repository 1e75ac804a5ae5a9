// SPDX-License-Identifier: MIT
/*
 * What the driver did: this process's totals from fdinfo, evictions from debugfs.
 * A mode that moved nothing has tested nothing, so that is looked at.
 */
#include <dirent.h>
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cl.h"

static void larger(uint64_t *to, const char *line, const char *key, uint64_t divisor)
{
	size_t n = strlen(key);
	uint64_t v;

	if (!strncmp(line, key, n) && sscanf(line + n, "%" SCNu64, &v) == 1 && v / divisor > *to)
		*to = v / divisor;
}

/* Mesa keeps several descriptors of the one file: all say the same. */
static bool read_fdinfo(struct cl_stats *s)
{
	DIR *d = opendir("/proc/self/fdinfo");
	bool found = false;
	struct dirent *e;

	while (d && (e = readdir(d))) {
		char path[300], line[200];
		FILE *f;

		snprintf(path, sizeof(path), "/proc/self/fdinfo/%s", e->d_name);
		f = fopen(path, "r");
		while (f && fgets(line, sizeof(line), f)) {
			found |= !strncmp(line, "drm-nouveau-svm-to-vram:", 24);
			larger(&s->faults, line, "drm-nouveau-svm-faults:", 1);
			larger(&s->to_vram, line, "drm-nouveau-svm-to-vram:", 4);
			larger(&s->to_sys, line, "drm-nouveau-svm-to-sys:", 4);
		}
		if (f)
			fclose(f);
	}
	if (d)
		closedir(d);
	return found;
}

static bool read_evictions(struct cl_stats *s)
{
	bool found = false;
	glob_t files;

	if (glob("/sys/kernel/debug/dri/*/counters", 0, NULL, &files))
		return false;
	for (size_t i = 0; i < files.gl_pathc && !found; i++) {
		FILE *f = fopen(files.gl_pathv[i], "r");
		char line[200];

		while (f && fgets(line, sizeof(line), f)) {
			found |= !strncmp(line, "evicted_chunks ", 15);
			larger(&s->evicted, line, "evicted_chunks ", 1);
		}
		if (f)
			fclose(f);
	}
	globfree(&files);
	return found;
}

struct cl_stats cl_stats(struct cl *c)
{
	struct cl_stats s = { 0 };

	if (!read_fdinfo(&s))
		cl_fail(c, "no SVM totals in fdinfo");
	if (!read_evictions(&s))
		cl_fail(c, "no count of evictions in debugfs (root?)");
	return s;
}
