// SPDX-License-Identifier: MIT
/* The picture of where each page lived over time: one panel per kernel. */
#include <errno.h>

#include "tool.h"

#define WIDTH 960
#define LEFT 60
#define RIGHT 20
#define TOP 46
#define PANEL 128
#define GAP 62

static const char *const colour[PLACES] = { "#e9e9ec", "#5b8def", "#f2a33a" };
static const char *const place_name[PLACES] = { "not touched", "in RAM", "in VRAM" };

static double x_of(const struct residency_view *v, uint64_t ns)
{
	double span = (double)(v->end_ns - v->start_ns);

	return LEFT + (WIDTH - LEFT - RIGHT) * (double)(ns - v->start_ns) / (span > 0 ? span : 1);
}

/* Runs of the same colour along a row become one rectangle. */
static void draw_row(FILE *f, const struct residency_view *v, unsigned int row, double y,
		     double height)
{
	unsigned int from = 0;

	for (unsigned int s = 1; s <= v->samples; s++) {
		double x0, x1;

		if (s < v->samples && v->place[s][row] == v->place[from][row])
			continue;
		x0 = x_of(v, v->time_ns[from]);
		x1 = s < v->samples ? x_of(v, v->time_ns[s]) : WIDTH - RIGHT;
		fprintf(f, "<rect x='%.1f' y='%.2f' width='%.1f' height='%.2f' fill='%s'/>\n",
			x0, y, x1 - x0 + 0.2, height + 0.2, colour[v->place[from][row]]);
		from = s;
	}
}

static void draw_panel(FILE *f, const struct residency_view *v, double top)
{
	double height = (double)PANEL / v->rows;
	double ms = (double)(v->end_ns - v->start_ns) / 1e6;
	double label_end = 0;

	fprintf(f, "<text x='%d' y='%.1f' class='t'>%s</text>\n", LEFT, top - 20, v->title);
	fprintf(f, "<text x='%d' y='%.1f' class='a' text-anchor='end'>%zu pages, %.0f ms</text>\n",
		WIDTH - RIGHT, top - 20, v->pages, ms);
	for (unsigned int row = 0; row < v->rows; row++)
		draw_row(f, v, row, top + row * height, height);
	for (unsigned int m = 0; m < v->marks; m++) {
		double x = x_of(v, v->mark[m].ns);

		fprintf(f, "<line x1='%.1f' x2='%.1f' y1='%.1f' y2='%.1f' stroke='#333'/>\n", x, x,
			top - 4, top + PANEL);
		if (x < label_end)
			continue;
		fprintf(f, "<text x='%.1f' y='%.1f' class='a'>%s</text>\n", x + 2, top - 6,
			v->mark[m].label);
		label_end = x + 90;
	}
	fprintf(f, "<text x='%d' y='%.1f' class='a' text-anchor='end'>first page</text>\n",
		LEFT - 4, top + 9);
	fprintf(f, "<text x='%d' y='%.1f' class='a' text-anchor='end'>last</text>\n", LEFT - 4,
		top + PANEL);
	fprintf(f, "<text x='%d' y='%.1f' class='a'>time</text>\n", LEFT, top + PANEL + 13);
}

int picture_write(const char *path, struct residency *const *list, unsigned int count)
{
	int height = TOP + (int)count * (PANEL + GAP) + 10;
	FILE *f = fopen(path, "w");

	if (!f)
		return -errno;
	fprintf(f, "<svg xmlns='http://www.w3.org/2000/svg' width='%d' height='%d' "
		"viewBox='0 0 %d %d' font-family='sans-serif'>\n"
		"<style>.t{font-size:14px;font-weight:bold}.a{font-size:10px;fill:#444}</style>\n"
		"<rect width='100%%' height='100%%' fill='white'/>\n", WIDTH, height, WIDTH, height);
	fprintf(f, "<text x='%d' y='18' class='t'>Where each page lived</text>\n", LEFT);
	for (int k = 0; k < PLACES; k++)
		fprintf(f, "<rect x='%d' y='9' width='10' height='10' fill='%s'/>"
			"<text x='%d' y='18' class='a'>%s</text>\n", 300 + 120 * k, colour[k],
			314 + 120 * k, place_name[k]);
	for (unsigned int i = 0; i < count; i++) {
		struct residency_view v;

		residency_view(list[i], &v);
		if (v.samples)
			draw_panel(f, &v, TOP + 28 + i * (PANEL + GAP));
	}
	fputs("</svg>\n", f);
	if (fclose(f))
		return -errno;
	return 0;
}
