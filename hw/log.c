// SPDX-License-Identifier: MIT
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A guest must not be able to fill the disk: later lines are only counted. */
#define LOG_MAX_LINES	20000

unsigned int log_mask = 1u << LOG_GUEST_ERROR | 1u << LOG_UNIMPLEMENTED;

static const char *const class_names[LOG_CLASSES] = { "ok", "guest-error", "unimplemented" };
static _Atomic unsigned long class_lines[LOG_CLASSES];
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static FILE *log_file;		/* NULL: stderr */

int log_open(const char *path, unsigned int mask)
{
	FILE *f = NULL;

	if (path) {
		f = fopen(path, "ae");
		if (!f)
			return -errno;
		setvbuf(f, NULL, _IOLBF, 0);
	}
	log_close();
	log_file = f;
	log_mask = mask;
	return 0;
}

void log_close(void)
{
	pthread_mutex_lock(&log_lock);
	if (log_file)
		fclose(log_file);
	log_file = NULL;
	pthread_mutex_unlock(&log_lock);
}

unsigned long log_count(enum log_class cls)
{
	return atomic_load_explicit(&class_lines[cls], memory_order_relaxed);
}

void log_line(enum log_class cls, const char *unit, const char *fmt, ...)
{
	unsigned long n = atomic_fetch_add_explicit(&class_lines[cls], 1, memory_order_relaxed);
	struct timespec ts;
	char text[512];
	va_list ap;
	FILE *f;

	if (!(log_mask & 1u << cls) || n > LOG_MAX_LINES)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	clock_gettime(CLOCK_MONOTONIC, &ts);

	pthread_mutex_lock(&log_lock);
	f = log_file ? log_file : stderr;
	if (n == LOG_MAX_LINES)
		fprintf(f, "tu104: %s: %lu lines; further ones are counted only\n",
			class_names[cls], n);
	else
		fprintf(f, "[%6ld.%06ld] %s %s: %s\n", (long)ts.tv_sec, ts.tv_nsec / 1000,
			class_names[cls], unit, text);
	pthread_mutex_unlock(&log_lock);
}
