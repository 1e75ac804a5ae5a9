// SPDX-License-Identifier: MIT
/*
 * The picture of a trace: time to the right, addresses downwards, only those
 * 2 MiB blocks in which something happened, a line where some are left out.
 * Below, how much there was at each time of what has no address.
 *
 * Events are collected in cells first, one bit each, so that a million of them
 * make no larger picture than a thousand.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "trace.h"

#define BLOCK (2ull << 20)
#define COLUMNS 880
#define ROWS 448
#define LEFT 120
#define TOP 64
#define LANE 44
#define LANES (TRACE_KINDS - TRACE_PLACED)

static const char *const colour[TRACE_KINDS] = {
	[TRACE_TO_VRAM] = "#f2a33a",
	[TRACE_TO_RAM] = "#5b8def",
	[TRACE_INVALIDATED] = "#c9c9d0",
	[TRACE_READ] = "#3d9a50",
	[TRACE_WRITE] = "#b3261e",
	[TRACE_ATOMIC] = "#7d3fc0",
	[TRACE_REFUSED] = "#000000",
	[TRACE_BATCH] = "#777780",
	[TRACE_REPLAY] = "#777780",
	[TRACE_EVICTION] = "#777780",
};

struct canvas {
	const struct trace *t;
	double start, end;
	uint64_t *block;		/* ascending, none twice */
	size_t blocks;
	uint8_t (*cell)[ROWS][COLUMNS];	/* [kind]: something was there */
	uint32_t lane[LANES][COLUMNS];
};

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Blocks the GPU faulted on or that moved; a notifier may name terabytes. */
static bool makes_block(const struct trace_event *e)
{
	return e->kind < TRACE_PLACED && e->kind != TRACE_INVALIDATED;
}

static int canvas_blocks(struct canvas *c)
{
	size_t n = 0, k = 0;

	for (size_t i = 0; i < c->t->count; i++)
		if (makes_block(&c->t->event[i]))
			n += c->t->event[i].to / BLOCK - c->t->event[i].from / BLOCK + 1;
	c->block = malloc((n ? n : 1) * sizeof(*c->block));
	if (!c->block)
		return -ENOMEM;
	for (size_t i = 0; i < c->t->count; i++) {
		const struct trace_event *e = &c->t->event[i];

		if (!makes_block(e))
			continue;
		for (uint64_t b = e->from / BLOCK; b <= (e->to - 1) / BLOCK; b++)
			c->block[k++] = b;
	}
	qsort(c->block, k, sizeof(*c->block), compare);
	for (size_t i = 0; i < k; i++)
		if (!c->blocks || c->block[c->blocks - 1] != c->block[i])
			c->block[c->blocks++] = c->block[i];
	return 0;
}

static unsigned int column_of(const struct canvas *c, double seconds)
{
	double span = c->end - c->start;
	double x = span > 0 ? (seconds - c->start) / span * COLUMNS : 0;

	return x < 0 ? 0 : x >= COLUMNS ? COLUMNS - 1 : (unsigned int)x;
}

/* The row of byte @offset of block number @i. */
static unsigned int row_of(const struct canvas *c, size_t i, uint64_t offset)
{
	double y = (i + (double)offset / BLOCK) * ROWS / c->blocks;

	return y >= ROWS ? ROWS - 1 : (unsigned int)y;
}

static void canvas_range(struct canvas *c, const struct trace_event *e)
{
	unsigned int x = column_of(c, e->seconds);
	size_t lo = 0, hi = c->blocks;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (c->block[mid] < e->from / BLOCK)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < c->blocks && c->block[lo] * BLOCK < e->to; lo++) {
		uint64_t base = c->block[lo] * BLOCK;
		uint64_t first = e->from > base ? e->from - base : 0;
		uint64_t last = (e->to - base < BLOCK ? e->to - base : BLOCK) - 1;

		for (unsigned int y = row_of(c, lo, first); y <= row_of(c, lo, last); y++)
			c->cell[e->kind][y][x] = 1;
	}
}

static int canvas_init(struct canvas *c, const struct trace *t)
{
	int ret;

	memset(c, 0, sizeof(*c));
	c->t = t;
	if (!t->count)
		return -ENODATA;
	c->start = c->end = t->event[0].seconds;
	for (size_t i = 0; i < t->count; i++) {
		if (t->event[i].seconds < c->start)
			c->start = t->event[i].seconds;
		if (t->event[i].seconds > c->end)
			c->end = t->event[i].seconds;
	}
	ret = canvas_blocks(c);
	if (ret)
		return ret;
	c->cell = calloc(TRACE_PLACED, sizeof(*c->cell));
	if (!c->cell)
		return -ENOMEM;
	for (size_t i = 0; i < t->count; i++) {
		const struct trace_event *e = &t->event[i];

		if (e->kind < TRACE_PLACED)
			canvas_range(c, e);
		else
			c->lane[e->kind - TRACE_PLACED][column_of(c, e->seconds)] += e->amount;
	}
	return 0;
}

/* Runs along a row become one rectangle; at least two cells wide, to be seen. */
static void draw_kind(const struct canvas *c, enum trace_kind kind, FILE *f)
{
	for (unsigned int y = 0; y < ROWS; y++) {
		const uint8_t *row = c->cell[kind][y];

		for (unsigned int x = 0; x < COLUMNS; x++) {
			unsigned int from = x;

			while (x < COLUMNS && row[x])
				x++;
			if (x > from)
				fprintf(f, "<rect x='%u' y='%u' width='%u' height='1.4' "
					"fill='%s'/>\n", LEFT + from, TOP + y,
					x - from > 2 ? x - from : 2, colour[kind]);
		}
	}
}

static void draw_addresses(const struct canvas *c, FILE *f)
{
	double label_end = 0;

	for (size_t i = 0; i < c->blocks; i++) {
		double y = TOP + (double)i * ROWS / c->blocks;

		if (i && c->block[i] == c->block[i - 1] + 1)
			continue;
		if (i)
			fprintf(f, "<line x1='%d' x2='%d' y1='%.1f' y2='%.1f' stroke='#bbb' "
				"stroke-dasharray='3 3'/>\n", LEFT, LEFT + COLUMNS, y, y);
		if (y < label_end)
			continue;
		fprintf(f, "<text x='%d' y='%.1f' class='a' text-anchor='end'>0x%llx</text>\n",
			LEFT - 6, y + 9, (unsigned long long)(c->block[i] * BLOCK));
		label_end = y + 12;
	}
}

static void draw_lane(const struct canvas *c, unsigned int n, FILE *f)
{
	double top = TOP + ROWS + 26 + n * LANE, height = LANE - 10;
	uint64_t amount;
	size_t events;
	uint32_t most = 1;

	trace_sum(c->t, TRACE_PLACED + n, &events, &amount);
	for (unsigned int x = 0; x < COLUMNS; x++)
		if (c->lane[n][x] > most)
			most = c->lane[n][x];
	fprintf(f, "<text x='%d' y='%.1f' class='a' text-anchor='end'>%s</text>\n", LEFT - 6,
		top + height / 2, trace_name(TRACE_PLACED + n));
	fprintf(f, "<text x='%d' y='%.1f' class='a' text-anchor='end'>%zu</text>\n", LEFT - 6,
		top + height / 2 + 11, events);
	fprintf(f, "<rect x='%d' y='%.1f' width='%d' height='%.1f' fill='#f6f6f8'/>\n", LEFT, top,
		COLUMNS, height);
	for (unsigned int x = 0; x < COLUMNS; x++) {
		double h = height * c->lane[n][x] / most;

		if (c->lane[n][x])
			fprintf(f, "<rect x='%u' y='%.1f' width='1' height='%.1f' fill='%s'/>\n",
				LEFT + x, top + height - h, h, colour[TRACE_PLACED + n]);
	}
}

static void draw_legend(const struct canvas *c, FILE *f)
{
	double x = LEFT;

	for (unsigned int k = 0; k < TRACE_PLACED; k++) {
		uint64_t amount;
		size_t events;

		trace_sum(c->t, k, &events, &amount);
		fprintf(f, "<rect x='%.0f' y='32' width='9' height='9' fill='%s'/>"
			"<text x='%.0f' y='41' class='a'>%s %llu</text>\n", x, colour[k], x + 12,
			trace_name(k), (unsigned long long)(k == TRACE_INVALIDATED ? events : amount));
		x += COLUMNS / (double)TRACE_PLACED;
	}
}

/* A title may be a command line. */
static void draw_text(const char *text, FILE *f)
{
	for (; *text; text++) {
		switch (*text) {
		case '<':
			fputs("&lt;", f);
			break;
		case '&':
			fputs("&amp;", f);
			break;
		default:
			fputc((unsigned char)*text < ' ' ? ' ' : *text, f);
		}
	}
}

int trace_picture(const struct trace *t, const char *title, FILE *f)
{
	int width = LEFT + COLUMNS + 20, height = TOP + ROWS + 30 + LANES * LANE;
	struct canvas *c = malloc(sizeof(*c));
	int ret;

	if (!c)
		return -ENOMEM;
	ret = canvas_init(c, t);
	if (ret)
		goto out;
	fprintf(f, "<svg xmlns='http://www.w3.org/2000/svg' width='%d' height='%d' "
		"viewBox='0 0 %d %d' font-family='sans-serif'>\n"
		"<style>.t{font-size:14px;font-weight:bold}.a{font-size:10px;fill:#444}</style>\n"
		"<rect width='100%%' height='100%%' fill='white'/>\n"
		"<text x='%d' y='20' class='t'>", width, height, width, height, LEFT);
	draw_text(title, f);
	fprintf(f, "</text>\n<text x='%d' y='20' class='a' text-anchor='end'>%.1f ms, "
		"%zu blocks of 2 MiB</text>\n", LEFT + COLUMNS, (c->end - c->start) * 1e3,
		c->blocks);
	draw_legend(c, f);
	fprintf(f, "<rect x='%d' y='%d' width='%d' height='%d' fill='#f6f6f8'/>\n", LEFT, TOP,
		COLUMNS, ROWS);
	draw_addresses(c, f);
	for (unsigned int k = 0; k < TRACE_PLACED; k++)
		draw_kind(c, k, f);
	for (unsigned int n = 0; n < LANES; n++)
		draw_lane(c, n, f);
	fprintf(f, "<text x='%d' y='%d' class='a'>time</text>\n</svg>\n", LEFT, TOP + ROWS + 14);
	ret = ferror(f) ? -EIO : 0;
out:
	free(c->block);
	free(c->cell);
	free(c);
	return ret;
}
