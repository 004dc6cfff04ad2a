// SPDX-License-Identifier: Apache-2.0
// Somebody inside a container who wants to reach ADDRESS by any door.
//   attack list                                the doors, one a line; a door's port is BASE plus its line, from 0
//   attack send RUN ADDRESS BASE [MODE...]     tries each; prints MODE, what the kernel said, milliseconds
//   attack hold RUN ADDRESS BASE GO            opens sockets, says READY, waits for file GO, uses them
//   attack give RUN ADDRESS BASE SOCKET        opens sockets and passes them on
//   attack take RUN ADDRESS BASE SOCKET        uses what it was passed
//   attack stream ADDRESS PORT STOP            one connection, numbers to and fro until file STOP exists
//   attack overrule CGROUP                     attaches programs of its own that allow everything
//   attack frame RUN KIND FROM TO PORT ABOUT   one frame made by hand: arp, arp-other-mac, arp-as-other, udp, syn,
//                                              advert, router
//   attack harmless                            waits, without any capability
//   attack tap|queue|repair|over|program …     see rewrite.c
//   attack nft …                               see nft.c
#include "attack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

socklen_t length_of(const union address *address)
{
	return address->any.sa_family == AF_INET ? sizeof(address->v4) : sizeof(address->v6);
}

int parse_address(const char *text, int port, union address *address)
{
	char plain[64];

	// An address of the link names its interface behind a percent sign.
	snprintf(plain, sizeof(plain), "%.*s", (int)strcspn(text, "%"), text);
	memset(address, 0, sizeof(*address));
	if (inet_pton(AF_INET, text, &address->v4.sin_addr) == 1) {
		address->v4.sin_family = AF_INET;
		address->v4.sin_port = htons((unsigned short)port);
		return 0;
	}
	if (inet_pton(AF_INET6, plain, &address->v6.sin6_addr) != 1)
		return -EINVAL;
	address->v6.sin6_family = AF_INET6;
	address->v6.sin6_port = htons((unsigned short)port);
	if (strchr(text, '%'))
		address->v6.sin6_scope_id = if_nametoindex(strchr(text, '%') + 1);
	return 0;
}

void map_to_v6(const union address *v4, union address *v6)
{
	memset(v6, 0, sizeof(*v6));
	v6->v6.sin6_family = AF_INET6;
	v6->v6.sin6_port = v4->v4.sin_port;
	v6->v6.sin6_addr.s6_addr[10] = v6->v6.sin6_addr.s6_addr[11] = 0xff;
	memcpy(&v6->v6.sin6_addr.s6_addr[12], &v4->v4.sin_addr, 4);
}

int dial(int fd, const union address *to)
{
	struct pollfd ready = { .fd = fd, .events = POLLOUT };
	int error = 0;
	socklen_t size = sizeof(error);
	int flags = fcntl(fd, F_GETFL);

	fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	if (connect(fd, &to->any, length_of(to)) != 0) {
		if (errno != EINPROGRESS)
			return -errno;
		if (poll(&ready, 1, PATIENCE_MS) != 1)
			return -ETIMEDOUT;
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
		if (error)
			return -error;
	}
	fcntl(fd, F_SETFL, flags);
	return 0;
}

int say(int fd, const char *token)
{
	struct pollfd heard = { .fd = fd, .events = POLLIN };
	char answer[64];

	if (send(fd, token, strlen(token), MSG_NOSIGNAL) < 0)
		return -errno;
	// The sink echoes: an answer or an end says that the bytes have been dealt with.
	if (poll(&heard, 1, PATIENCE_MS) != 1)
		return -ETIMEDOUT;
	if (recv(fd, answer, sizeof(answer), 0) <= 0)
		return errno ? -errno : -ECONNRESET;
	return 0;
}

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int wanted(int argc, char **argv, const char *name)
{
	if (argc == 5)
		return 1;
	for (int i = 5; i < argc; i++)
		if (!strcmp(argv[i], name))
			return 1;
	return 0;
}

static void ring_bell(int signal)
{
	(void)signal; // a blocking call returns EINTR
}

static int send_all(int argc, char **argv)
{
	struct sigaction bell = { .sa_handler = ring_bell };

	if (argc < 5)
		return 255;
	sigaction(SIGALRM, &bell, NULL);
	for (int i = 0; i < mode_count; i++) {
		struct shot shot;
		long start = now_ms();
		int result;

		if (!wanted(argc, argv, modes[i].name))
			continue;
		if (parse_address(argv[3], atoi(argv[4]) + i, &shot.to))
			return 255;
		shot.family = shot.to.any.sa_family;
		snprintf(shot.token, sizeof(shot.token), "dbx:%.20s:%.30s;", argv[2], modes[i].name);
		alarm(2);
		errno = 0;
		result = modes[i].fire(&shot);
		alarm(0);
		printf("%s\t%s\t%ld\n", modes[i].name, result ? strerror(-result) : "sent", now_ms() - start);
		fflush(stdout);
	}
	return 0;
}

int main(int argc, char **argv)
{
	const char *deed = argc > 1 ? argv[1] : "";

	signal(SIGPIPE, SIG_IGN);
	if (!strcmp(deed, "list")) {
		for (int i = 0; i < mode_count; i++)
			puts(modes[i].name);
		return 0;
	}
	if (!strcmp(deed, "send"))
		return send_all(argc, argv);
	if (!strcmp(deed, "hold"))
		return hold(argc, argv);
	if (!strcmp(deed, "give"))
		return give(argc, argv);
	if (!strcmp(deed, "take"))
		return take(argc, argv);
	if (!strcmp(deed, "stream"))
		return stream(argc, argv);
	if (!strcmp(deed, "overrule"))
		return overrule(argc, argv);
	if (!strcmp(deed, "frame"))
		return frame(argc, argv);
	if (!strcmp(deed, "harmless"))
		return harmless();
	if (!strcmp(deed, "nft"))
		return nft(argc, argv);
	if (!strcmp(deed, "tap") || !strcmp(deed, "queue") || !strcmp(deed, "repair") || !strcmp(deed, "over") ||
		!strcmp(deed, "program"))
		return rewrite(argc, argv);
	if (!strcmp(deed, "hide"))
		return hide(argc, argv);
	if (!strcmp(deed, "flood"))
		return flood(argc, argv);
	if (!strcmp(deed, "forge"))
		return forge(argc, argv);
	if (!strcmp(deed, "ask"))
		return ask(argc, argv);
	if (!strcmp(deed, "answer"))
		return answer(argc, argv);
	return 255;
}
