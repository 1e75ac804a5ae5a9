// SPDX-License-Identifier: MIT
/* nvsvm run: a demo kernel, or all of them. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"
#include "workload.h"

#define DEFAULT_BYTES (4u << 20)
#define DEFAULT_REPEAT 3
#define PICTURES_MAX 16
#define MIGRATE_MS 60000

struct advice {
	const char *name;
	enum nvsvm_advice advice;
	uint64_t value;
};

static const struct advice advices[] = {
	{ "prefer-vram", NVSVM_ADVICE_PREFER_VRAM, 0 },
	{ "prefer-system", NVSVM_ADVICE_PREFER_SYSTEM, 0 },
	{ "pin-vram", NVSVM_ADVICE_PIN_VRAM, 0 },
	{ "pin-system", NVSVM_ADVICE_PIN_SYSTEM, 0 },
	{ "no-migrate", NVSVM_ADVICE_NO_MIGRATE, 1 },
	{ "read-mostly", NVSVM_ADVICE_READ_MOSTLY, 1 },
	{ "granularity-4k", NVSVM_ADVICE_GRANULARITY, 4096 },
	{ "granularity-2m", NVSVM_ADVICE_GRANULARITY, 2 << 20 },
};

struct run_options {
	const char *device, *picture;
	uint64_t bytes;
	unsigned int repeat;
	bool migrate, where;
	const struct advice *advice;
	uint32_t seed;
};

struct run_state {
	struct nvsvm_context *context;
	struct run_options options;
	struct residency *picture[PICTURES_MAX];
	unsigned int pictures;
	bool progress;
};

static void progress(struct run_state *s, const char *name, const char *what)
{
	if (s->progress)
		printf("\r\033[K%-10s %s", name, what);
	fflush(stdout);
}

static void heading(void)
{
	printf("%-10s %8s %8s %8s %8s %9s %9s %9s %9s  %s\n", "kernel", "MiB", "faults", "batches",
	       "replays", "to VRAM", "to RAM", "CE MiB", "ms", "result");
}

static void report(const struct workload *w, const struct job *job, const struct counters *from,
		   const struct counters *to, uint64_t ns, bool ok)
{
	printf("%-10s %8.1f %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %9" PRIu64 " %9" PRIu64
	       " %9.1f %9.1f  %s\n", w->name, job->bytes / 1048576.0,
	       counters_delta(from, to, "faults"), counters_delta(from, to, "fault_batches"),
	       counters_delta(from, to, "replays"), counters_delta(from, to, "pages_to_vram"),
	       counters_delta(from, to, "pages_to_sys"),
	       counters_delta(from, to, "ce_bytes") / 1048576.0, ns / 1e6,
	       ok ? "every byte right" : job->error);
}

/* Asked for and waited for; every page of the range is accounted for. */
static int migrate(struct run_state *s, struct job *job)
{
	uint64_t first = (uintptr_t)job->watch / 4096;
	uint64_t end = ((uintptr_t)job->watch + job->watch_bytes + 4095) / 4096;
	struct nvsvm_migration *m;
	struct nvsvm_counts c;
	int ret;

	ret = nvsvm_migrate_start(s->context, job->watch, job->watch_bytes, NVSVM_TARGET_VRAM, &m);
	if (ret)
		return ret;
	ret = nvsvm_migration_wait(m, MIGRATE_MS, &c);
	nvsvm_migration_free(m);
	if (ret)
		return ret;
	if (c.moved + c.already + c.absent + c.file + c.hugetlb + c.pinned + c.busy + c.no_memory +
	    c.advised + c.failed != end - first) {
		complain(0, "the migration's counts do not add up");
		return -EIO;
	}
	if (c.moved + c.already != end - first)
		printf("%-10s %" PRIu64 " of %" PRIu64 " pages are not in VRAM: %" PRIu64
		       " without memory, %" PRIu64 " advised, %" PRIu64 " busy\n", "",
		       end - first - c.moved - c.already, end - first, c.no_memory, c.advised,
		       c.busy);
	return 0;
}

/* A character for each 64 KiB: where it is; capital letters are hot. */
static int show_where(struct run_state *s, const struct job *job)
{
	uintptr_t start = (uintptr_t)job->watch & ~(uintptr_t)(NVSVM_GRANULE - 1);
	size_t n = ((uintptr_t)job->watch + job->watch_bytes - start + NVSVM_GRANULE - 1) /
		   NVSVM_GRANULE;
	struct nvsvm_granule *g = calloc(n, sizeof(*g));
	int ret = g ? nvsvm_query(s->context, job->watch, g, n) : -ENOMEM;

	for (size_t i = 0; !ret && i < n; i++) {
		int c = g[i].vram && g[i].system ? 'm' : g[i].vram ? 'v' : g[i].system ? 's' : '.';

		if (i % 64 == 0)
			printf("%s%14p ", i ? "\n" : "", (void *)(start + i * NVSVM_GRANULE));
		putchar(g[i].heat && c != '.' ? c - 'a' + 'A' : c);
	}
	if (!ret)
		putchar('\n');
	free(g);
	return ret;
}

/* What the driver refused, when it killed our channel. */
static void show_faults(struct run_state *s)
{
	static const char *const access[] = { "?", "read", "write", "atomic" };
	struct nvsvm_fault f[8];
	int n = nvsvm_faults(s->context, f, 8, NULL);

	for (int i = 0; i < n; i++)
		fprintf(stderr, "  %s of 0x%" PRIx64 " by %s: %s\n", access[f[i].access & 3],
			f[i].address, f[i].client, f[i].cause);
}

/* Launch @job's kernel the wanted number of times; marks each in the picture. */
static int launch_all(struct run_state *s, const struct workload *w, struct nvsvm_kernel *kernel,
		      struct job *job, struct residency *watch)
{
	int ret = 0;

	if (s->options.advice) {
		ret = nvsvm_advise(s->context, job->watch, job->watch_bytes,
				   s->options.advice->advice, s->options.advice->value, NULL);
		residency_mark(watch, s->options.advice->name);
	}
	if (!ret && s->options.migrate) {
		ret = migrate(s, job);
		residency_mark(watch, "migrate");
	}
	for (unsigned int i = 0; !ret && i < s->options.repeat; i++) {
		char label[24];

		snprintf(label, sizeof(label), "launch %u", i + 1);
		progress(s, w->name, label);
		residency_mark(watch, label);
		ret = nvsvm_launch(kernel, job->grid, job->block, job->args, job->args_bytes);
		if (!ret)
			ret = nvsvm_wait(s->context);
		job->launches++;
	}
	return ret;
}

static int run_one(struct run_state *s, const struct workload *w)
{
	struct job job = { .bytes = s->options.bytes, .seed = s->options.seed };
	struct nvsvm_kernel *kernel = NULL;
	struct residency *watch = NULL;
	struct counters from, to;
	uint64_t start;
	bool ok = false;
	int ret;

	progress(s, w->name, "building data");
	ret = kernel_assemble(s->context, w->name, w->source, &kernel);
	if (!ret)
		ret = w->setup(&job);
	if (ret)
		goto out;
	counters_read(&from);
	if (s->options.picture && s->pictures < PICTURES_MAX)
		watch = residency_start(job.watch, job.watch_bytes, w->name);
	start = now_ns();
	ret = launch_all(s, w, kernel, &job, watch);
	if (!ret && s->options.where)
		ret = show_where(s, &job);
	if (ret == -ENODEV)
		show_faults(s);
	if (!ret) {
		progress(s, w->name, "checking");
		residency_mark(watch, "CPU checks");
		ok = w->check(&job);
	}
	residency_stop(watch);
	counters_read(&to);
	progress(s, w->name, s->progress ? "\r\033[K" : "");
	if (!ret)
		report(w, &job, &from, &to, now_ns() - start, ok);
	if (watch)
		s->picture[s->pictures++] = watch;
out:
	nvsvm_kernel_free(kernel);
	job_free(&job);
	if (ret)
		complain(ret, "%s", w->name);
	return ret || !ok;
}

static int usage(int code)
{
	puts("usage: nvsvm run KERNEL|all [--size BYTES] [--repeat N] [--migrate]\n"
	     "                 [--advise ADVICE] [--where] [--seed N] [--picture FILE.svg]\n"
	     "                 [--device NODE]\n"
	     "       nvsvm run --list\n"
	     "       nvsvm run --cubin FILE ...      (--cubin FILE --help tells more)\n"
	     "\n"
	     "  --size      memory the kernel works on (4M); suffixes K, M, G\n"
	     "  --repeat    launches (3): hot memory moves to VRAM by itself\n"
	     "  --migrate   ask for it to be moved before the first launch\n"
	     "  --advise    say where it should be: prefer-vram, prefer-system, pin-vram,\n"
	     "              pin-system, no-migrate, read-mostly, granularity-4k,\n"
	     "              granularity-2m\n"
	     "  --where     a letter for each 64 KiB after the launches: v VRAM, s system\n"
	     "              memory, m mixed, capitals for what is hot\n"
	     "  --picture   draw where each page lived over time");
	return code;
}

static const struct advice *find_advice(const char *name)
{
	for (unsigned int i = 0; i < sizeof(advices) / sizeof(advices[0]); i++)
		if (!strcmp(name, advices[i].name))
			return &advices[i];
	return NULL;
}

static int parse(int argc, char **argv, struct run_options *o)
{
	static const struct option options[] = {
		{ "size", required_argument, NULL, 's' },
		{ "repeat", required_argument, NULL, 'r' },
		{ "migrate", no_argument, NULL, 'm' },
		{ "advise", required_argument, NULL, 'a' },
		{ "where", no_argument, NULL, 'w' },
		{ "seed", required_argument, NULL, 'e' },
		{ "picture", required_argument, NULL, 'p' },
		{ "device", required_argument, NULL, 'd' },
		{ "list", no_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int opt;

	*o = (struct run_options){ .bytes = DEFAULT_BYTES, .repeat = DEFAULT_REPEAT, .seed = 1 };
	while ((opt = getopt_long(argc, argv, "s:r:ma:we:p:d:lh", options, NULL)) != -1) {
		switch (opt) {
		case 's':
			if (!parse_size(optarg, &o->bytes) || o->bytes > 1ull << 32)
				return complain(0, "bad size '%s'", optarg), -1;
			break;
		case 'r':
			o->repeat = strtoul(optarg, NULL, 0);
			if (!o->repeat || o->repeat > 1000)
				return complain(0, "repeat: 1 to 1000"), -1;
			break;
		case 'm':
			o->migrate = true;
			break;
		case 'a':
			o->advice = find_advice(optarg);
			if (!o->advice)
				return complain(0, "no advice '%s'", optarg), -1;
			break;
		case 'w':
			o->where = true;
			break;
		case 'e':
			o->seed = strtoul(optarg, NULL, 0);
			break;
		case 'p':
			o->picture = optarg;
			break;
		case 'd':
			o->device = optarg;
			break;
		case 'l':
			for (unsigned int i = 0; i < workload_count; i++)
				printf("%-10s %s\n", workloads[i].name, workloads[i].summary);
			exit(0);
		case 'h':
			exit(usage(0));
		default:
			return -1;
		}
	}
	return optind;
}

int verb_run(int argc, char **argv)
{
	struct run_state s = { .progress = isatty(STDOUT_FILENO) };
	int first, failed = 0, ran = 0, ret;

	for (int i = 1; i < argc; i++)
		if (!strncmp(argv[i], "--cubin", 7))
			return run_cubin(argc, argv);
	first = parse(argc, argv, &s.options);
	if (first < 0 || first >= argc)
		return usage(2);
	ret = nvsvm_open(s.options.device, &s.context);
	if (ret)
		return complain(ret, "no GPU with shared virtual memory");
	heading();
	for (unsigned int i = 0; i < workload_count; i++) {
		if (strcmp(argv[first], "all") && strcmp(argv[first], workloads[i].name))
			continue;
		ran++;
		failed += run_one(&s, &workloads[i]) ? 1 : 0;
	}
	if (s.options.picture && s.pictures) {
		ret = picture_write(s.options.picture, s.picture, s.pictures);
		if (ret)
			failed += complain(ret, "%s", s.options.picture);
	}
	for (unsigned int i = 0; i < s.pictures; i++)
		residency_free(s.picture[i]);
	nvsvm_close(s.context);
	if (!ran)
		return complain(0, "no kernel '%s'; 'nvsvm run --list' names them", argv[first]);
	return failed ? 1 : 0;
}
