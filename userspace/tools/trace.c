// SPDX-License-Identifier: MIT
/*
 * nvsvm trace: record the driver's tracepoints while a command runs, say how
 * often each step was taken, and draw when and where.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tool.h"
#include "trace.h"

#define TRACEFS "/sys/kernel/tracing"
#define BUFFER_KIB "16384"

struct options {
	const char *picture, *log, *input;
};

/* A trace buffer of our own, so that nobody else's recording is disturbed. */
static char instance[64];

static int write_file(const char *name, const char *text)
{
	char path[128];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", instance, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = write(fd, text, strlen(text));
	close(fd);
	return n < 0 ? -errno : 0;
}

static int recording_start(void)
{
	int ret;

	snprintf(instance, sizeof(instance), TRACEFS "/instances/nvsvm-%d", (int)getpid());
	if (mkdir(instance, 0700))
		return -errno;
	ret = write_file("buffer_size_kb", BUFFER_KIB);
	if (!ret)
		ret = write_file("trace_clock", "mono");
	if (!ret)
		ret = write_file("events/nouveau/enable", "1");
	if (ret)
		rmdir(instance);
	return ret;
}

/* The text of what was recorded; the buffer goes away. */
static FILE *recording_stop(const char *copy)
{
	char path[128], buffer[65536];
	FILE *from, *to;
	size_t n;

	write_file("events/nouveau/enable", "0");
	snprintf(path, sizeof(path), "%s/trace", instance);
	from = fopen(path, "r");
	to = copy ? fopen(copy, "w+") : tmpfile();
	while (from && to && (n = fread(buffer, 1, sizeof(buffer), from)))
		fwrite(buffer, 1, n, to);
	if (from)
		fclose(from);
	rmdir(instance);
	if (to && (fflush(to) || fseek(to, 0, SEEK_SET))) {
		fclose(to);
		to = NULL;
	}
	return to;
}

/* The command's exit code, 128 + its signal, or a negative errno. */
static int run_command(char **argv)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return -errno;
	if (!pid) {
		execvp(argv[0], argv);
		complain(errno, "%s", argv[0]);
		_exit(127);
	}
	/* ^C ends the command; what it did until then is what is wanted. */
	signal(SIGINT, SIG_IGN);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	signal(SIGINT, SIG_DFL);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void report(const struct trace *t)
{
	printf("%-20s %10s %10s\n", "", "events", "pages");
	for (unsigned int k = 0; k < TRACE_KINDS; k++) {
		uint64_t amount;
		size_t events;

		trace_sum(t, k, &events, &amount);
		printf("%-20s %10zu", trace_name(k), events);
		if (k != TRACE_INVALIDATED && k != TRACE_REPLAY)
			printf(" %10" PRIu64, amount);
		putchar('\n');
	}
	if (t->lost)
		printf("%zu events were lost: the buffer was full\n", t->lost);
	if (t->unknown)
		printf("%zu lines were not understood\n", t->unknown);
}

static int draw(const struct trace *t, const char *title, const char *path)
{
	FILE *f = fopen(path, "w");
	int ret;

	if (!f)
		return complain(errno, "%s", path);
	ret = trace_picture(t, title, f);
	if (fclose(f) && !ret)
		ret = -errno;
	if (ret)
		return complain(ret, "%s", path);
	printf("timeline: %s\n", path);
	return 0;
}

static void join(char *out, size_t room, char **argv)
{
	size_t at = 0;

	out[0] = 0;
	for (; *argv && at < room; argv++)
		at += (size_t)snprintf(out + at, room - at, "%s%s", at ? " " : "", *argv);
}

static int usage(int code)
{
	puts("usage: nvsvm trace [--picture FILE.svg] [--log FILE] -- COMMAND [ARGUMENT...]\n"
	     "       nvsvm trace [--picture FILE.svg] --input FILE\n"
	     "\n"
	     "  --picture   draw faults, migrations and replays by time and address\n"
	     "  --log       keep the text that was recorded\n"
	     "  --input     use a text that was kept, record nothing\n"
	     "\n"
	     "Records what the driver does for all processes. Needs tracefs: run as root.");
	return code;
}

static int parse(int argc, char **argv, struct options *o)
{
	static const struct option options[] = {
		{ "picture", required_argument, NULL, 'p' },
		{ "log", required_argument, NULL, 'l' },
		{ "input", required_argument, NULL, 'i' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int opt;

	memset(o, 0, sizeof(*o));
	while ((opt = getopt_long(argc, argv, "+p:l:i:h", options, NULL)) != -1) {
		switch (opt) {
		case 'p':
			o->picture = optarg;
			break;
		case 'l':
			o->log = optarg;
			break;
		case 'i':
			o->input = optarg;
			break;
		case 'h':
			exit(usage(0));
		default:
			return -1;
		}
	}
	return o->input ? (optind == argc ? 0 : -1) : optind < argc ? 0 : -1;
}

int verb_trace(int argc, char **argv)
{
	char title[160];
	struct trace t = { 0 };
	struct options o;
	int code = 0, ret;
	FILE *text;

	if (parse(argc, argv, &o))
		return usage(2);
	if (o.input) {
		text = fopen(o.input, "r");
		if (!text)
			return complain(errno, "%s", o.input);
		snprintf(title, sizeof(title), "%s", o.input);
	} else {
		join(title, sizeof(title), argv + optind);
		ret = recording_start();
		if (ret)
			return complain(ret, "cannot record: tracefs (root?)");
		code = run_command(argv + optind);
		text = recording_stop(o.log);
		if (!text)
			return complain(errno, "the record cannot be read");
		if (code < 0)
			complain(code, "%s", argv[optind]);
	}
	ret = trace_read(&t, text);
	fclose(text);
	if (ret)
		complain(ret, "the record is too long");
	report(&t);
	if (!ret && o.picture)
		ret = draw(&t, title, o.picture);
	trace_free(&t);
	return code ? (code < 0 ? 1 : code) : ret ? 1 : 0;
}
