// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Kinds of sockets and destinations: each is judged, or refused, or out of reach; none is forgotten. */
#define _GNU_SOURCE
#include "lab.h"
#include "tap.h"

#include <linux/bpf.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

static int send_to(int fd, const char *what, union address to)
{
	return sendto(fd, what, strlen(what), 0, &to.any, address_size(&to)) == (ssize_t)strlen(what) ? 0 : -errno;
}

/* A redirected MPTCP connection must not show where it was sent. Family 0: IPv4 by an IPv6 socket. */
static void mptcp_redirect(int family, const char *name)
{
	int v4 = family != AF_INET6, client, inside = -1;
	int engine = sock_at(A, ENGINE_CGROUP, v4 ? AF_INET : AF_INET6, SOCK_STREAM, 0);
	union address here = loopback(v4 ? AF_INET : AF_INET6, 0), peer = {}, own;
	union address to = family ? address_of(B, family, 8000) : mapped_of(B, 8000);
	socklen_t size = sizeof(peer);
	char text[128];

#define NAMED(what) (snprintf(text, sizeof(text), "%s: %s", name, what), text)
	must(bind(engine, &here.any, address_size(&here)) || listen(engine, 8), "engine");
	listener_offer(A, engine);
	policy_reset();
	policy_engine(ID_A, v4 ? port_of(engine) : 0, v4 ? 0 : port_of(engine));
	policy_flags(ID_B, DB_EP_CLOSED_INGRESS);
	policy_rule(ID_B, DB_INGRESS, ID_A, IPPROTO_TCP, 8000, 8000, DB_ENGINE, 5);
	generation_next();
	client = sock_in(A, to.any.sa_family, SOCK_STREAM, IPPROTO_MPTCP);
	if (client < 0) {
		skip(NAMED("MPTCP"), "not in this kernel");
		close(engine);
		return;
	}
	claim(!dial(client, to, PATIENT) && (inside = accepted(engine, PATIENT)) >= 0, NAMED("reaches the engine"));
	claim(!say(client, "x") && hears(inside, "x", PATIENT) && !say(inside, "y") && hears(client, "y", PATIENT),
		NAMED("and speaks with it"));
	claim(!getpeername(client, &peer.any, &size) && size == address_size(&to) && !memcmp(&peer, &to, size),
		NAMED("getpeername gives what was asked for"), "port %d", ntohs(peer.v4.sin_port));
	own = family ? address_of(A, family, port_of(client)) : mapped_of(A, port_of(client));
	claim(!getsockname(client, &peer.any, &size) && size == address_size(&own) && !memcmp(&peer, &own, size),
		NAMED("getsockname gives the container's own address"), "port %d", ntohs(peer.v4.sin_port));
	close(client);
	close(inside);
	close(engine);
	policy_engine(ID_A, 0, 0);
#undef NAMED
}

static void datagram_kinds(void)
{
	union address to = address_of(B, AF_INET, 5300), group = { .v4 = { AF_INET, htons(5300) } };
	struct ip_mreqn join = { .imr_multiaddr.s_addr = inet_addr("239.1.2.3"), .imr_ifindex = 0 };
	int fd, receiver = udp_bound(B, AF_INET, 5300), one = 1;

	policy_reset();
	policy_flags(ID_B, DB_EP_CLOSED_INGRESS);
	generation_next();
	fd = sock_in(A, AF_INET, SOCK_DGRAM, 136);
	if (fd < 0)
		skip("UDP-Lite", "not in this kernel");
	else
		claim(send_to(fd, "x", to) == -EPERM && (dial(fd, to, PATIENT) || say(fd, "x") == -EPERM),
			"UDP-Lite is refused, sent to or connected");
	close(fd);
	fd = sock_in(A, AF_INET, SOCK_STREAM, IPPROTO_SCTP);
	if (fd < 0) {
		fd = sock_in(A, AF_INET, SOCK_RAW, IPPROTO_SCTP);
		claim(send_to(fd, "sctp packet 12345678", to) == -EPERM, "SCTP is not in this kernel; by a raw socket: EPERM");
	} else {
		claim(dial(fd, to, IMPATIENT) < 0, "SCTP does not get through");
	}
	close(fd);
	group.v4.sin_addr = join.imr_multiaddr;
	join.imr_address.s_addr = address_of(B, AF_INET, 0).v4.sin_addr.s_addr;
	setsockopt(receiver, IPPROTO_IP, IP_ADD_MEMBERSHIP, &join, sizeof(join));
	fd = sock_in(A, AF_INET, SOCK_DGRAM, 0);
	setsockopt(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &one, sizeof(one));
	events_forget();
	claim(!send_to(fd, "x", group) && !readable(receiver, IMPATIENT) && event_await(DB_REASON_NO_RULE, ID_B, PATIENT),
		"multicast is refused by who does not admit its sender");
	policy_rule(ID_B, DB_INGRESS, ID_A, IPPROTO_UDP, 5300, 5300, DB_ALLOW, 1);
	generation_next();
	claim(!send_to(fd, "x", group) && hears(receiver, "x", PATIENT), "and arrives where it is admitted");
	policy_flags(ID_A, DB_EP_CLOSED_EGRESS);
	generation_next();
	claim(send_to(fd, "x", group) == -EPERM, "a container closed in egress sends none");
	close(fd);
	close(receiver);
}

/* Families whose sockets carry no IP packet: no cgroup hook sees them. What they reach is no container. */
static void other_families(void)
{
	static const struct {
		int family, type, protocol;
		const char *name;
	} kinds[] = { { 40, SOCK_STREAM, 0, "AF_VSOCK" }, { 43, SOCK_STREAM, 0, "AF_SMC" }, { 30, SOCK_STREAM, 0, "AF_TIPC" } };
	char text[128];

	policy_reset();
	policy_flags(ID_A, DB_EP_CLOSED_EGRESS);
	generation_next();
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		int fd = sock_in(A, kinds[i].family, kinds[i].type, kinds[i].protocol);

		snprintf(text, sizeof(text), "%s reaches no container", kinds[i].name);
		if (fd < 0) {
			claim(fd == -EAFNOSUPPORT || fd == -ESOCKTNOSUPPORT, text, "%d", fd);
		} else if (kinds[i].family == 43) {
			claim(dial(fd, address_of(B, AF_INET, 7000), IMPATIENT) < 0, text);
		} else {
			/* svm_family, reserved, port, cid 3: a guest of this host, if there were one. */
			struct {
				uint16_t family, reserved;
				uint32_t port, cid;
				uint8_t flags, zero[3];
			} peer = { 40, 0, 7000, 3, 0, { 0 } };

			claim(connect(fd, (struct sockaddr *)&peer, sizeof(peer)), text);
		}
		close(fd);
	}
}

/* Not an address of a container, and yet a way to one. */
static void odd_destinations(void)
{
	int listening = listener(B, AF_INET, 7000), listening6 = listener(B, AF_INET6, 7001), fd;
	union address to = address_of(B, AF_INET6, 7001);

	policy_reset();
	policy_flags(ID_A, DB_EP_CLOSED_EGRESS);
	generation_next();
	fd = sock_in(A, AF_INET6, SOCK_STREAM, 0);
	claim(dial(fd, mapped_of(B, 7000), PATIENT) == -EPERM, "mapped address: EPERM");
	close(fd);
	fd = sock_in(A, AF_INET6, SOCK_STREAM, 0);
	to.v6.sin6_scope_id = 2;
	to.v6.sin6_flowinfo = htonl(0x12345);
	claim(dial(fd, to, PATIENT) == -EPERM, "scope and flow label change nothing: EPERM");
	close(fd);
	fd = sock_in(A, AF_INET, SOCK_STREAM, 0);
	to = loopback(AF_INET, 7000);
	to.v4.sin_addr.s_addr = 0;
	claim(dial(fd, to, PATIENT) == -ECONNREFUSED, "0.0.0.0 is the container's own loopback");
	close(fd);
	close(listening);
	close(listening6);
}

void kinds_cases(void)
{
	mptcp_redirect(AF_INET, "MPTCP");
	mptcp_redirect(AF_INET6, "MPTCP IPv6");
	mptcp_redirect(0, "MPTCP mapped");
	datagram_kinds();
	other_families();
	odd_destinations();
}
