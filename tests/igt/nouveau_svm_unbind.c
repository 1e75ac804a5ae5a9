// SPDX-License-Identifier: MIT
/**
 * TEST: nouveau svm unbind
 * Category: Core
 * Functionality: the device goes while processes use it
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nv_igt.h"
#include "nv_mm.h"

IGT_TEST_DESCRIPTION("Without its device a process keeps its memory");

static char device[32];			/* 0000:01:00.0 */

static void find_device(void)
{
	glob_t found;

	igt_require_f(!glob("/sys/bus/pci/drivers/nouveau/*:*:*.*", 0, NULL, &found),
		      "no device bound to nouveau\n");
	snprintf(device, sizeof(device), "%s", strrchr(found.gl_pathv[0], '/') + 1);
	globfree(&found);
}

static void unbind(void)
{
	igt_set_timeout(30, "unbind");
	igt_assert(nv_write_file("/sys/bus/pci/drivers/nouveau/unbind", device));
	igt_reset_timeout();
}

static void bind_back(int sig)
{
	(void)sig;
	if (device[0] && access("/sys/bus/pci/drivers/nouveau/0000:01:00.0", F_OK))
		nv_write_file("/sys/bus/pci/drivers/nouveau/bind", device);
}

/* A new client on the device that came back. */
static void rebind_and_use(void)
{
	uint32_t word = 0;
	struct nv nv;

	igt_set_timeout(30, "bind");
	igt_assert(nv_write_file("/sys/bus/pci/drivers/nouveau/bind", device));
	nv_init(&nv);
	nv_store(&nv, &word, 0xbac);
	igt_assert_eq(word, 0xbac);
	nv_fini(&nv);
	igt_reset_timeout();
}

/* What was in VRAM is in RAM, every byte, also a child's and a huge page's. */
static void resident(struct nv *nv)
{
	char *p = nv_anon_aligned(8 * BLOCK, BLOCK), *huge = nv_thp(BLOCK);
	int go[2];
	pid_t pid;
	char c;

	igt_assert_eq(pipe(go), 0);
	nv_pattern(p, 8 * BLOCK, 1);
	nv_pattern(huge, BLOCK, 2);
	igt_assert_eq(nv_migrate(nv, p, 8 * BLOCK, true), 4096);
	igt_assert_eq(nv_migrate(nv, huge, BLOCK, true), 512);
	nv_fill(nv, p, 512, PAGE, 40);
	pid = fork();
	igt_assert_lte(0, pid);
	if (!pid) {
		CHILD_CHECK(read(go[0], &c, 1) == 1);
		for (uint32_t i = 0; i < 512; i++)
			CHILD_CHECK(*(uint32_t *)(p + i * PAGE) == 40 + i);
		CHILD_CHECK(nv_is_pattern(huge, BLOCK, 2));
		_exit(0);
	}
	unbind();
	igt_assert_eq(nv_pages_in_vram(p, 8 * BLOCK), 0);
	for (uint32_t i = 0; i < 512; i++) {
		igt_assert_eq(*(uint32_t *)(p + i * PAGE), 40 + i);
		*(uint32_t *)(p + i * PAGE) = (uint32_t)(i * 1024 * 2654435761u) ^ 0x9e3779b9u;
	}
	nv_check_pattern(p, 8 * BLOCK, 1);
	nv_check_pattern(huge, BLOCK, 2);
	igt_assert_eq(write(go[1], "g", 1), 1);
	nv_expect_child_ok(pid);
	/* the old file is of no use, and says so */
	igt_assert_eq(__nv_migrate(nv, p, BLOCK, true, NULL), -ENODEV);
	igt_assert_eq(__nv_submit(nv), -ENODEV);
	rebind_and_use();
	nv_fini(nv);
	munmap(p, 8 * BLOCK);
	munmap(huge, BLOCK);
}

/* A kernel spins, another process faults and migrates all the time. */
static void busy(struct nv *nv)
{
	volatile uint32_t *flag = nv_anon(2 * PAGE);
	pid_t pid = fork();
	int status;

	igt_assert_lte(0, pid);
	if (!pid) {
		struct nv own;
		char *p = nv_anon(4 * BLOCK);
		int err = 0;

		nv_init(&own);
		for (uint32_t round = 0; !err; round++) {
			nv_pattern(p, 4 * BLOCK, round);
			err = __nv_migrate(&own, p, 4 * BLOCK, true, NULL);
			if (!err)
				err = __nv_fill(&own, p, 1, PAGE, *(uint32_t *)p);
			CHILD_CHECK(nv_is_pattern(p, 4 * BLOCK, round));
		}
		_exit(err == -ENODEV ? 0 : 2);
	}
	nv_spin_launch(nv, (const void *)flag, (void *)(flag + 1024));
	usleep(300000);
	unbind();
	igt_assert_eq(__nv_wait(nv), -ENODEV);
	igt_assert_eq(waitpid(pid, &status, 0), pid);
	igt_assert_f(!status, "child status 0x%x\n", status);
	*flag = 5;
	igt_assert_eq(flag[1024], 0);
	rebind_and_use();
	nv_fini(nv);
	munmap((void *)flag, 2 * PAGE);
}

/* Memory is unmapped, and processes end, after the device has gone. */
static void afterwards(struct nv *nv)
{
	char *p = nv_anon(2 * BLOCK);
	pid_t pid = fork();
	int status;

	igt_assert_lte(0, pid);
	if (!pid) {
		struct nv own;

		nv_init(&own);
		nv_pattern(p, 2 * BLOCK, 4);
		nv_migrate(&own, p, 2 * BLOCK, true);
		pause();
	}
	nv_pattern(p, 2 * BLOCK, 3);
	nv_migrate(nv, p, 2 * BLOCK, true);
	usleep(300000);
	unbind();
	kill(pid, SIGKILL);
	igt_assert_eq(waitpid(pid, &status, 0), pid);
	nv_check_pattern(p, BLOCK, 3);
	igt_assert_eq(munmap(p + BLOCK, BLOCK), 0);
	igt_assert_eq(mprotect(p, BLOCK, PROT_READ), 0);
	nv_fini(nv);
	rebind_and_use();
	munmap(p, BLOCK);
}

int igt_main()
{
	static const struct nv_case cases[] = {
		{ "unbind-resident", resident, "Pages in VRAM come home" },
		{ "unbind-busy", busy, "Under a spinning kernel, faults and migrations" },
		{ "unbind-then-unmap", afterwards, "Memory and processes end after the device" },
	};
	struct nv nv;

	igt_fixture() {
		igt_require(__nv_open_render() >= 0);
		find_device();
		igt_install_exit_handler(bind_back);
	}
	for (unsigned int i = 0; i < ARRAY_LEN(cases); i++) {
		igt_describe(cases[i].describe);
		igt_subtest(cases[i].name) {
			nv_init(&nv);
			/* closes it, after the device is gone */
			cases[i].run(&nv);
		}
	}
}
