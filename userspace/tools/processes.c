// SPDX-License-Identifier: MIT
/* Who uses the GPU: every open file of the driver, from /proc/PID/fdinfo. */
#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "processes.h"

static void read_comm(int pid, char *comm, size_t room)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	f = fopen(path, "r");
	if (!f || !fgets(comm, (int)room, f))
		snprintf(comm, room, "?");
	comm[strcspn(comm, "\n")] = 0;
	if (f)
		fclose(f);
}

static bool read_fdinfo(const char *path, struct process *p)
{
	bool ours = false;
	char line[160];
	FILE *f = fopen(path, "r");

	if (!f)
		return false;
	while (fgets(line, sizeof(line), f)) {
		static const struct { const char *key; size_t at; } keys[] = {
			{ "drm-client-id:", offsetof(struct process, client) },
			{ "drm-nouveau-svm-resident:", offsetof(struct process, resident_kib) },
			{ "drm-nouveau-svm-mapped:", offsetof(struct process, mapped_kib) },
			{ "drm-nouveau-svm-faults:", offsetof(struct process, faults) },
			{ "drm-nouveau-svm-to-vram:", offsetof(struct process, to_vram_kib) },
			{ "drm-nouveau-svm-to-sys:", offsetof(struct process, to_sys_kib) },
			{ "drm-resident-vram:", offsetof(struct process, objects_kib) },
		};
		char driver[32];

		if (sscanf(line, "drm-driver: %31s", driver) == 1)
			ours = !strcmp(driver, "nouveau");
		for (unsigned int i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
			size_t n = strlen(keys[i].key);

			if (!strncmp(line, keys[i].key, n))
				*(uint64_t *)((char *)p + keys[i].at) =
					strtoull(line + n, NULL, 10);
		}
	}
	fclose(f);
	return ours;
}

/* A client has several descriptors, in several processes perhaps: once each. */
static bool known(const struct processes *list, uint64_t client)
{
	for (unsigned int i = 0; i < list->count; i++)
		if (list->process[i].client == client)
			return true;
	return false;
}

static void read_process(int pid, struct processes *list)
{
	struct dirent *d;
	char path[320];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo", pid);
	dir = opendir(path);
	if (!dir)
		return;
	while (list->count < PROCESSES_MAX && (d = readdir(dir))) {
		struct process p = { .pid = pid };

		if (!isdigit((unsigned char)d->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%d/fdinfo/%s", pid, d->d_name);
		if (!read_fdinfo(path, &p) || known(list, p.client))
			continue;
		read_comm(pid, p.comm, sizeof(p.comm));
		list->process[list->count++] = p;
	}
	closedir(dir);
}

void processes_read(struct processes *list)
{
	struct dirent *d;
	DIR *dir = opendir("/proc");

	list->count = 0;
	if (!dir)
		return;
	while ((d = readdir(dir)))
		if (isdigit((unsigned char)d->d_name[0]))
			read_process(atoi(d->d_name), list);
	closedir(dir);
}

const struct process *processes_find(const struct processes *list, uint64_t client)
{
	for (unsigned int i = 0; i < list->count; i++)
		if (list->process[i].client == client)
			return &list->process[i];
	return NULL;
}
