/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_COMPAT_H__
#define __NOUVEAU_COMPAT_H__

/*
 * Differences between the kernels this module builds against, and nothing
 * else. Kbuild includes it everywhere.
 */
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 0, 0)
#error "needs the GPU buddy allocator and TTM of Linux 7"
#endif

#endif
