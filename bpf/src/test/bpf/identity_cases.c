// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Who is who when cgroups, namespaces and descriptors do not go together. */
#define _GNU_SOURCE
#include "lab.h"
#include "tap.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <string.h>
#include <unistd.h>

#define IN_A_AS_C A, C /* for sock_at(): C's cgroup, A's namespace */

static int bound_at(enum place place, int cgroup, int type, uint16_t port)
{
	union address any = { .v4 = { AF_INET, htons(port) } };
	int fd = sock_at(place, cgroup, AF_INET, type, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	must(bind(fd, &any.any, sizeof(any.v4)) || (type == SOCK_STREAM && listen(fd, 8)), "bind");
	return fd;
}

static int talks(int client, int listening)
{
	int server = accepted(listening, IMPATIENT), ok;

	ok = server >= 0 && !say(client, "x") && hears(server, "x", PATIENT) && !say(server, "y") && hears(client, "y", PATIENT);
	close(server);
	return ok;
}

/* Two containers, one network namespace: `--network container:a`. More of it in shared_cases.c. */
static void shares(void)
{
	policy_shared(1);
	policy_neighbour(B, A);
}

static void one_address(void)
{
	int theirs = listener(B, AF_INET, 7000), as_a = bound_at(A, A, SOCK_STREAM, 7100);
	int as_c = bound_at(IN_A_AS_C, SOCK_STREAM, 7200), udp_c = bound_at(IN_A_AS_C, SOCK_DGRAM, 5300), client;
	union address out = address_of(B, AF_INET, 7000), at_a = address_of(A, AF_INET, 7100), at_c = at_a, ask = at_a;

	at_c.v4.sin_port = htons(7200);
	ask.v4.sin_port = htons(5300);
	shares();
	policy_flags(ID_B, DB_EP_CLOSED_INGRESS);
	policy_rule(ID_B, DB_INGRESS, ID_A, IPPROTO_TCP, 7000, 7000, DB_ALLOW, 1);
	generation_next();
	client = sock_at(A, A, AF_INET, SOCK_STREAM, 0);
	claim(!dial(client, out, PATIENT) && talks(client, theirs), "shared: going out, A is A");
	close(client);
	client = sock_at(IN_A_AS_C, AF_INET, SOCK_STREAM, 0);
	claim(dial(client, out, PATIENT) == -EPERM && event_await(DB_REASON_NO_RULE, ID_C, PATIENT),
		"shared: and C, with A's address, is C");
	close(client);
	shares();
	policy_flags(ID_A, DB_EP_CLOSED_INGRESS);
	generation_next();
	client = sock_in(B, AF_INET, SOCK_STREAM, 0);
	claim(!dial(client, at_c, PATIENT) && talks(client, as_c), "shared: C's port is open though A is closed");
	close(client);
	client = sock_in(B, AF_INET, SOCK_STREAM, 0);
	events_forget();
	claim(dial(client, at_a, IMPATIENT) == -EPERM && event_await(DB_REASON_NO_RULE, ID_B, PATIENT) && !readable(as_a, 0),
		"shared: while A's is not");
	close(client);
	shares();
	policy_flags(ID_C, DB_EP_CLOSED_INGRESS);
	generation_next();
	client = sock_in(B, AF_INET, SOCK_STREAM, 0);
	claim(!dial(client, at_a, PATIENT) && talks(client, as_a), "shared: A's port is open though C is closed");
	close(client);
	client = sock_in(B, AF_INET, SOCK_STREAM, 0);
	events_forget();
	claim(dial(client, at_c, IMPATIENT) == -EPERM && event_await(DB_REASON_NO_RULE, ID_B, PATIENT) && !readable(as_c, 0),
		"shared: while C's is not");
	close(client);
	client = sock_in(B, AF_INET, SOCK_DGRAM, 0);
	sendto(client, "q", 1, 0, &ask.any, sizeof(ask.v4));
	claim(!readable(udp_c, IMPATIENT), "shared: nor for datagrams");
	close(client);
	client = sock_at(LAN, NO_CGROUP, AF_INET, SOCK_STREAM, 0);
	claim(dial(client, at_c, IMPATIENT) < 0 && !readable(as_c, 0), "shared: nor for an outsider");
	close(client);
	policy_rule(ID_C, DB_INGRESS, ID_B, IPPROTO_TCP, 7200, 7200, DB_ALLOW, 2);
	generation_next();
	client = sock_in(B, AF_INET, SOCK_STREAM, 0);
	claim(!dial(client, at_c, PATIENT) && talks(client, as_c), "shared: C's own rule lets its caller in");
	close(client);
	close(theirs);
	close(as_a);
	close(as_c);
	close(udp_c);
}

/* Their common loopback is judged like any other way between two containers. */
static void common_loopback(int family, const char *name)
{
	int client, server = -1, asker, listening, udp;
	union address to = loopback(family, 7300), ask = loopback(family, 5301), from;
	socklen_t size = sizeof(from);
	char text[128], byte;

#define NAMED(what) (snprintf(text, sizeof(text), "%s: %s", name, what), text)
	policy_shared(1);
	listening = sock_at(IN_A_AS_C, family, SOCK_STREAM, 0);
	udp = sock_at(IN_A_AS_C, family, SOCK_DGRAM, 0);
	must(bind(listening, &to.any, address_size(&to)) || listen(listening, 8) || bind(udp, &ask.any, address_size(&ask)),
		"bind");
	client = sock_at(A, A, family, SOCK_STREAM, 0);
	claim(!dial(client, to, PATIENT) && talks(client, listening), NAMED("open"));
	close(client);
	policy_flags(ID_C, DB_EP_CLOSED_INGRESS);
	generation_next();
	events_forget();
	client = sock_at(A, A, family, SOCK_STREAM, 0);
	claim(dial(client, to, IMPATIENT) == -EPERM && event_await(DB_REASON_NO_RULE, ID_A, PATIENT) && !readable(listening, 0),
		NAMED("closed, an error at once"));
	close(client);
	asker = sock_at(A, A, family, SOCK_DGRAM, 0);
	sendto(asker, "q", 1, 0, &ask.any, address_size(&ask));
	claim(!readable(udp, IMPATIENT), NAMED("closed to datagrams"));
	client = sock_at(A, NO_CGROUP, family, SOCK_STREAM, 0);
	claim(dial(client, to, IMPATIENT) < 0, NAMED("closed to a process that nobody knows"));
	close(client);
	client = sock_at(IN_A_AS_C, family, SOCK_STREAM, 0);
	claim(!dial(client, to, PATIENT) && talks(client, listening), NAMED("never to itself"));
	close(client);
	policy_flags(ID_A, DB_EP_CLOSED_INGRESS);
	policy_rule(ID_C, DB_INGRESS, ID_A, IPPROTO_TCP, 7300, 7300, DB_ALLOW, 3);
	policy_rule(ID_C, DB_INGRESS, ID_A, IPPROTO_UDP, 5301, 5301, DB_ALLOW, 4);
	generation_next();
	client = sock_at(A, A, family, SOCK_STREAM, 0);
	claim(!dial(client, to, PATIENT) && (server = accepted(listening, PATIENT)) >= 0 && !say(client, "x") &&
			hears(server, "x", PATIENT) && !say(server, "y") && hears(client, "y", PATIENT),
		NAMED("by rule, with both closed"));
	sendto(asker, "q", 1, 0, &ask.any, address_size(&ask));
	claim(readable(udp, PATIENT) && recvfrom(udp, &byte, 1, 0, &from.any, &size) == 1 &&
			sendto(udp, "a", 1, 0, &from.any, size) == 1 && hears(asker, "a", PATIENT),
		NAMED("datagrams too, and their answers"));
	{
		struct db_pair gone = { .owner = ID_C, .peer = ID_A, .direction = DB_INGRESS };

		bpf_map_delete_elem(lab_map("pairs"), &gone);
	}
	generation_next();
	claim(is_cut(client, server) && is_cut(server, client), NAMED("revoked, it is cut"));
	close(client);
	close(server);
	close(asker);
	close(listening);
	close(udp);
#undef NAMED
}

/* Another namespace's 127.0.0.1 with the same ports is another place. */
static void another_loopback(void)
{
	int in_a = bound_at(IN_A_AS_C, SOCK_DGRAM, 5400), in_b = bound_at(B, B, SOCK_DGRAM, 5400);
	int stray = bound_at(A, NO_CGROUP, SOCK_DGRAM, 5401), as_b = bound_at(B, B, SOCK_DGRAM, 5401);
	union address to = loopback(AF_INET, 5400);

	policy_shared(1);
	policy_flags(ID_C, DB_EP_CLOSED_INGRESS);
	policy_rule(ID_C, DB_INGRESS, ID_B, IPPROTO_UDP, 5400, 5400, DB_ALLOW, 5);
	policy_flags(ID_B, DB_EP_SHARED);
	generation_next();
	sendto(as_b, "b", 1, 0, &to.any, sizeof(to.v4));
	claim(hears(in_b, "b", PATIENT), "a packet on B's loopback");
	sendto(stray, "a", 1, 0, &to.any, sizeof(to.v4));
	claim(!readable(in_a, IMPATIENT), "does not speak for one on the loopback of A and C");
	close(stray);
	for (int last = 11; last <= 12; last++) {
		union address from = loopback(AF_INET, 53);

		from.v4.sin_addr.s_addr = htonl(0x7f000000 + last);
		stray = sock_at(A, NO_CGROUP, AF_INET, SOCK_DGRAM, 0);
		must(bind(stray, &from.any, sizeof(from.v4)), "bind");
		sendto(stray, "r", 1, 0, &to.any, sizeof(to.v4));
		claim(last == 11 ? hears(in_a, "r", PATIENT) : !readable(in_a, IMPATIENT),
			last == 11 ? "Docker's resolver answers there" : "and nobody else of the host's does");
		close(stray);
	}
	close(in_a);
	close(in_b);
	close(as_b);
	policy_shared(0);
}

/* A descriptor that was handed over keeps the identity of who made it, whoever uses it. */
static int use(void *argument)
{
	return say(*(int *)argument, "x");
}

static int dial_there(void *argument)
{
	return dial(*(int *)argument, address_of(B, AF_INET, 7000), PATIENT);
}

static void descriptors(void)
{
	int listening = listener(B, AF_INET, 7000), client, server;

	policy_reset();
	policy_flags(ID_B, DB_EP_CLOSED_INGRESS);
	policy_rule(ID_B, DB_INGRESS, ID_A, IPPROTO_TCP, 7000, 7000, DB_ALLOW, 1);
	generation_next();
	client = dialled(A, address_of(B, AF_INET, 7000), PATIENT);
	server = accepted(listening, PATIENT);
	claim(!in_place(C, C, use, &client) && hears(server, "x", PATIENT), "a connected socket of A's, used by C, is A's");
	close(client);
	close(server);
	client = sock_in(A, AF_INET, SOCK_STREAM, 0);
	claim(!in_place(C, C, dial_there, &client) && talks(client, listening), "so is one that C connects");
	close(client);
	client = sock_in(C, AF_INET, SOCK_STREAM, 0);
	claim(in_place(A, A, dial_there, &client) == -EPERM, "and C's own, connected by A, is C's");
	close(client);
	close(listening);
}

/* A process that moves on leaves its sockets behind. */
static void leaving(void)
{
	int listening = listener(B, AF_INET, 7000), inside, nested;

	policy_reset();
	policy_flags(ID_A, DB_EP_CLOSED_EGRESS);
	generation_next();
	inside = sock_in(A, AF_INET, SOCK_STREAM, 0);
	claim(in_place(A, NO_CGROUP, dial_there, &inside) == -EPERM, "a socket made inside stays inside when its process leaves");
	close(inside);
	nested = sock_at(A, NESTED_CGROUP, AF_INET, SOCK_STREAM, 0);
	claim(dial(nested, address_of(B, AF_INET, 7000), PATIENT) == -EPERM && event_await(DB_REASON_NO_RULE, ID_A, PATIENT),
		"a cgroup below the container's is the container");
	close(nested);
	close(listening);
}

void identity_cases(void)
{
	/* Who listens is known by name from here on. */
	policy_reset();
	one_address();
	common_loopback(AF_INET, "common loopback");
	common_loopback(AF_INET6, "common loopback IPv6");
	another_loopback();
	descriptors();
	leaving();
}
