/* SPDX-License-Identifier: MIT */
/*
 * A small assembler for SM75 (Turing) machine code.
 *
 * The syntax is nvdisasm's: "@!P0 IADD3 R8, P0, R12, c[0x0][0x18], RZ ;", one
 * instruction a line, labels "name:", comments "//" or "#", a trailing ";" is
 * optional. Directives:
 *
 *	.equ NAME value		a number usable wherever one is
 *	.shared bytes		static shared memory per block
 *	.local bytes		private memory per thread
 *
 * Scheduling bits are not written by hand: every instruction waits for all
 * earlier results, which is slow but right on any Turing.
 */
#ifndef SM75_H
#define SM75_H

#include <stddef.h>
#include <stdint.h>

struct sm75_program {
	uint32_t *words;		/* 4 per instruction */
	size_t count;			/* instructions */
	unsigned int gprs;		/* registers per thread */
	unsigned int shared_bytes;
	unsigned int local_bytes;
	unsigned int barriers;		/* 0 or 1 */
};

struct sm75_error {
	unsigned int line;		/* 1-based, 0 when none applies */
	char text[160];
};

/*
 * Assemble @source. Returns 0, or a negative errno with @err filled: -EINVAL
 * for a fault in the source, -ENOMEM. sm75_program_free() the result.
 */
int sm75_assemble(const char *source, struct sm75_program *prog, struct sm75_error *err);
void sm75_program_free(struct sm75_program *prog);

/*
 * Assemble one instruction located at byte offset @pc of its program into
 * @w; branch targets are numbers. Scheduling bits stay zero.
 */
int sm75_assemble_one(const char *text, uint64_t pc, uint32_t w[4], struct sm75_error *err);

#endif
