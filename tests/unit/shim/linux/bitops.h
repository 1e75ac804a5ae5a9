/* SPDX-License-Identifier: MIT */
#ifndef SHIM_LINUX_BITOPS_H
#define SHIM_LINUX_BITOPS_H

#define hweight64(w)	((unsigned int)__builtin_popcountll(w))

#endif
