// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "log.h"
#include "vfio_user_priv.h"

void vu_sock_init(struct vu_sock *s, int fd)
{
	s->fd = fd;
	s->start = s->end = s->fds_end = 0;
	s->nfds = 0;
}

static void close_pending(struct vu_sock *s)
{
	for (unsigned int i = 0; i < s->nfds; i++)
		close(s->fds[i]);
	s->nfds = 0;
}

void vu_sock_fini(struct vu_sock *s)
{
	close_pending(s);
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

void vu_message_close_fds(struct vu_message *m)
{
	for (unsigned int i = 0; i < m->nfds; i++)
		if (m->fds[i] >= 0)
			close(m->fds[i]);
	m->nfds = 0;
}

/* Keeps the descriptors of one control message; -errno when there are too many. */
static int take_fds(struct vu_sock *s, struct msghdr *msg)
{
	int ret = msg->msg_flags & MSG_CTRUNC ? -EMSGSIZE : 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t n;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (s->nfds < VU_MAX_FDS) {
				s->fds[s->nfds++] = fd;
			} else {
				close(fd);
				ret = -EMSGSIZE;
			}
		}
	}
	return ret;
}

/* Returns bytes read, 0 at the end of the stream, -errno. */
static ssize_t fill(struct vu_sock *s)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int) * 2 * VU_MAX_FDS)];
	} ctrl;
	struct msghdr msg = { .msg_control = &ctrl, .msg_controllen = sizeof(ctrl) };
	struct iovec iov;
	unsigned int before = s->nfds;
	ssize_t n;
	int ret;

	if (s->start) {
		memmove(s->buf, s->buf + s->start, s->end - s->start);
		s->end -= s->start;
		s->fds_end -= s->nfds ? s->start : s->fds_end;
		s->start = 0;
	}
	iov = (struct iovec){ s->buf + s->end, sizeof(s->buf) - s->end };
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	do {
		n = recvmsg(s->fd, &msg, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	ret = take_fds(s, &msg);
	if (ret)
		return ret;
	s->end += n;
	if (s->nfds != before) {
		/* A stream read ends with the bytes its descriptors came with. */
		if (before)
			return -EPROTO;
		s->fds_end = s->end;
	}
	return n;
}

int vu_sock_receive(struct vu_sock *s, struct vu_message *m)
{
	size_t have;

	for (;;) {
		ssize_t n;

		have = s->end - s->start;
		if (have >= sizeof(m->hdr)) {
			memcpy(&m->hdr, s->buf + s->start, sizeof(m->hdr));
			if (m->hdr.size < sizeof(m->hdr) || m->hdr.size > VU_MAX_MESSAGE) {
				log_guest_error("vfio-user", "message of %u bytes", m->hdr.size);
				return -EPROTO;
			}
			if (have >= m->hdr.size)
				break;
		}
		n = fill(s);
		if (n <= 0) {
			if (!n && s->end != s->start)
				log_guest_error("vfio-user", "stream ends within a message");
			return n;
		}
	}
	m->payload = s->buf + s->start + sizeof(m->hdr);
	m->len = m->hdr.size - sizeof(m->hdr);
	s->start += m->hdr.size;
	m->nfds = 0;
	if (s->nfds && s->fds_end <= s->start) {
		memcpy(m->fds, s->fds, sizeof(m->fds));
		m->nfds = s->nfds;
		s->nfds = 0;
	}
	return 1;
}

int vu_sock_reply(struct vu_sock *s, const struct vu_header *request, int error,
		  const void *payload, size_t len, int fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} ctrl;
	struct vu_header hdr = {
		.id = request->id, .command = request->command,
		.size = sizeof(hdr) + (error ? 0 : len),
		.flags = VU_FLAG_REPLY | (error ? VU_FLAG_ERROR : 0),
		.error = -error,
	};
	struct iovec iov[2] = {
		{ &hdr, sizeof(hdr) }, { (void *)payload, error ? 0 : len },
	};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	size_t left = hdr.size;

	if (fd >= 0 && !error) {
		struct cmsghdr *c = &ctrl.align;

		memset(&ctrl, 0, sizeof(ctrl));
		c->cmsg_len = CMSG_LEN(sizeof(int));
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
		msg.msg_control = &ctrl;
		msg.msg_controllen = sizeof(ctrl);
	}
	while (left) {
		ssize_t n = sendmsg(s->fd, &msg, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		left -= n;
		msg.msg_control = NULL;
		msg.msg_controllen = 0;
		for (unsigned int i = 0; i < 2; i++) {
			size_t part = (size_t)n < iov[i].iov_len ? (size_t)n : iov[i].iov_len;

			iov[i].iov_base = (uint8_t *)iov[i].iov_base + part;
			iov[i].iov_len -= part;
			n -= part;
		}
	}
	return 0;
}
