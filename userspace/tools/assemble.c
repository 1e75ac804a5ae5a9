// SPDX-License-Identifier: MIT
/* A kernel from its assembly. */
#include <sm75.h>

#include "tool.h"

int kernel_assemble(struct nvsvm_context *context, const char *name, const char *source,
		    struct nvsvm_kernel **kernel)
{
	struct sm75_program prog;
	struct sm75_error err;
	int ret = sm75_assemble(source, &prog, &err);

	if (ret) {
		complain(0, "%s.sass:%u: %s", name, err.line, err.text);
		return ret;
	}
	ret = nvsvm_kernel_new(context, prog.words, prog.count, prog.gprs, prog.shared_bytes,
			       prog.local_bytes, prog.barriers, kernel);
	sm75_program_free(&prog);
	return ret;
}
