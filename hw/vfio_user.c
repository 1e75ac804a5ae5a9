// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "vfio_user.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "gpu.h"
#include "log.h"
#include "monotonic.h"
#include "pci_config.h"
#include "vfio_user_priv.h"
#include "vram.h"

static struct vfio_user *to_vu(struct host *host)
{
	return (struct vfio_user *)host;
}

/* COMMAND.BUS_MASTER off: the function may not issue requests. */
static void *vu_host_dma_ptr(struct host *host, uint64_t iova, size_t len, bool write)
{
	struct vfio_user *vu = to_vu(host);

	if (!pci_config_bus_master(vu->gpu)) {
		log_guest_error("vfio-user", "DMA at %llx with bus mastering off",
				(unsigned long long)iova);
		return NULL;
	}
	return vu_dma_ptr(vu->dma, iova, len, write);
}

static void vu_host_dma_begin(struct host *host)
{
	vu_dma_begin(to_vu(host)->dma);
}

static void vu_host_dma_end(struct host *host)
{
	vu_dma_end(to_vu(host)->dma);
}

static void vu_host_raise_msi(struct host *host)
{
	vu_irqs_raise_msi(&to_vu(host)->irqs);
}

/* Starts at Unix time, as PTIMER does, and never steps. */
static uint64_t vu_host_now(struct host *host)
{
	return monotonic_ns() + to_vu(host)->epoch_ns;
}

static const struct host_ops vu_ops = {
	.dma_ptr = vu_host_dma_ptr,
	.dma_begin = vu_host_dma_begin,
	.dma_end = vu_host_dma_end,
	.raise_msi = vu_host_raise_msi,
	.now = vu_host_now,
};

/* A socket nobody listens on is left over from a process that died. */
static int bind_socket(int fd, const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct stat st;
	int probe, ret;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	strcpy(addr.sun_path, path);
	if (!bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return 0;
	if (errno != EADDRINUSE)
		return -errno;
	if (lstat(path, &st) || !S_ISSOCK(st.st_mode))
		return -EEXIST;		/* somebody's file */
	probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (probe < 0)
		return -errno;
	ret = connect(probe, (struct sockaddr *)&addr, sizeof(addr)) ? errno : 0;
	close(probe);
	if (ret != ECONNREFUSED)
		return -EADDRINUSE;
	if (unlink(path) || bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return -errno;
	return 0;
}

int vfio_user_listen(const char *path, struct vfio_user **out)
{
	struct vfio_user *vu = calloc(1, sizeof(*vu));
	struct timespec now;
	int ret = -ENOMEM;

	if (!vu)
		return -ENOMEM;
	vu->host.ops = &vu_ops;
	clock_gettime(CLOCK_REALTIME, &now);
	vu->epoch_ns = now.tv_sec * 1000000000ull + now.tv_nsec - monotonic_ns();
	vu->conn_fd = vu->sock.fd = -1;
	pthread_mutex_init(&vu->stop_lock, NULL);
	vu_irqs_init(&vu->irqs);
	vu->stop_fd = eventfd(0, EFD_CLOEXEC);
	vu->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	vu->dma = vu_dma_create();
	if (vu->stop_fd < 0 || vu->listen_fd < 0 || !vu->dma)
		goto err;
	ret = bind_socket(vu->listen_fd, path);
	if (ret)
		goto err;
	vu->path = strdup(path);
	if (!vu->path || listen(vu->listen_fd, 1)) {
		ret = -errno;
		goto err;
	}
	*out = vu;
	return 0;
err:
	vfio_user_free(vu);
	return ret;
}

void vfio_user_free(struct vfio_user *vu)
{
	if (!vu)
		return;
	vu_irqs_unbind(&vu->irqs);
	vu_dma_destroy(vu->dma);
	if (vu->path)
		unlink(vu->path);
	if (vu->listen_fd >= 0)
		close(vu->listen_fd);
	if (vu->stop_fd >= 0)
		close(vu->stop_fd);
	pthread_mutex_destroy(&vu->stop_lock);
	free(vu->path);
	free(vu);
}

struct host *vfio_user_host(struct vfio_user *vu)
{
	return &vu->host;
}

void vfio_user_set_gpu(struct vfio_user *vu, struct gpu *gpu)
{
	vu->gpu = gpu;
}

void vfio_user_stop(struct vfio_user *vu)
{
	uint64_t one = 1;

	pthread_mutex_lock(&vu->stop_lock);
	vu->stopping = true;
	if (vu->conn_fd >= 0)
		shutdown(vu->conn_fd, SHUT_RDWR);
	pthread_mutex_unlock(&vu->stop_lock);
	if (write(vu->stop_fd, &one, sizeof(one)) != sizeof(one))
		log_guest_error("vfio-user", "stop: error %d", errno);
}

/* Publishes the connection to vfio_user_stop(); false when it was faster. */
static bool set_connection(struct vfio_user *vu, int fd)
{
	bool go;

	pthread_mutex_lock(&vu->stop_lock);
	vu->conn_fd = fd;
	go = !vu->stopping;
	pthread_mutex_unlock(&vu->stop_lock);
	return go;
}

static void serve(struct vfio_user *vu)
{
	struct vu_message m;
	int ret;

	vu->negotiated = false;
	do {
		ret = vu_sock_receive(&vu->sock, &m);
		if (ret <= 0)
			break;
		ret = vu_handle(vu, &m);
		vu_message_close_fds(&m);
	} while (!ret);
	if (ret < 0)
		log_guest_error("vfio-user", "connection ends: error %d", -ret);
}

/* The next client finds a fresh board: nothing mapped, memory zero. */
static void disconnect(struct vfio_user *vu)
{
	set_connection(vu, -1);
	vu_irqs_unbind(&vu->irqs);
	gpu_reset(vu->gpu);
	vu_dma_unmap_all(vu->dma);
	vu_irqs_reset(&vu->irqs);
	vram_clear(vu->gpu);
	vu_sock_fini(&vu->sock);
}

int vfio_user_run(struct vfio_user *vu, bool once)
{
	struct pollfd fds[2] = {
		{ .fd = vu->listen_fd, .events = POLLIN },
		{ .fd = vu->stop_fd, .events = POLLIN },
	};

	for (;;) {
		int fd;

		if (poll(fds, 2, -1) < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		if (fds[1].revents)
			return 0;
		fd = accept4(vu->listen_fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0) {
			if (errno == EINTR || errno == ECONNABORTED)
				continue;
			return -errno;
		}
		log_ok("vfio-user", "client connected");
		vu_sock_init(&vu->sock, fd);
		if (set_connection(vu, fd))
			serve(vu);
		disconnect(vu);
		log_ok("vfio-user", "client gone");
		if (once)
			return 0;
	}
}
