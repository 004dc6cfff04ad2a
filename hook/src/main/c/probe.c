// SPDX-License-Identifier: Apache-2.0
/*
 * drawbridge-probe: both ends of what "drawbridge selftest" asks of the wire, and the one file of the
 * image that it asks in.
 *
 *   serve COUNTS PORT...   Answers every HTTP request on these ports with 200 and "METHOD TARGET from
 *                          ADDRESS". On loopback, port COUNTS says how many connections were accepted
 *                          there and how many requests were read: "ACCEPTED REQUESTS".
 *   ask ADDRESS PORT METHOD TARGET
 *                          Asks once. The whole answer goes to standard output, exit 0; or a line
 *                          "CALL ERRNO", exit 1, CALL being connect, send or receive. A peer that
 *                          closes without an answer is "receive 0". No step takes longer than 5 s.
 *   rest                   Waits for a signal.
 *
 * Each ends with SIGTERM, although it is a container's first process. IPv4 only.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define USAGE 2
#define MAX_PORTS 8
/* A request's head, and as much of an answer. */
#define MAX_BYTES 16384
#define PATIENCE_SECONDS 5

/* Shared by the processes that serve a connection each. */
struct counts {
	uint64_t accepted, requests;
};

static struct counts *counts;

static void end(int number)
{
	(void)number;
	_exit(0);
}

/* 0, or -1: not a number from 1 to 65535. */
static int port_of(const char *text, in_port_t *port)
{
	char *rest;
	unsigned long number;

	errno = 0;
	number = strtoul(text, &rest, 10);
	if (errno != 0 || rest == text || *rest != '\0' || number < 1 || number > 65535)
		return -1;
	*port = htons((in_port_t)number);
	return 0;
}

static void patience(int fd)
{
	struct timeval limit = { .tv_sec = PATIENCE_SECONDS };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

/* 0, or -1. */
static int send_all(int fd, const char *text, size_t length)
{
	while (length > 0) {
		ssize_t sent = send(fd, text, length, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return -1;
		text += sent;
		length -= (size_t)sent;
	}
	return 0;
}

static void answer(int fd, const char *body)
{
	char text[MAX_BYTES + 256];
	int length = snprintf(text, sizeof(text),
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s", strlen(body),
		body);

	if (length > 0 && (size_t)length < sizeof(text))
		send_all(fd, text, (size_t)length);
}

/* One request and its answer; a head that is cut off or too long has none. */
static void serve_one(int fd, const struct sockaddr_in *peer, int counting)
{
	char head[MAX_BYTES + 1];
	char body[MAX_BYTES];
	char address[INET_ADDRSTRLEN] = "";
	size_t have = 0;
	char *target;
	char *after;

	patience(fd);
	do {
		ssize_t got = have == MAX_BYTES ? 0 : recv(fd, head + have, MAX_BYTES - have, 0);

		if (got <= 0)
			return;
		have += (size_t)got;
		head[have] = '\0';
	} while (strstr(head, "\r\n\r\n") == NULL);
	if (counting) {
		snprintf(body, sizeof(body), "%llu %llu\n",
			(unsigned long long)__atomic_load_n(&counts->accepted, __ATOMIC_SEQ_CST),
			(unsigned long long)__atomic_load_n(&counts->requests, __ATOMIC_SEQ_CST));
		answer(fd, body);
		return;
	}
	__atomic_add_fetch(&counts->requests, 1, __ATOMIC_SEQ_CST);
	target = strchr(head, ' ');
	after = target == NULL ? NULL : strchr(target + 1, ' ');
	if (after == NULL)
		return;
	*after = '\0';
	inet_ntop(AF_INET, &peer->sin_addr, address, sizeof(address));
	if (snprintf(body, sizeof(body), "%s from %s\n", head, address) < (int)sizeof(body))
		answer(fd, body);
}

static int listen_on(in_port_t port, in_addr_t address)
{
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = port, .sin_addr.s_addr = address };
	int yes = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
		bind(fd, (struct sockaddr *)&here, sizeof(here)) != 0 || listen(fd, 64) != 0)
		return -1;
	return fd;
}

static int serve(int ports, char **port)
{
	struct pollfd ends[MAX_PORTS];
	in_port_t number;
	int i;

	if (ports < 2 || ports > MAX_PORTS)
		return USAGE;
	counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (counts == MAP_FAILED)
		return 1;
	for (i = 0; i < ports; i++) {
		if (port_of(port[i], &number) != 0)
			return USAGE;
		ends[i].fd = listen_on(number, htonl(i == 0 ? INADDR_LOOPBACK : INADDR_ANY));
		ends[i].events = POLLIN;
		if (ends[i].fd < 0) {
			perror(port[i]);
			return 1;
		}
	}
	/* A process a connection, of which nobody waits for the end. */
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		if (poll(ends, (nfds_t)ports, -1) < 0 && errno != EINTR)
			return 1;
		for (i = 0; i < ports; i++) {
			struct sockaddr_in peer;
			socklen_t length = sizeof(peer);
			int fd = accept4(ends[i].fd, (struct sockaddr *)&peer, &length, SOCK_CLOEXEC);

			if (fd < 0)
				continue;
			if (i > 0)
				__atomic_add_fetch(&counts->accepted, 1, __ATOMIC_SEQ_CST);
			if (fork() == 0) {
				serve_one(fd, &peer, i == 0);
				_exit(0);
			}
			close(fd);
		}
	}
}

static int failed(const char *call, int error)
{
	printf("%s %d\n", call, error);
	return 1;
}

/* The errno of connect(2), 0 for none; one that takes too long is ETIMEDOUT. */
static int connect_to(int fd, const struct sockaddr_in *there)
{
	struct pollfd writable = { .fd = fd, .events = POLLOUT };
	int error = 0;
	socklen_t length = sizeof(error);

	if (connect(fd, (const struct sockaddr *)there, sizeof(*there)) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return errno;
	if (poll(&writable, 1, PATIENCE_SECONDS * 1000) != 1)
		return ETIMEDOUT;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

/* Not less than 0: the whole answer has that long, however it trickles. */
static int millis_until(const struct timespec *until)
{
	struct timespec now;
	long left;

	clock_gettime(CLOCK_MONOTONIC, &now);
	left = (until->tv_sec - now.tv_sec) * 1000 + (until->tv_nsec - now.tv_nsec) / 1000000;
	return left < 0 ? 0 : (int)left;
}

static int ask(char **words)
{
	static char text[MAX_BYTES];
	struct sockaddr_in there = { .sin_family = AF_INET };
	struct pollfd readable = { .events = POLLIN };
	struct timespec until;
	size_t have = 0;
	int error;
	int length;
	int fd;

	if (inet_pton(AF_INET, words[0], &there.sin_addr) != 1 || port_of(words[1], &there.sin_port) != 0)
		return USAGE;
	length = snprintf(text, sizeof(text), "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", words[2], words[3],
		words[0]);
	if (length < 0 || (size_t)length >= sizeof(text))
		return USAGE;
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return failed("connect", errno);
	error = connect_to(fd, &there);
	if (error != 0)
		return failed("connect", error);
	if (send_all(fd, text, (size_t)length) != 0)
		return failed("send", errno);
	readable.fd = fd;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += PATIENCE_SECONDS;
	while (have < sizeof(text)) {
		ssize_t got;

		if (poll(&readable, 1, millis_until(&until)) != 1)
			return failed("receive", ETIMEDOUT);
		got = recv(fd, text + have, sizeof(text) - have, 0);
		if (got < 0)
			return failed("receive", errno);
		if (got == 0)
			break;
		have += (size_t)got;
	}
	if (have == 0)
		return failed("receive", 0);
	return fwrite(text, 1, have, stdout) == have && fflush(stdout) == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct sigaction at_end = { .sa_handler = end };

	sigaction(SIGTERM, &at_end, NULL);
	if (argc >= 4 && strcmp(argv[1], "serve") == 0)
		return serve(argc - 2, argv + 2);
	if (argc == 6 && strcmp(argv[1], "ask") == 0)
		return ask(argv + 2);
	if (argc == 2 && strcmp(argv[1], "rest") == 0)
		for (;;)
			pause();
	fprintf(stderr, "usage: drawbridge-probe serve COUNTS PORT... | ask ADDRESS PORT METHOD TARGET | rest\n");
	return USAGE;
}
