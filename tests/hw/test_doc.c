// SPDX-License-Identifier: MIT
/* Documentation/hw-model.md lists every constant of include/nvhw/undocumented.h. */
#include "hwtest.h"

#ifndef CHECKOUT
#error "CHECKOUT is the checkout's directory"
#endif

static char *slurp(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text;
	long n;

	if (!f)
		fail_msg("cannot read %s", path);
	fseek(f, 0, SEEK_END);
	n = ftell(f);
	rewind(f);
	text = calloc(1, n + 1);
	assert_int_equal(fread(text, 1, n, f), n);
	fclose(f);
	return text;
}

/* `NAME`, or a `PREFIX*` that covers it. */
static bool listed(const char *doc, const char *name, size_t len)
{
	for (const char *p = strstr(doc, "`NVX_"); p; p = strstr(p + 1, "`NVX_")) {
		size_t n = strcspn(p + 1, "`*");

		if (p[1 + n] == '`' && n == len && !strncmp(p + 1, name, n))
			return true;
		if (p[1 + n] == '*' && n <= len && !strncmp(p + 1, name, n))
			return true;
	}
	return false;
}

static void test_every_undocumented_constant_is_listed(void **state)
{
	char *header = slurp(CHECKOUT "/include/nvhw/undocumented.h");
	char *doc = slurp(CHECKOUT "/Documentation/hw-model.md");
	unsigned int n = 0, missing = 0;

	for (const char *p = strstr(header, "#define NVX_"); p; p = strstr(p + 1, "#define NVX_")) {
		const char *name = p + 8;
		size_t len = strcspn(name, " \t(\n");

		n++;
		if (!listed(doc, name, len)) {
			print_error("not in hw-model.md: %.*s\n", (int)len, name);
			missing++;
		}
	}
	assert_true(n > 50);
	assert_int_equal(missing, 0);
	free(header);
	free(doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_undocumented_constant_is_listed),
	};

	return cmocka_run_group_tests_name("doc", tests, NULL, NULL);
}
