// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What somebody inside a container would try with ordinary sockets. */
#define _GNU_SOURCE
#include "lab.h"
#include "tap.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

static void b_admits_only_a(void)
{
	policy_reset();
	policy_flags(ID_B, DB_EP_CLOSED_INGRESS);
	policy_rule(ID_B, DB_INGRESS, ID_A, IPPROTO_TCP, 7000, 7000, DB_ALLOW, 1);
	generation_next();
}

static void reuse(void)
{
	int listening = listener(B, AF_INET, 7000), fd, one = 1;
	union address to = address_of(B, AF_INET, 7000), nowhere = { .any.sa_family = AF_UNSPEC };
	union address here = address_of(A, AF_INET, 7100);

	b_admits_only_a();
	policy_flags(ID_C, DB_EP_CLOSED_INGRESS);
	policy_flags(ID_A, DB_EP_CLOSED_INGRESS);
	generation_next();
	fd = sock_in(A, AF_INET, SOCK_STREAM, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	bind(fd, &here.any, sizeof(here.v4));
	claim(!dial(fd, to, PATIENT), "connected where it may");
	close(accepted(listening, PATIENT));
	claim(!connect(fd, &nowhere.any, sizeof(nowhere.v4)) && !listen(fd, 4), "turned into a listener", "%s", strerror(errno));
	claim(dialled(LAN, here, IMPATIENT) == -ECONNREFUSED, "it lets nobody in by what it was");
	address_forget(&here);
	events_forget();
	claim(dialled(LAN, here, IMPATIENT) == -ETIMEDOUT && event_await(DB_REASON_NO_RULE, ID_A, PATIENT),
		"nor where sk_lookup does not know the address");
	address_owner(&here, ID_A);
	close(fd);
	fd = sock_in(A, AF_INET, SOCK_STREAM, 0);
	claim(!dial(fd, to, PATIENT), "connected where it may");
	close(accepted(listening, PATIENT));
	connect(fd, &nowhere.any, sizeof(nowhere.v4));
	claim(dial(fd, address_of(C, AF_INET, 7000), PATIENT) == -EPERM, "the same socket may not where it may not");
	close(fd);
	fd = sock_in(A, AF_INET, SOCK_DGRAM, 0);
	dial(fd, loopback(AF_INET, 9), PATIENT);
	connect(fd, &nowhere.any, sizeof(nowhere.v4));
	claim(!dial(fd, address_of(C, AF_INET, 9), PATIENT) && say(fd, "x") == -EPERM,
		"a datagram socket connected to loopback, then away");
	close(fd);
	close(listening);
}

static void fast_open(void)
{
	int listening = listener(B, AF_INET, 7000), queue = 5, client, server;
	union address to = address_of(B, AF_INET, 7000);

	setsockopt(listening, IPPROTO_TCP, TCP_FASTOPEN, &queue, sizeof(queue));
	lab_sysctl(A, "net/ipv4/tcp_fastopen", "519"); /* both sides, without cookies: 0x207 */
	lab_sysctl(B, "net/ipv4/tcp_fastopen", "519");
	b_admits_only_a();
	client = sock_in(A, AF_INET, SOCK_STREAM, 0);
	claim(sendto(client, "early", 5, MSG_FASTOPEN, &to.any, sizeof(to.v4)) == 5, "data in the SYN leaves by rule", "%s",
		strerror(errno));
	server = accepted(listening, PATIENT);
	claim(hears(server, "early", PATIENT) && !say(server, "y") && hears(client, "y", PATIENT), "arrives and is answered");
	close(client);
	close(server);
	client = sock_in(C, AF_INET, SOCK_STREAM, 0);
	claim(sendto(client, "early", 5, MSG_FASTOPEN, &to.any, sizeof(to.v4)) < 0 && errno == EPERM,
		"a stranger's data in the SYN: EPERM");
	close(client);
	close(listening);
}

static void multipath(void)
{
	int listening = sock_in(B, AF_INET, SOCK_STREAM, IPPROTO_MPTCP), client, server = -1, one = 1;
	union address any = { .v4 = { AF_INET, htons(7000) } }, to = address_of(B, AF_INET, 7000);

	if (listening < 0) {
		skip("MPTCP", "not in this kernel");
		return;
	}
	setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	claim(!bind(listening, &any.any, sizeof(any.v4)) && !listen(listening, 4), "an MPTCP listener");
	b_admits_only_a();
	client = sock_in(A, AF_INET, SOCK_STREAM, IPPROTO_MPTCP);
	claim(!dial(client, to, PATIENT) && (server = accepted(listening, PATIENT)) >= 0, "MPTCP by rule");
	claim(!say(client, "x") && hears(server, "x", PATIENT) && !say(server, "y") && hears(client, "y", PATIENT), "both ways");
	close(client);
	close(server);
	client = dialled(A, to, PATIENT);
	server = accepted(listening, PATIENT);
	claim(client >= 0 && server >= 0 && !say(client, "x") && hears(server, "x", PATIENT),
		"a plain client of an MPTCP listener");
	close(client);
	close(server);
	client = sock_in(C, AF_INET, SOCK_STREAM, IPPROTO_MPTCP);
	claim(dial(client, to, PATIENT) == -EPERM, "a stranger's MPTCP: EPERM");
	close(client);
	close(listening);
}

static void cgroups(void)
{
	int listening = listener(B, AF_INET, 7000), client;
	union address to = address_of(B, AF_INET, 7000);

	b_admits_only_a();
	client = sock_at(A, NESTED_CGROUP, AF_INET, SOCK_STREAM, 0);
	claim(!dial(client, to, PATIENT) && accepted(listening, PATIENT) >= 0, "a cgroup below the container's has its identity");
	close(client);
	policy_flags(ID_A, DB_EP_CLOSED_EGRESS);
	generation_next();
	client = sock_at(A, NESTED_CGROUP, AF_INET, SOCK_STREAM, 0);
	claim(dial(client, to, PATIENT) == -EPERM, "and its limits");
	close(client);
	close(listening);
}

/* A socket whose state is gone stands for one that was connected before its cgroup was attached. */
static void older_than_attachment(void)
{
	int listening = listener(B, AF_INET, 7000), client, server;
	char key[64];

	b_admits_only_a();
	client = dialled(A, address_of(B, AF_INET, 7000), PATIENT);
	server = accepted(listening, PATIENT);
	say(client, "x");
	hears(server, "x", PATIENT);
	bpf_map_delete_elem(lab_map("sockets"), &client);
	claim(!say(client, "x") && hears(server, "x", PATIENT),
		"a connection older than the attachment goes on for a container without rules");
	policy_flags(ID_A, DB_EP_CLOSED_INGRESS);
	generation_next();
	claim(is_cut(client, server) && event_await(DB_REASON_UNJUDGED_SOCKET, ID_A, PATIENT),
		"and is cut at the caller once it has some");
	claim(events_count(DB_REASON_UNJUDGED_SOCKET, ID_A) == 1, "recorded once");
	close(client);
	close(server);
	policy_flags(ID_A, 0);
	generation_next();
	client = dialled(A, address_of(B, AF_INET, 7000), PATIENT);
	server = accepted(listening, PATIENT);
	say(client, "x");
	hears(server, "x", PATIENT);
	bpf_map_delete_elem(lab_map("sockets"), &server);
	while (!bpf_map_get_next_key(lab_map("flows"), NULL, key))
		bpf_map_delete_elem(lab_map("flows"), key);
	claim(is_cut(client, server) && event_await(DB_REASON_UNJUDGED_SOCKET, ID_B, PATIENT), "and at the callee");
	close(client);
	close(server);
	client = dialled(A, address_of(B, AF_INET, 7000), PATIENT);
	server = accepted(listening, PATIENT);
	bpf_map_delete_elem(lab_map("sockets"), &server);
	claim(!say(client, "x") && hears(server, "x", PATIENT), "but a fresh record of its client explains it");
	close(client);
	close(server);
	close(listening);
}

static void endings(void)
{
	int listening = listener(B, AF_INET, 7000), client, server;
	char byte;

	b_admits_only_a();
	client = dialled(A, address_of(B, AF_INET, 7000), PATIENT);
	server = accepted(listening, PATIENT);
	say(client, "x");
	hears(server, "x", PATIENT);
	setsockopt(server, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof(struct linger));
	close(server);
	claim(readable(client, PATIENT) && recv(client, &byte, 1, 0) < 0 && errno == ECONNRESET, "a reset arrives");
	close(client);
	client = dialled(A, address_of(B, AF_INET, 7000), PATIENT);
	server = accepted(listening, PATIENT);
	shutdown(client, SHUT_WR);
	claim(readable(server, PATIENT) && recv(server, &byte, 1, 0) == 0, "a half-close arrives");
	claim(!say(server, "y") && hears(client, "y", PATIENT), "and the other half stays open");
	close(server);
	claim(readable(client, PATIENT) && recv(client, &byte, 1, 0) == 0, "until it is closed too");
	close(client);
	close(listening);
	claim(dialled(A, address_of(B, AF_INET, 7000), PATIENT) == -ECONNREFUSED, "a closed port refuses at once");
}

void bypass_cases(void)
{
	reuse();
	fast_open();
	multipath();
	cgroups();
	older_than_attachment();
	endings();
}
