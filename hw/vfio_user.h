/* SPDX-License-Identifier: MIT */
/*
 * A vfio-user server for one PCI device on one UNIX socket: the host that QEMU
 * talks to. One thread, the bus thread, calls vfio_user_run(); it answers each
 * access at once and never waits for an engine except in a reset.
 */
#ifndef HW_VFIO_USER_H
#define HW_VFIO_USER_H

#include <stdbool.h>

struct gpu;
struct host;
struct vfio_user;

/* Creates the socket and listens; replaces a stale one. -errno. */
int vfio_user_listen(const char *path, struct vfio_user **out);
/* What gpu_create() wants. */
struct host *vfio_user_host(struct vfio_user *vu);
/* The device to serve; before vfio_user_run(). */
void vfio_user_set_gpu(struct vfio_user *vu, struct gpu *gpu);
/*
 * Serves one client after the other, with a function reset and cleared video
 * memory between them; with @once, only the first. Returns 0 after
 * vfio_user_stop() or the end of the only client, or -errno.
 */
int vfio_user_run(struct vfio_user *vu, bool once);
/* Makes vfio_user_run() return soon. Any thread; not from a signal handler. */
void vfio_user_stop(struct vfio_user *vu);
/* After gpu_destroy(). Removes the socket. */
void vfio_user_free(struct vfio_user *vu);

#endif
