// SPDX-License-Identifier: MIT
#include "inject.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gpu.h"
#include "log.h"

enum inject_mode { MODE_OFF, MODE_PERCENT, MODE_EVERY, MODE_ONCE };

struct inject_rule {
	enum inject_mode mode;
	uint64_t threshold;	/* MODE_PERCENT: of 2^32 */
	uint64_t n;		/* MODE_EVERY, MODE_ONCE */
	uint64_t occasions;
	uint64_t random;	/* one generator per point: points don't disturb each other */
};

struct inject {
	pthread_mutex_t lock;	/* leaf */
	struct inject_rule rules[INJECT_POINTS];
};

static const char *const point_names[INJECT_POINTS] = {
	[INJECT_OVERFLOW] = "overflow",
	[INJECT_LATE_VALID] = "late-valid",
	[INJECT_DUPLICATE] = "duplicate",
	[INJECT_SLOW_REPLAY] = "slow-replay",
	[INJECT_CE_ERROR] = "ce-error",
	[INJECT_CE3_ERROR] = "ce3-error",
	[INJECT_CE_HANG] = "ce-hang",
	[INJECT_SLOW_PREEMPT] = "slow-preempt",
	[INJECT_LOST_INTERRUPT] = "lost-interrupt",
};

/* xorshift64*: good enough to spread occasions, the same on every host */
static uint32_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (*state * 0x2545f4914f6cdd1dull) >> 32;
}

static int parse_value(const char *s, struct inject_rule *r)
{
	char *end;

	if (*s == 'p') {
		double percent = strtod(s + 1, &end);

		if (end == s + 1 || *end || !(percent >= 0 && percent <= 100))
			return -EINVAL;
		r->mode = MODE_PERCENT;
		r->threshold = percent / 100 * 4294967296.0;
		return 0;
	}
	if (*s != 'n' && *s != '@')
		return -EINVAL;
	r->mode = *s == 'n' ? MODE_EVERY : MODE_ONCE;
	if (s[1] < '0' || s[1] > '9')
		return -EINVAL;
	r->n = strtoull(s + 1, &end, 10);
	return *end || !r->n ? -EINVAL : 0;
}

static int parse(const char *spec, struct inject_rule *rules)
{
	char *copy = strdup(spec), *save = NULL;
	int ret = copy ? 0 : -ENOMEM;

	for (char *item = copy ? strtok_r(copy, ",", &save) : NULL; item && !ret;
	     item = strtok_r(NULL, ",", &save)) {
		char *eq = strchr(item, '=');
		unsigned int i = INJECT_POINTS;

		if (eq) {
			*eq = '\0';
			for (i = 0; i < INJECT_POINTS; i++)
				if (!strcmp(item, point_names[i]))
					break;
		}
		if (i == INJECT_POINTS || parse_value(eq + 1, &rules[i])) {
			fprintf(stderr, "tu104: --inject: bad item '%s%s%s'\n", item,
				eq ? "=" : "", eq ? eq + 1 : "");
			ret = -EINVAL;
		}
	}
	free(copy);
	return ret;
}

int inject_check(const char *spec)
{
	struct inject_rule rules[INJECT_POINTS] = { 0 };

	return parse(spec, rules);
}

bool inject_hit(struct gpu *gpu, enum inject_point point)
{
	struct inject_rule *r = &gpu->inject->rules[point];
	unsigned long long occasion;
	bool hit = false;

	if (r->mode == MODE_OFF)
		return false;
	pthread_mutex_lock(&gpu->inject->lock);
	occasion = ++r->occasions;
	switch (r->mode) {
	case MODE_PERCENT:
		hit = next_random(&r->random) < r->threshold;
		break;
	case MODE_EVERY:
		hit = occasion % r->n == 0;
		break;
	case MODE_ONCE:
		hit = occasion == r->n;
		break;
	case MODE_OFF:
		break;
	}
	pthread_mutex_unlock(&gpu->inject->lock);
	if (hit)
		log_ok("inject", "%s, occasion %llu", point_names[point], occasion);
	return hit;
}

void inject_reset(struct gpu *gpu)
{
	struct inject *inj = gpu->inject;

	pthread_mutex_lock(&inj->lock);
	for (unsigned int i = 0; i < INJECT_POINTS; i++) {
		inj->rules[i].occasions = 0;
		inj->rules[i].random = (gpu->config.seed + 1) * 0x9e3779b97f4a7c15ull + i + 1;
	}
	pthread_mutex_unlock(&inj->lock);
}

int inject_init(struct gpu *gpu)
{
	struct inject *inj = calloc(1, sizeof(*inj));
	int ret = 0;

	if (!inj)
		return -ENOMEM;
	pthread_mutex_init(&inj->lock, NULL);
	gpu->inject = inj;
	if (gpu->config.inject)
		ret = parse(gpu->config.inject, inj->rules);
	inject_reset(gpu);
	return ret;
}

void inject_fini(struct gpu *gpu)
{
	if (!gpu->inject)
		return;
	pthread_mutex_destroy(&gpu->inject->lock);
	free(gpu->inject);
	gpu->inject = NULL;
}
