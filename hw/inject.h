/* SPDX-License-Identifier: MIT */
/*
 * Injected trouble, all of it legal hardware behaviour or a broken board:
 * the places that can misbehave ask inject_hit() and act on a true.
 *
 * A specification is a comma-separated list of name=rule, where rule is
 *	p<percent>	each occasion with that probability (p0.5 is half a percent)
 *	n<count>	every count-th occasion
 *	@<index>	exactly one occasion, counted from 1
 * for instance "overflow=n7,lost-interrupt=p1".
 */
#ifndef HW_INJECT_H
#define HW_INJECT_H

#include <stdbool.h>
#include <stdint.h>

struct gpu;

enum inject_point {
	INJECT_OVERFLOW,	/* treat a fault buffer as full */
	INJECT_LATE_VALID,	/* set a packet's VALID later than PUT */
	INJECT_DUPLICATE,	/* report the same fault several times */
	INJECT_SLOW_REPLAY,	/* delay what a replay wakes */
	INJECT_CE_ERROR,	/* fail a copy launch */
	INJECT_CE3_ERROR,	/* the same, of LCE3 alone */
	INJECT_CE_HANG,		/* a copy that never ends: the engine has to be reset */
	INJECT_SLOW_PREEMPT,	/* a runlist takes 60 ms longer to be preempted */
	INJECT_LOST_INTERRUPT,	/* drop a message */
	INJECT_POINTS
};

/* Any thread, with or without gpu->lock. */
bool inject_hit(struct gpu *gpu, enum inject_point point);

/* 0, or -EINVAL with a line on stderr that says what is wrong with @spec. */
int inject_check(const char *spec);

int inject_init(struct gpu *gpu);	/* parses gpu->config.inject */
void inject_reset(struct gpu *gpu);	/* counts start again; same seed */
void inject_fini(struct gpu *gpu);

#endif
