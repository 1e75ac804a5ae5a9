// SPDX-License-Identifier: MIT
/* The tu104 process: options, signals, files. $TU104 is the program. */
#define _GNU_SOURCE
#include "hwtest.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct env {
	char dir[64], sock[96], counters[96], log[96];
};

static int setup(void **state)
{
	struct env *e = calloc(1, sizeof(*e));

	strcpy(e->dir, "/tmp/tu104-test-XXXXXX");
	assert_non_null(mkdtemp(e->dir));
	snprintf(e->sock, sizeof(e->sock), "%s/sock", e->dir);
	snprintf(e->counters, sizeof(e->counters), "%s/counters", e->dir);
	snprintf(e->log, sizeof(e->log), "%s/log", e->dir);
	*state = e;
	return 0;
}

static int teardown(void **state)
{
	struct env *e = *state;

	unlink(e->counters);
	unlink(e->log);
	assert_int_equal(rmdir(e->dir), 0);	/* the socket went with the process */
	free(e);
	return 0;
}

static pid_t start(const char *const *args)
{
	const char *argv[32] = { getenv("TU104") };
	pid_t pid;
	int i;

	assert_non_null(argv[0]);
	for (i = 0; args[i]; i++)
		argv[i + 1] = args[i];
	pid = fork();
	if (!pid) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 1);
		dup2(null, 2);
		execv(argv[0], (char **)argv);
		_exit(99);
	}
	return pid;
}

static int finish(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static int run(const char *const *args)
{
	return finish(start(args));
}

static int dial(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(addr.sun_path, path);
	for (int i = 0; i < 1000; i++) {
		if (!connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
			return fd;
		usleep(10000);
	}
	fail_msg("no server at %s", path);
	return -1;
}

/* Waits until the server has answered VERSION. */
static void handshake(int fd)
{
	static const uint8_t hello[22] = { 1, 0, 1, 0, 22, 0, 0, 0, [20] = '{', '}' };
	uint8_t answer[256];

	assert_int_equal(write(fd, hello, sizeof(hello)), sizeof(hello));
	assert_true(read(fd, answer, sizeof(answer)) > 16);
}

#define ARGS(...) ((const char *const []){ __VA_ARGS__, NULL })

static void test_bad_options(void **state)
{
	struct env *e = *state;

	assert_int_equal(run(ARGS("--vram", "64M")), 2);
	assert_int_equal(run(ARGS("--socket")), 2);
	assert_int_equal(run(ARGS("--nonsense")), 2);
	assert_int_equal(run(ARGS("--socket", e->sock, "more")), 2);
	assert_int_equal(run(ARGS("--socket", e->sock, "--vram", "32M")), 2);
	assert_int_equal(run(ARGS("--socket", e->sock, "--vram", "3G")), 2);
	assert_int_equal(run(ARGS("--socket", e->sock, "--vram", "32G")), 2);
	assert_int_equal(run(ARGS("--socket", e->sock, "--vram", "1GB")), 2);
	assert_int_equal(run(ARGS("--socket", e->sock, "--gpcs", "0")), 2);
	assert_int_equal(run(ARGS("--socket", e->sock, "--gpcs", "7")), 2);
	assert_int_equal(run(ARGS("--socket", e->sock, "--tpcs", "x")), 2);
	assert_int_equal(run(ARGS("--socket", e->sock, "--threads", "0")), 2);
	assert_int_equal(run(ARGS("--socket", e->sock, "--threads", "17")), 2);
	assert_int_equal(run(ARGS("--socket", e->sock, "--seed", "-1")), 2);
	assert_int_equal(run(ARGS("--socket", e->sock, "--inject", "x=n1")), 2);
	assert_int_equal(run(ARGS("--socket", "/nonexistent/s")), 1);
	assert_int_equal(run(ARGS("--socket", e->sock, "--log", "/nonexistent/l")), 1);
	assert_int_equal(run(ARGS("--help")), 0);
}

static void signal_while(void **state, bool connected, int sig)
{
	struct env *e = *state;
	pid_t pid = start(ARGS("--socket", e->sock, "--vram", "64M", "--log", e->log,
			       "--counters", e->counters));
	struct stat st;
	int fd = dial(e->sock);

	handshake(fd);
	if (!connected)
		close(fd);
	kill(pid, sig);
	assert_int_equal(finish(pid), 0);
	assert_int_equal(stat(e->counters, &st), 0);
	assert_true(st.st_size > 100);
	if (connected)
		close(fd);
	unlink(e->counters);
}

static void test_signals(void **state)
{
	signal_while(state, true, SIGTERM);
	signal_while(state, true, SIGINT);
	signal_while(state, false, SIGTERM);
	signal_while(state, false, SIGHUP);
}

static void test_once(void **state)
{
	struct env *e = *state;
	pid_t pid = start(ARGS("--socket", e->sock, "--vram", "64M", "--once"));
	int fd = dial(e->sock);

	handshake(fd);
	close(fd);
	assert_int_equal(finish(pid), 0);
}

static void test_killed_leaves_no_trap(void **state)
{
	struct env *e = *state;
	pid_t pid = start(ARGS("--socket", e->sock, "--vram", "64M"));
	int fd = dial(e->sock);

	handshake(fd);
	kill(pid, SIGKILL);
	assert_int_equal(finish(pid), 1000 + SIGKILL);
	close(fd);
	assert_int_equal(access(e->sock, F_OK), 0);
	pid = start(ARGS("--socket", e->sock, "--vram", "64M", "--once"));
	fd = dial(e->sock);
	handshake(fd);
	close(fd);
	assert_int_equal(finish(pid), 0);
}

static void test_second_instance(void **state)
{
	struct env *e = *state;
	pid_t pid = start(ARGS("--socket", e->sock, "--vram", "64M"));
	int fd = dial(e->sock);

	handshake(fd);
	assert_int_equal(run(ARGS("--socket", e->sock, "--vram", "64M")), 1);
	assert_int_equal(access(e->sock, F_OK), 0);
	kill(pid, SIGTERM);
	assert_int_equal(finish(pid), 0);
	close(fd);
}

static void test_file_that_is_no_socket(void **state)
{
	struct env *e = *state;
	int fd = open(e->log, O_CREAT | O_WRONLY, 0600);

	assert_int_equal(run(ARGS("--socket", e->log)), 1);
	assert_int_equal(access(e->log, F_OK), 0);
	close(fd);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_bad_options),
		T(test_signals),
		T(test_once),
		T(test_killed_leaves_no_trap),
		T(test_second_instance),
		T(test_file_that_is_no_socket),
	};

	return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
