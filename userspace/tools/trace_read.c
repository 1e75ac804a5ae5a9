// SPDX-License-Identifier: MIT
/*
 * The driver's tracepoints as tracefs prints them:
 *
 *   task-pid  [cpu] flags  seconds.micros: event: key=value key=value ...
 *
 * Read by key, so that a tracepoint may grow. Events of others are passed over.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "trace.h"

#define PAGE 4096u

static const char *const names[TRACE_KINDS] = {
	[TRACE_TO_VRAM] = "moved to VRAM",
	[TRACE_TO_RAM] = "moved to RAM",
	[TRACE_INVALIDATED] = "unmapped",
	[TRACE_READ] = "read faults",
	[TRACE_WRITE] = "write faults",
	[TRACE_ATOMIC] = "atomic faults",
	[TRACE_REFUSED] = "refused accesses",
	[TRACE_BATCH] = "batches",
	[TRACE_REPLAY] = "replays",
	[TRACE_EVICTION] = "evictions",
};

const char *trace_name(enum trace_kind kind)
{
	return names[kind];
}

/* The value of @key in "a=1 b=2", or NULL. */
static const char *value_of(const char *fields, const char *key)
{
	size_t n = strlen(key);

	for (const char *p = strstr(fields, key); p; p = strstr(p + 1, key))
		if ((p == fields || p[-1] == ' ') && p[n] == '=')
			return p + n + 1;
	return NULL;
}

static bool number_of(const char *fields, const char *key, uint64_t *value)
{
	const char *p = value_of(fields, key);
	char *end;

	if (!p)
		return false;
	*value = strtoull(p, &end, 0);
	return end != p;
}

static bool word_is(const char *fields, const char *key, const char *word)
{
	const char *p = value_of(fields, key);
	size_t n = strlen(word);

	return p && !strncmp(p, word, n) && (!p[n] || strchr(" \n", p[n]));
}

static bool range_of(const char *fields, struct trace_event *e)
{
	return number_of(fields, "va", &e->from) && number_of(fields, "end", &e->to) &&
	       e->from < e->to;
}

static bool fault_of(const char *fields, struct trace_event *e)
{
	if (!number_of(fields, "va", &e->from))
		return false;
	e->to = e->from + PAGE;
	e->amount = 1;
	e->kind = word_is(fields, "access", "atomic") ? TRACE_ATOMIC :
		  word_is(fields, "access", "write") ? TRACE_WRITE : TRACE_READ;
	return true;
}

static bool migrate_of(const char *fields, struct trace_event *e)
{
	uint64_t pages;

	if (!range_of(fields, e) || !number_of(fields, "pages", &pages))
		return false;
	e->kind = word_is(fields, "to", "vram") ? TRACE_TO_VRAM : TRACE_TO_RAM;
	e->amount = pages;
	return true;
}

static bool notifier_of(const char *fields, struct trace_event *e)
{
	e->kind = TRACE_INVALIDATED;
	/* A whole window means nothing; what was mapped in it is not said. */
	return range_of(fields, e);
}

static bool cancel_of(const char *fields, struct trace_event *e)
{
	if (!fault_of(fields, e))
		return false;
	e->kind = TRACE_REFUSED;
	return true;
}

static bool amount_of(const char *fields, struct trace_event *e, enum trace_kind kind,
		      const char *key)
{
	uint64_t n = 1;

	e->kind = kind;
	if (key && !number_of(fields, key, &n))
		return false;
	e->amount = n;
	return true;
}

enum line { LINE_NONE, LINE_EVENT, LINE_UNKNOWN };

/* One event of ours; @fields behind its name. */
static enum line parse_event(const char *name, const char *fields, struct trace_event *e)
{
	bool ok;

	if (!strcmp(name, "nouveau_fault")) {
		if (word_is(fields, "access", "prefetch"))
			return LINE_NONE;
		ok = fault_of(fields, e);
	} else if (!strcmp(name, "nouveau_migrate")) {
		ok = migrate_of(fields, e);
		if (ok && !e->amount)
			return LINE_NONE;
	} else if (!strcmp(name, "nouveau_notifier")) {
		if (!word_is(fields, "zapped", "1"))
			return LINE_NONE;
		ok = notifier_of(fields, e);
	} else if (!strcmp(name, "nouveau_cancel")) {
		ok = cancel_of(fields, e);
	} else if (!strcmp(name, "nouveau_batch")) {
		ok = amount_of(fields, e, TRACE_BATCH, "faults");
	} else if (!strcmp(name, "nouveau_replay")) {
		ok = amount_of(fields, e, TRACE_REPLAY, NULL);
	} else if (!strcmp(name, "nouveau_evict")) {
		ok = amount_of(fields, e, TRACE_EVICTION, "pages");
	} else {
		return LINE_NONE;
	}
	return ok ? LINE_EVENT : LINE_UNKNOWN;
}

static enum line parse_line(const char *line, struct trace_event *e, size_t *lost)
{
	const char *at = strstr(line, ": nouveau_"), *number = at, *fields;
	char name[32];
	size_t n;

	if (!at) {
		const char *p = strstr(line, "[LOST ");

		if (p)
			*lost += strtoull(p + 6, NULL, 10);
		return LINE_NONE;
	}
	memset(e, 0, sizeof(*e));
	while (number > line && number[-1] != ' ')
		number--;
	e->seconds = strtod(number, NULL);
	fields = strchr(at + 2, ':');
	n = fields ? (size_t)(fields - at - 2) : 0;
	if (!n || n >= sizeof(name))
		return LINE_NONE;
	memcpy(name, at + 2, n);
	name[n] = 0;
	return parse_event(name, fields + 2, e);
}

static int append(struct trace *t, const struct trace_event *e)
{
	if (t->count == t->room) {
		size_t room = t->room ? t->room * 2 : 1024;
		struct trace_event *more = realloc(t->event, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		t->event = more;
		t->room = room;
	}
	t->event[t->count++] = *e;
	return 0;
}

int trace_read(struct trace *t, FILE *f)
{
	struct trace_event e;
	char *line = NULL;
	size_t room = 0;
	int ret = 0;

	while (!ret && getline(&line, &room, f) > 0) {
		switch (parse_line(line, &e, &t->lost)) {
		case LINE_EVENT:
			ret = append(t, &e);
			break;
		case LINE_UNKNOWN:
			t->unknown++;
			break;
		case LINE_NONE:
			break;
		}
	}
	free(line);
	return ret;
}

void trace_free(struct trace *t)
{
	free(t->event);
	memset(t, 0, sizeof(*t));
}

void trace_sum(const struct trace *t, enum trace_kind kind, size_t *events, uint64_t *amount)
{
	*events = 0;
	*amount = 0;
	for (size_t i = 0; i < t->count; i++) {
		if (t->event[i].kind != kind)
			continue;
		++*events;
		*amount += t->event[i].amount;
	}
}
