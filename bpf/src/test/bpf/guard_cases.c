// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The guard at the containers' parent: for cgroups that no hook announced. */
#define _GNU_SOURCE
#include "lab.h"
#include "tap.h"

#include <string.h>
#include <unistd.h>

static int send_to(int fd, const char *what, union address to)
{
	return sendto(fd, what, strlen(what), 0, &to.any, address_size(&to)) == (ssize_t)strlen(what) ? 0 : -errno;
}

/* connect() is refused by the calling task's cgroup, so the call itself is made there. */
struct call {
	int fd;
	union address to;
};

static int call_connect(void *argument)
{
	struct call *call = argument;

	return connect(call->fd, &call->to.any, address_size(&call->to)) ? -errno : 0;
}

void guard_cases(void)
{
	int listening = listener(B, AF_INET, 7000), outside = sock_at(LAN, NO_CGROUP, AF_INET, SOCK_STREAM, 0);
	int receiver = udp_bound(B, AF_INET, 5300), stray = sock_at(LAN, NO_CGROUP, AF_INET, SOCK_DGRAM, 0);
	int stray_receiver = sock_at(LAN, NO_CGROUP, AF_INET, SOCK_DGRAM, 0), client, server = -1, ping;
	union address to = address_of(B, AF_INET, 7000), any = { .v4 = { AF_INET, htons(5400) } };
	struct call call = { outside, to };

	bind(stray_receiver, &any.any, sizeof(any.v4));
	policy_reset();
	for (int place = A; place <= C; place++)
		guard_knows(place, 1);
	guard_denies(0);
	client = sock_at(LAN, NO_CGROUP, AF_INET, SOCK_STREAM, 0);
	claim(!dial(client, to, PATIENT) && (server = accepted(listening, PATIENT)) >= 0,
		"guard: an unknown cgroup passes by default");
	close(client);
	close(server);
	guard_denies(1);
	generation_next();
	claim(in_place(LAN, NO_CGROUP, call_connect, &call) == -EPERM && event_await(DB_REASON_UNKNOWN_SELF, 0, PATIENT),
		"guard: an unknown cgroup gets EPERM from connect");
	events_forget();
	call = (struct call){ stray, address_of(B, AF_INET, 5300) };
	claim(!in_place(LAN, NO_CGROUP, call_connect, &call) && events_count(DB_REASON_UNKNOWN_SELF, 0) == 0,
		"guard: to connect a datagram socket is not refused");
	claim(send_to(stray, "x", address_of(B, AF_INET, 5300)) == -EPERM && event_await(DB_REASON_UNKNOWN_SELF, 0, PATIENT),
		"guard: nor its datagrams");
	ping = sock_at(LAN, NO_CGROUP, AF_INET, SOCK_RAW, 253);
	claim(send_to(ping, "x", to) == -EPERM, "guard: nor its raw packets");
	close(ping);
	client = sock_in(A, AF_INET, SOCK_DGRAM, 0);
	send_to(client, "x", address_of(LAN, AF_INET, 5400));
	claim(!readable(stray_receiver, IMPATIENT), "guard: nothing reaches its sockets");
	claim(!send_to(client, "x", address_of(B, AF_INET, 5300)) && hears(receiver, "x", PATIENT),
		"guard: a known one's datagrams pass");
	close(client);
	client = dialled(A, to, PATIENT);
	server = accepted(listening, PATIENT);
	claim(client >= 0 && server >= 0 && !say(client, "x") && hears(server, "x", PATIENT) && !say(server, "y") &&
			hears(client, "y", PATIENT),
		"guard: and its connections");
	close(client);
	close(server);
	client = sock_at(A, NESTED_CGROUP, AF_INET, SOCK_DGRAM, 0);
	claim(!send_to(client, "x", address_of(B, AF_INET, 5300)) && hears(receiver, "x", PATIENT),
		"guard: also from a cgroup below it");
	close(client);
	claim(!in_place(LAN, NO_CGROUP, call_connect,
		      &(struct call){ sock_at(LAN, NO_CGROUP, AF_INET, SOCK_DGRAM, 0), loopback(AF_INET, 9) }),
		"guard: loopback is left alone");
	guard_knows(NO_CGROUP, 1);
	generation_next();
	close(outside);
	call = (struct call){ sock_at(LAN, NO_CGROUP, AF_INET, SOCK_STREAM, 0), to };
	claim(in_place(LAN, NO_CGROUP, call_connect, &call) == -EINPROGRESS && readable(listening, PATIENT),
		"guard: an exempt cgroup passes");
	guard_knows(NO_CGROUP, 0);
	guard_denies(0);
	close(stray);
	close(stray_receiver);
	close(call.fd);
	close(receiver);
	close(listening);
}
