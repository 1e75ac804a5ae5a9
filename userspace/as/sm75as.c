// SPDX-License-Identifier: MIT
/*
 * sm75as PREFIX FILE.sass...: assemble programs into C, one object
 * "static const struct nv_program PREFIX<file name>" each, on standard output.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sm75.h>

static char *read_file(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = NULL;
	long n;

	if (!f)
		return NULL;
	if (!fseek(f, 0, SEEK_END) && (n = ftell(f)) >= 0 && !fseek(f, 0, SEEK_SET)) {
		text = malloc((size_t)n + 1);
		if (text)
			text[fread(text, 1, (size_t)n, f)] = 0;
	}
	fclose(f);
	return text;
}

static int emit(const char *prefix, const char *path)
{
	const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	int length = (int)strcspn(base, ".");
	char *text = read_file(path);
	struct sm75_program prog;
	struct sm75_error err;
	int ret;

	if (!text) {
		perror(path);
		return 1;
	}
	ret = sm75_assemble(text, &prog, &err);
	free(text);
	if (ret) {
		fprintf(stderr, "%s:%u: %s\n", path, err.line, err.text);
		return 1;
	}
	printf("static const uint32_t code_%s%.*s[] = {\n", prefix, length, base);
	for (size_t i = 0; i < prog.count; i++)
		printf("\t0x%08x, 0x%08x, 0x%08x, 0x%08x,\n", prog.words[4 * i],
		       prog.words[4 * i + 1], prog.words[4 * i + 2], prog.words[4 * i + 3]);
	printf("};\n\nstatic const struct nv_program %s%.*s __attribute__((unused)) = {\n"
	       "\t.code = code_%s%.*s, .count = %zu, .gprs = %u, .shared = %u,\n};\n\n",
	       prefix, length, base, prefix, length, base, prog.count, prog.gprs,
	       prog.shared_bytes);
	sm75_program_free(&prog);
	return 0;
}

int main(int argc, char **argv)
{
	int ret = argc < 3;

	if (ret)
		fprintf(stderr, "usage: sm75as PREFIX FILE.sass...\n");
	for (int i = 2; i < argc && !ret; i++)
		ret = emit(argv[1], argv[i]);
	return ret;
}
