// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Bodies of the tracepoints of nouveau_trace.h. */
#define CREATE_TRACE_POINTS
#include "nouveau_trace.h"
