// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gpu.h"
#include "inject.h"
#include "launch_log.h"
#include "log.h"
#include "mmu.h"
#include "ptop.h"
#include "sm.h"
#include "vfio_user.h"
#include "vram.h"

struct options {
	struct gpu_config gpu;
	const char *socket, *log, *counters, *launches;
	bool log_ok, once;
};

static void usage(FILE *f)
{
	fputs("usage: tu104 --socket PATH [options]\n"
	      "A software TU104 GPU that QEMU attaches with -device vfio-user-pci.\n\n"
	      "  --socket PATH     UNIX socket to listen on\n"
	      "  --vram SIZE       video memory, a power of two from 64M to 16G (default 1G)\n"
	      "  --gpcs N          graphics clusters, 1 to 6 (default 1)\n"
	      "  --tpcs N          TPCs per cluster, two SMs each, 1 to 4 (default 2)\n"
	      "  --threads N       threads that run the SMs, 1 to 16 (default: TU104_THREADS,\n"
	      "                    else one for each CPU, at most one for each SM)\n"
	      "  --seed N          seed of everything random (default 1)\n"
	      "  --inject SPEC     trouble: POINT=RULE[,...]; points overflow, late-valid,\n"
	      "                    duplicate, slow-replay, ce-error, lost-interrupt;\n"
	      "                    rules p<percent>, n<every>, @<nth>\n"
	      "  --paranoid        look for TLB entries the guest forgot to invalidate\n"
	      "  --log FILE        append guest errors and unimplemented accesses to FILE\n"
	      "                    (default: stderr)\n"
	      "  --log-ok          log normal work as well\n"
	      "  --counters FILE   write event counters as JSON on exit\n"
	      "  --launches FILE   write a line of JSON for each launch that ends\n"
	      "  --once            exit when the first client disconnects\n"
	      "  --help            this text\n", f);
}

/* "256M" or "8G"; 0 on error. */
static uint64_t parse_size(const char *s)
{
	char *end;
	uint64_t n;

	if (*s < '0' || *s > '9')
		return 0;
	errno = 0;
	n = strtoull(s, &end, 10);
	if (errno || n > VRAM_MAX_BYTES)
		return 0;
	switch (*end) {
	case 'G': case 'g':
		n <<= 30;
		end++;
		break;
	case 'M': case 'm':
		n <<= 20;
		end++;
		break;
	}
	return *end ? 0 : n;
}

static bool parse_number(const char *s, uint64_t min, uint64_t max, uint64_t *out)
{
	char *end;

	if (*s < '0' || *s > '9')
		return false;
	errno = 0;
	*out = strtoull(s, &end, 0);
	return !errno && !*end && *out >= min && *out <= max;
}

static bool parse_count(const char *s, unsigned int max, unsigned int *out)
{
	uint64_t v;

	if (!parse_number(s, 1, max, &v))
		return false;
	*out = v;
	return true;
}

static bool is_valid_vram(uint64_t n)
{
	return n >= VRAM_MIN_BYTES && n <= VRAM_MAX_BYTES && !(n & (n - 1));
}

static bool apply_option(struct options *o, int c)
{
	switch (c) {
	case 's':
		o->socket = optarg;
		return true;
	case 'v':
		o->gpu.vram_bytes = parse_size(optarg);
		return is_valid_vram(o->gpu.vram_bytes);
	case 'g':
		return parse_count(optarg, PTOP_MAX_GPCS, &o->gpu.gpcs);
	case 't':
		return parse_count(optarg, PTOP_MAX_TPCS, &o->gpu.tpcs);
	case 'T':
		return parse_count(optarg, SM_MAX_PARTS, &o->gpu.threads);
	case 'S':
		return parse_number(optarg, 0, UINT64_MAX, &o->gpu.seed);
	case 'i':
		o->gpu.inject = optarg;
		return !inject_check(optarg);
	case 'p':
		o->gpu.paranoid = true;
		return true;
	case 'l':
		o->log = optarg;
		return true;
	case 'k':
		o->log_ok = true;
		return true;
	case 'c':
		o->counters = optarg;
		return true;
	case 'L':
		o->launches = optarg;
		return true;
	case 'o':
		o->once = true;
		return true;
	}
	return false;
}

static const struct option long_options[] = {
	{ "socket", required_argument, NULL, 's' },
	{ "vram", required_argument, NULL, 'v' },
	{ "gpcs", required_argument, NULL, 'g' },
	{ "tpcs", required_argument, NULL, 't' },
	{ "threads", required_argument, NULL, 'T' },
	{ "seed", required_argument, NULL, 'S' },
	{ "inject", required_argument, NULL, 'i' },
	{ "paranoid", no_argument, NULL, 'p' },
	{ "log", required_argument, NULL, 'l' },
	{ "log-ok", no_argument, NULL, 'k' },
	{ "counters", required_argument, NULL, 'c' },
	{ "launches", required_argument, NULL, 'L' },
	{ "once", no_argument, NULL, 'o' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 }
};

static void parse_options(struct options *o, int argc, char **argv)
{
	int c, index = 0;

	while ((c = getopt_long(argc, argv, "h", long_options, &index)) != -1) {
		if (c == 'h') {
			usage(stdout);
			exit(0);
		}
		if (c == '?')
			exit(2);
		if (!apply_option(o, c)) {
			fprintf(stderr, "tu104: bad value for --%s: '%s'\n",
				long_options[index].name, optarg);
			exit(2);
		}
	}
	if (!o->socket || optind != argc) {
		usage(stderr);
		exit(2);
	}
}

struct stopper {
	struct vfio_user *vu;
	sigset_t signals;
};

/* The first signal stops in order; a second one does not wait for that. */
static void *signal_thread(void *arg)
{
	struct stopper *s = arg;
	int sig;

	if (!sigwait(&s->signals, &sig))
		vfio_user_stop(s->vu);
	if (!sigwait(&s->signals, &sig))
		_exit(128 + sig);
	return NULL;
}

static int run(const struct options *o)
{
	struct stopper stop;
	pthread_t thread;
	struct gpu *gpu;
	bool started;
	int ret;

	sigemptyset(&stop.signals);
	sigaddset(&stop.signals, SIGINT);
	sigaddset(&stop.signals, SIGTERM);
	sigaddset(&stop.signals, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &stop.signals, NULL);
	signal(SIGPIPE, SIG_IGN);

	ret = vfio_user_listen(o->socket, &stop.vu);
	if (ret) {
		fprintf(stderr, "tu104: %s: %s\n", o->socket, strerror(-ret));
		return 1;
	}
	gpu = gpu_create(vfio_user_host(stop.vu), &o->gpu);
	if (!gpu) {
		fprintf(stderr, "tu104: cannot create the GPU: %s\n", strerror(errno));
		vfio_user_free(stop.vu);
		return 1;
	}
	vfio_user_set_gpu(stop.vu, gpu);
	ret = pthread_create(&thread, NULL, signal_thread, &stop);
	started = !ret;
	if (!started) {
		fprintf(stderr, "tu104: cannot start a thread: %s\n", strerror(ret));
	} else {
		ret = -vfio_user_run(stop.vu, o->once);
		if (ret)
			fprintf(stderr, "tu104: %s\n", strerror(ret));
	}
	if (o->counters) {
		int err;

		mmu_sync_counters(gpu);
		err = counters_write_json(&gpu->counters, o->counters);
		if (err) {
			fprintf(stderr, "tu104: %s: %s\n", o->counters, strerror(-err));
			ret = err;
		}
	}
	gpu_destroy(gpu);
	if (started) {
		pthread_cancel(thread);
		pthread_join(thread, NULL);
	}
	vfio_user_free(stop.vu);
	return ret ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct options o = { .gpu = { .vram_bytes = 1ull << 30, .seed = 1 } };
	unsigned int mask;
	int ret;

	parse_options(&o, argc, argv);
	mask = 1u << LOG_GUEST_ERROR | 1u << LOG_UNIMPLEMENTED | (o.log_ok ? 1u << LOG_OK : 0);
	ret = log_open(o.log, mask);
	if (ret) {
		fprintf(stderr, "tu104: %s: %s\n", o.log, strerror(-ret));
		return 1;
	}
	if (o.launches)
		ret = launch_log_open(o.launches);
	if (ret) {
		fprintf(stderr, "tu104: %s: %s\n", o.launches, strerror(-ret));
		return 1;
	}
	ret = run(&o);
	launch_log_close();
	log_close();
	return ret;
}
