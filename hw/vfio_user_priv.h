/* SPDX-License-Identifier: MIT */
/* Shared by the parts of the server: lifecycle, socket, commands, DMA map. */
#ifndef HW_VFIO_USER_PRIV_H
#define HW_VFIO_USER_PRIV_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host.h"
#include "vfio_user_wire.h"

#define VU_MAX_FDS	8
#define VU_MAX_XFER	65536u			/* of one region access */
#define VU_MAX_MESSAGE	(VU_MAX_XFER + 256)

/* One message of the client; fds the handler keeps are set to -1 there. */
struct vu_message {
	struct vu_header hdr;
	const uint8_t *payload;
	uint32_t len;
	int fds[VU_MAX_FDS];
	unsigned int nfds;
};

/* vfio_user_sock.c: framing. */
struct vu_sock {
	int fd;
	uint8_t buf[2 * VU_MAX_MESSAGE];
	size_t start, end;		/* unparsed bytes */
	size_t fds_end;			/* end of the bytes that came with fds[] */
	int fds[VU_MAX_FDS];
	unsigned int nfds;
};

void vu_sock_init(struct vu_sock *s, int fd);
/* 1: message in @m, payload valid until the next call; 0: end; -errno. */
int vu_sock_receive(struct vu_sock *s, struct vu_message *m);
void vu_message_close_fds(struct vu_message *m);
/* @fd -1: none. Returns 0 or -errno. */
int vu_sock_reply(struct vu_sock *s, const struct vu_header *request, int error,
		  const void *payload, size_t len, int fd);
void vu_sock_fini(struct vu_sock *s);

/* vfio_user_dma.c: guest memory. */
struct vu_dma;

struct vu_dma *vu_dma_create(void);
void vu_dma_destroy(struct vu_dma *d);
/* Takes @fd (closes it); -1: a window without memory behind it. -errno. */
int vu_dma_map(struct vu_dma *d, const struct vu_dma_map *req, int fd);
/* Return when no thread uses the windows any more. -errno. */
int vu_dma_unmap(struct vu_dma *d, uint64_t iova, uint64_t bytes);
void vu_dma_unmap_all(struct vu_dma *d);
void vu_dma_begin(struct vu_dma *d);
void vu_dma_end(struct vu_dma *d);
void *vu_dma_ptr(struct vu_dma *d, uint64_t iova, size_t len, bool write);

/* vfio_user_irq.c: eventfds of the two indexes we have, MSI and ERR. */
struct vu_irqs {
	pthread_mutex_t lock;		/* leaf */
	int msi_fd, err_fd;
	bool msi_pending;		/* raised while nothing was bound */
};

void vu_irqs_init(struct vu_irqs *q);
void vu_irqs_reset(struct vu_irqs *q);		/* pending gone, bindings stay */
void vu_irqs_unbind(struct vu_irqs *q);		/* client gone */
void vu_irqs_info(unsigned int index, struct vu_irq_info *info);
int vu_irqs_set(struct vu_irqs *q, const struct vu_irq_set *set, struct vu_message *m);
void vu_irqs_raise_msi(struct vu_irqs *q);

struct vfio_user {
	struct host host;		/* first: host ops cast back */
	struct gpu *gpu;
	struct vu_dma *dma;
	struct vu_irqs irqs;
	struct vu_sock sock;
	uint64_t epoch_ns;		/* CLOCK_REALTIME - CLOCK_MONOTONIC at start */
	char *path;
	int listen_fd, stop_fd;
	pthread_mutex_t stop_lock;	/* conn_fd */
	int conn_fd;
	bool stopping;
	bool negotiated;		/* VERSION came */
};

/* vfio_user_proto.c: act on one message and reply. -errno ends the connection. */
int vu_handle(struct vfio_user *vu, struct vu_message *m);

#endif
