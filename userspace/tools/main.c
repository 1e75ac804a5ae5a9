// SPDX-License-Identifier: MIT
/* nvsvm: look at an SVM GPU and run things on it. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tool.h"

static const struct verb verbs[] = {
	{ "info", "[--device NODE]", "what the GPU is", verb_info },
	{ "run", "KERNEL|all|--list [options]", "run demo kernels on malloc'd memory", verb_run },
	{ "bench", "[--json FILE] [--limit BYTES]", "counts, ratios and times", verb_bench },
	{ "top", "[--interval SECONDS] [--count N]", "faults and migrations, live", verb_top },
	{ "trace", "[--picture FILE] -- COMMAND", "record faults and migrations, draw them",
	  verb_trace },
};

int complain(int err, const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fprintf(stderr, "nvsvm: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	if (err)
		fprintf(stderr, ": %s", strerror(err < 0 ? -err : err));
	fputc('\n', stderr);
	return 1;
}

bool parse_size(const char *text, uint64_t *bytes)
{
	char *end;
	uint64_t n = strtoull(text, &end, 0);
	unsigned int shift = 0;

	switch (*end) {
	case 'k': case 'K':
		shift = 10;
		end++;
		break;
	case 'm': case 'M':
		shift = 20;
		end++;
		break;
	case 'g': case 'G':
		shift = 30;
		end++;
		break;
	}
	if (end == text || *end || !n || n > UINT64_MAX >> shift)
		return false;
	*bytes = n << shift;
	return true;
}

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static int usage(FILE *to)
{
	fprintf(to, "usage: nvsvm VERB ...\n\n");
	for (unsigned int i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		fprintf(to, "  %-5s %-34s %s\n", verbs[i].name, verbs[i].arguments,
			verbs[i].summary);
	fprintf(to, "\n'nvsvm VERB --help' tells more.\n");
	return to == stderr ? 2 : 0;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return usage(stderr);
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help"))
		return usage(stdout);
	for (unsigned int i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (!strcmp(argv[1], verbs[i].name))
			return verbs[i].run(argc - 1, argv + 1);
	return usage(stderr);
}
