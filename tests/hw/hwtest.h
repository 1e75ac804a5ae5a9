/* SPDX-License-Identifier: MIT */
/* What every test of the model includes first. */
#ifndef HWTEST_H
#define HWTEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "log.h"
#include "sim.h"

/* Tests provoke guest errors on purpose; HWTEST_LOG=1 shows them. */
static inline void hwtest_quiet(void)
{
	log_mask = getenv("HWTEST_LOG") ? ~0u : 0;
}

#endif
