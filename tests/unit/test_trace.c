// SPDX-License-Identifier: MIT
/* nvsvm trace: lines as tracefs prints them, and a picture that has them all. */
#include <errno.h>

#include "unit.h"

#include "../../userspace/tools/trace.h"

static const char text[] =
	"# tracer: nop\n"
	"#\n"
	"#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION\n"
	"   kworker/u8:1-33      [001] .....  12.000100: nouveau_fault: inst=0x1000 va=0x7f0000200000 access=write type=0 engine=64 gpc=0 client=0x1 replayable=1 gpu_ns=5\n"
	"   kworker/u8:1-33      [001] .....  12.000101: nouveau_fault: inst=0x1000 va=0x7f0000201000 access=read type=0 engine=64 gpc=0 client=0x1 replayable=1 gpu_ns=5\n"
	"   kworker/u8:1-33      [001] .....  12.000102: nouveau_fault: inst=0x1000 va=0x7f0000202000 access=prefetch type=0 engine=64 gpc=0 client=0x1 replayable=1 gpu_ns=5\n"
	"   kworker/u8:1-33      [001] .....  12.000110: nouveau_batch: faults=3 unique=3 blocks=1 replayable=1\n"
	"   kworker/u8:1-33      [001] .....  12.000500: nouveau_migrate: va=0x7f0000200000 end=0x7f0000210000 to=vram collected=16 pages=15 err=0\n"
	"   kworker/u8:1-33      [001] .....  12.000600: nouveau_replay: ranges=1 wait_all=0 err=0\n"
	"           app-99      [000] d..1.  12.700000: nouveau_migrate: va=0x7f0000200000 end=0x7f0000210000 to=sys collected=16 pages=16 err=0\n"
	"           app-99      [000] .....  12.800000: nouveau_migrate: va=0x7f0000200000 end=0x7f0000210000 to=sys collected=0 pages=0 err=0\n"
	"           app-99      [000] .....  12.900000: nouveau_notifier: svm=00000000deadbeef va=0x7f0000200000 end=0x7f0000210000 event=0 own=0 zapped=1\n"
	"           app-99      [000] .....  12.900001: nouveau_notifier: svm=00000000deadbeef va=0x7f0000200000 end=0x7f0000210000 event=0 own=0 zapped=0\n"
	"CPU:1 [LOST 17 EVENTS]\n"
	"   kworker/u8:1-33      [001] .....  13.000000: nouveau_cancel: chid=7 va=0x5000 access=atomic what=all\n"
	"   kworker/u8:1-33      [001] .....  13.000001: nouveau_evict: vram=0x100000 bytes=0x200000 pages=512 err=0\n"
	"   kworker/u8:1-33      [001] .....  13.000002: nouveau_evict: vram=0x100000\n"
	"   kworker/u8:1-33      [001] .....  13.000003: nouveau_fault: inst=0x1000\n"
	"   kworker/u8:1-33      [001] .....  13.000004: nouveau_new_thing: va=0x1 end=0x2\n"
	"            sh-1       [000] .....  13.000005: sched_switch: prev=nouveau_fault va=0x1\n"
	"garbage: nouveau_fault\n"
	": nouveau_fault: va=";

static void read_text(struct trace *t, const char *s)
{
	FILE *f = fmemopen((void *)s, strlen(s), "r");

	memset(t, 0, sizeof(*t));
	assert_non_null(f);
	assert_int_equal(trace_read(t, f), 0);
	fclose(f);
}

static void check_sum(const struct trace *t, enum trace_kind kind, size_t events, uint64_t amount)
{
	uint64_t a;
	size_t n;

	trace_sum(t, kind, &n, &a);
	assert_int_equal(n, events);
	assert_int_equal(a, amount);
}

static void each_line(void **state)
{
	struct trace t;

	read_text(&t, text);
	check_sum(&t, TRACE_WRITE, 1, 1);
	check_sum(&t, TRACE_READ, 1, 1);
	check_sum(&t, TRACE_ATOMIC, 0, 0);
	check_sum(&t, TRACE_REFUSED, 1, 1);
	check_sum(&t, TRACE_TO_VRAM, 1, 15);
	check_sum(&t, TRACE_TO_RAM, 1, 16);
	check_sum(&t, TRACE_INVALIDATED, 1, 0);
	check_sum(&t, TRACE_BATCH, 1, 3);
	check_sum(&t, TRACE_REPLAY, 1, 1);
	check_sum(&t, TRACE_EVICTION, 1, 512);
	assert_int_equal(t.lost, 17);
	assert_int_equal(t.unknown, 3);
	assert_true(t.event[0].seconds > 12.00009 && t.event[0].seconds < 12.00011);
	assert_int_equal(t.event[0].from, 0x7f0000200000);
	assert_int_equal(t.event[0].to, 0x7f0000201000);
	trace_free(&t);
}

static size_t occurrences(const char *in, const char *what)
{
	size_t n = 0;

	for (; (in = strstr(in, what)); in++)
		n++;
	return n;
}

static char *draw(const struct trace *t, int *ret)
{
	char *out = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&out, &size);

	*ret = trace_picture(t, "a <b> & c", f);
	fclose(f);
	return out;
}

/* Every kind is there, in its colour, and the two blocks with the gap between. */
static void picture(void **state)
{
	struct trace t;
	char *svg;
	int ret;

	read_text(&t, text);
	svg = draw(&t, &ret);
	assert_int_equal(ret, 0);
	assert_int_equal(occurrences(svg, "<svg"), 1);
	assert_int_equal(occurrences(svg, "</svg>"), 1);
	assert_non_null(strstr(svg, "a &lt;b> &amp; c"));
	assert_non_null(strstr(svg, "2 blocks of 2 MiB"));
	assert_non_null(strstr(svg, ">0x0<"));
	assert_non_null(strstr(svg, ">0x7f0000200000<"));
	assert_int_equal(occurrences(svg, "stroke-dasharray"), 1);
	/* legend and at least one mark each */
	assert_true(occurrences(svg, "#b3261e") >= 2);
	assert_true(occurrences(svg, "#3d9a50") >= 2);
	assert_true(occurrences(svg, "#f2a33a") >= 2);
	assert_true(occurrences(svg, "#5b8def") >= 2);
	assert_int_equal(occurrences(svg, "#7d3fc0"), 1);
	free(svg);
	trace_free(&t);
}

static void nothing(void **state)
{
	struct trace t;
	char *svg;
	int ret;

	read_text(&t, "# nothing\n");
	svg = draw(&t, &ret);
	assert_int_equal(ret, -ENODATA);
	free(svg);
	trace_free(&t);
	/* only what has no address */
	read_text(&t, "x-1 [0] . 1.0: nouveau_batch: faults=3 unique=3\n");
	svg = draw(&t, &ret);
	assert_int_equal(ret, 0);
	assert_non_null(strstr(svg, "0 blocks"));
	free(svg);
	trace_free(&t);
}

/* Many events make no large picture, and wild ranges no crash. */
static void many(void **state)
{
	struct trace t = { 0 };
	char *svg;
	int ret;

	unit_seed();
	t.count = 200000;
	t.room = t.count;
	t.event = calloc(t.count, sizeof(*t.event));
	for (size_t i = 0; i < t.count; i++) {
		struct trace_event *e = &t.event[i];

		e->kind = unit_random() % TRACE_KINDS;
		e->seconds = unit_random() % 100000 * 1e-3;
		e->from = (unit_random() % 3000) << 12 | (unit_random() % 4) << 40;
		e->to = e->from + ((1 + unit_random() % 600) << 12);
		e->amount = unit_random() % 100;
		if (e->kind == TRACE_INVALIDATED)
			e->to += unit_random() % 8 ? 0 : 1ull << 46;
	}
	svg = draw(&t, &ret);
	assert_int_equal(ret, 0);
	assert_true(strlen(svg) < 40u << 20);
	free(svg);
	trace_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_line),
		cmocka_unit_test(picture),
		cmocka_unit_test(nothing),
		cmocka_unit_test(many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
