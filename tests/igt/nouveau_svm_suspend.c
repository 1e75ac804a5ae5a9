// SPDX-License-Identifier: MIT
/**
 * TEST: nouveau svm suspend
 * Category: Core
 * Functionality: the system sleeps with data in VRAM
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nv_igt.h"
#include "nv_mm.h"

IGT_TEST_DESCRIPTION("Asleep and awake again, every byte is where it was");

enum sleep { DEVICES, MEM };	/* what is switched off: nothing, everything */

static void pm_back(int sig)
{
	(void)sig;
	nv_write_file("/sys/power/pm_test", "none");
	nv_write_file("/sys/class/rtc/rtc0/wakealarm", "0");
}

static void go_to_sleep(enum sleep how)
{
	/* An alarm that goes off before the system sleeps wakes nobody: KASAN takes long. */
	bool slow = !access("/sys/kernel/debug/kmemleak", F_OK);

	/* Devices stay suspended for that many seconds in the test mode. */
	igt_require(nv_write_file("/sys/module/suspend/parameters/pm_test_delay", "1"));
	igt_require(nv_write_file("/sys/power/pm_test", how == DEVICES ? "devices" : "none"));
	if (how != DEVICES) {
		nv_write_file("/sys/class/rtc/rtc0/wakealarm", "0");
		igt_require_f(nv_write_file("/sys/class/rtc/rtc0/wakealarm",
					    slow ? "+40" : "+6"),
			      "no alarm clock\n");
	}
	if (how == MEM)
		igt_require_f(nv_write_file("/sys/power/mem_sleep", "deep"), "no S3\n");
	igt_assert(nv_write_file("/sys/power/state", how == MEM ? "mem" : "freeze"));
}

/* The channel lives, or says that it does not. Returns whether it did. */
static bool channel_is_alive(struct nv *nv)
{
	uint32_t word = 0;
	int err = __nv_store(nv, &word, 0x5eeb);

	if (!err) {
		igt_assert_eq(word, 0x5eeb);
		return true;
	}
	igt_assert_eq(err, -ENODEV);
	nv_revive(nv);
	return false;
}

/* Pages, a huge page, a child's copy and a buffer object. */
static void resident(struct nv *nv, enum sleep how)
{
	char *p = nv_anon_aligned(8 * BLOCK, BLOCK), *huge = nv_thp(BLOCK);
	bool alive;
	struct nv_bo bo;
	pid_t pid;

	nv_pattern(p, 8 * BLOCK, 1);
	nv_pattern(huge, BLOCK, 2);
	nv_bo_init(nv->fd, &bo, 4 * BLOCK, NOUVEAU_GEM_DOMAIN_VRAM | NOUVEAU_GEM_DOMAIN_MAPPABLE);
	nv_pattern(bo.map, 4 * BLOCK, 3);
	igt_assert_eq(nv_migrate(nv, p, 8 * BLOCK, true), 4096);
	igt_assert_eq(nv_migrate(nv, huge, BLOCK, true), 512);
	nv_fill(nv, p, 512, PAGE, 40);
	pid = fork();
	igt_assert_lte(0, pid);
	if (!pid) {
		pause();
		_exit(0);
	}

	go_to_sleep(how);
	igt_assert_eq(nv_pages_in_vram(p, 8 * BLOCK), 0);
	nv_check_pattern(huge, BLOCK, 2);
	nv_check_pattern(bo.map, 4 * BLOCK, 3);
	alive = channel_is_alive(nv);
	igt_info("the channel %s\n", alive ? "lives" : "was reported lost");
	/* nothing was switched off: nothing may be lost */
	igt_assert(alive || how == MEM);
	igt_assert_eq(nv_sum(nv, p, 512, PAGE), 512 * 40 + 512 * 511 / 2);
	for (uint32_t i = 0; i < 512; i++) {
		igt_assert_eq(*(uint32_t *)(p + i * PAGE), 40 + i);
		*(uint32_t *)(p + i * PAGE) = (uint32_t)(i * 1024 * 2654435761u) ^ 0x9e3779b9u;
	}
	nv_check_pattern(p, 8 * BLOCK, 1);
	igt_assert_lt(0, nv_migrate(nv, p, 8 * BLOCK, true));
	nv_check_pattern(p, 8 * BLOCK, 1);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	nv_bo_fini(&bo);
	munmap(p, 8 * BLOCK);
	munmap(huge, BLOCK);
}

static void resident_devices(struct nv *nv)
{
	resident(nv, DEVICES);
}

static void resident_mem(struct nv *nv)
{
	resident(nv, MEM);
}

/* A kernel without end does not keep the system awake, and is told. */
static void busy(struct nv *nv)
{
	uint32_t *flag = nv_anon(2 * PAGE);
	struct nv other;

	nv_init(&other);
	nv_spin_launch(nv, flag, flag + 1024);
	go_to_sleep(DEVICES);
	igt_assert_eq(__nv_wait(nv), -ENODEV);
	*(volatile uint32_t *)flag = 1;
	nv_revive(nv);
	nv_store(nv, flag + 2, 5);
	igt_assert_eq(flag[2], 5);
	igt_assert_eq(flag[1024], 0);
	igt_assert(channel_is_alive(&other));
	nv_fini(&other);
	munmap(flag, 2 * PAGE);
}

/* Somebody faults and migrates all the time, several times over. */
static void under_load(struct nv *nv)
{
	volatile uint32_t *stop = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	igt_assert(stop != MAP_FAILED);
	pid = fork();
	igt_assert_lte(0, pid);
	if (!pid) {
		struct nv own;
		char *p = nv_anon(4 * BLOCK);

		nv_init(&own);
		for (uint32_t round = 0; !*stop || !round; round++) {
			int err = 0;

			nv_pattern(p, 4 * BLOCK, round);
			nv_migrate(&own, p, 4 * BLOCK, true);
			err = __nv_fill(&own, p, 1, PAGE, *(uint32_t *)p);
			CHILD_CHECK(nv_is_pattern(p, 4 * BLOCK, round));
			CHILD_CHECK(!err || err == -ENODEV);
			if (err)
				nv_revive(&own);
		}
		_exit(0);
	}
	for (int i = 0; i < 3; i++) {
		usleep(300000);
		go_to_sleep(i == 1 ? MEM : DEVICES);
	}
	*stop = 1;
	nv_expect_child_ok(pid);
	igt_assert(channel_is_alive(nv));
	munmap((void *)stop, PAGE);
}

int igt_main()
{
	static const struct nv_case cases[] = {
		{ "suspend-devices", resident_devices, "Devices asleep, power on" },
		{ "suspend-mem", resident_mem, "Suspend to RAM: VRAM and registers are lost" },
		{ "suspend-busy", busy, "Under a kernel without end" },
		{ "suspend-load", under_load, "Under faults and migrations" },
	};

	igt_fixture() {
		igt_require(__nv_open_render() >= 0);
		igt_install_exit_handler(pm_back);
	}
	nv_subtests(cases, ARRAY_LEN(cases));
}
