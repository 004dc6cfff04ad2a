// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Addresses and conversations of the lab. */
#define _GNU_SOURCE
#include "lab.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

union address address_of(enum place place, int family, uint16_t port)
{
	union address address = {};
	char text[32];

	if (family == AF_INET) {
		snprintf(text, sizeof(text), "10.77.0.%d", place + 1);
		address.v4.sin_family = AF_INET;
		address.v4.sin_port = htons(port);
		inet_pton(AF_INET, text, &address.v4.sin_addr);
	} else {
		snprintf(text, sizeof(text), "fd77::%d", place + 1);
		address.v6.sin6_family = AF_INET6;
		address.v6.sin6_port = htons(port);
		inet_pton(AF_INET6, text, &address.v6.sin6_addr);
	}
	return address;
}

union address mapped_of(enum place place, uint16_t port)
{
	union address address = {};
	char text[48];

	snprintf(text, sizeof(text), "::ffff:10.77.0.%d", place + 1);
	address.v6.sin6_family = AF_INET6;
	address.v6.sin6_port = htons(port);
	inet_pton(AF_INET6, text, &address.v6.sin6_addr);
	return address;
}

union address loopback(int family, uint16_t port)
{
	union address address = {};

	if (family == AF_INET) {
		address.v4.sin_family = AF_INET;
		address.v4.sin_port = htons(port);
		address.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	} else {
		address.v6.sin6_family = AF_INET6;
		address.v6.sin6_port = htons(port);
		address.v6.sin6_addr = in6addr_loopback;
	}
	return address;
}

socklen_t address_size(const union address *address)
{
	return address->any.sa_family == AF_INET ? sizeof(address->v4) : sizeof(address->v6);
}

static int bound(enum place place, int family, int type, uint16_t port)
{
	union address any = { .any.sa_family = family };
	int one = 1, fd = sock_in(place, family, type, 0);

	if (fd < 0)
		return fd;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	any.v4.sin_port = htons(port); /* the same place in both families */
	if (bind(fd, &any.any, family == AF_INET ? sizeof(any.v4) : sizeof(any.v6))) {
		close(fd);
		return -errno;
	}
	return fd;
}

int listener(enum place place, int family, uint16_t port)
{
	int fd = bound(place, family, SOCK_STREAM, port);

	if (fd >= 0 && listen(fd, 16)) {
		close(fd);
		return -errno;
	}
	return fd;
}

int udp_bound(enum place place, int family, uint16_t port)
{
	return bound(place, family, SOCK_DGRAM, port);
}

int readable(int fd, int deadline_ms)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };

	return poll(&wait, 1, deadline_ms) == 1;
}

int dial(int fd, union address to, int deadline_ms)
{
	struct pollfd wait = { .fd = fd, .events = POLLOUT };
	int error = 0;
	socklen_t size = sizeof(error);

	if (!connect(fd, &to.any, address_size(&to)))
		return 0;
	if (errno != EINPROGRESS)
		return -errno;
	if (poll(&wait, 1, deadline_ms) != 1)
		return -ETIMEDOUT;
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
	return -error;
}

int dialled(enum place place, union address to, int deadline_ms)
{
	int fd = sock_in(place, to.any.sa_family, SOCK_STREAM, 0);
	int error = fd < 0 ? fd : dial(fd, to, deadline_ms);

	if (!error)
		return fd;
	close(fd);
	return error;
}

int accepted(int listening, int deadline_ms)
{
	int fd;

	if (!readable(listening, deadline_ms))
		return -ETIMEDOUT;
	fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int say(int fd, const char *text)
{
	return send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text) ? 0 : -errno;
}

int hears(int fd, const char *text, int deadline_ms)
{
	char heard[256] = "";
	ssize_t size;

	if (!readable(fd, deadline_ms))
		return 0;
	size = recv(fd, heard, sizeof(heard) - 1, 0);
	return size == (ssize_t)strlen(text) && !memcmp(heard, text, size);
}

int is_cut(int fd, int other)
{
	say(fd, "cut?");
	return !readable(other, IMPATIENT);
}

uint16_t port_of(int fd)
{
	union address address;
	socklen_t size = sizeof(address);

	return getsockname(fd, &address.any, &size) ? 0 : ntohs(address.v4.sin_port);
}
