// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What somebody with CAP_NET_ADMIN does to packets in a container's own namespace, before its program sees them. */
#define _GNU_SOURCE
#include "lab.h"
#include "tap.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char text[160];
#define NAMED(what) (snprintf(text, sizeof(text), "%s: %s", name, what), text)

static int tables(enum place place, int family, const char *rule)
{
	char command[256];

	snprintf(command, sizeof(command), "%s -w -t nat %s 2>/dev/null", family == AF_INET ? "iptables" : "ip6tables", rule);
	return lab_run(place, command);
}

static void nat(int family, const char *name)
{
	int wanted = listener(LAN, family, 7000), hidden = listener(LAN, family, 7001), client, server = -1, asker;
	int answers = udp_bound(LAN, family, 5400), secret = udp_bound(LAN, family, 5401);
	union address to = address_of(LAN, family, 7000), ask = address_of(LAN, family, 5400);

	policy_reset();
	policy_flags(ID_A, DB_EP_CLOSED_EGRESS);
	policy_rule(ID_A, DB_EGRESS, DB_PEER_WORLD, IPPROTO_TCP, 7000, 7000, DB_ALLOW, 3);
	policy_rule(ID_A, DB_EGRESS, DB_PEER_WORLD, IPPROTO_UDP, 5400, 5400, DB_ALLOW, 4);
	generation_next();
	client = dialled(A, to, PATIENT);
	claim(client >= 0 && (server = accepted(wanted, PATIENT)) >= 0 && !say(server, "x") && hears(client, "x", PATIENT),
		NAMED("an allowed connection"), "%d", client);
	close(server);
	close(client);
	if (tables(A, family, "-A OUTPUT -p tcp --dport 7000 -j DNAT --to-destination :7001")) {
		skip(NAMED("NAT in the namespace"), "no iptables here");
		goto end;
	}
	tables(A, family, "-A OUTPUT -p udp --dport 5400 -j DNAT --to-destination :5401");
	events_forget();
	client = dialled(A, to, IMPATIENT);
	claim(client < 0 && !readable(hidden, 0), NAMED("does not reach what NAT makes of it"), "%d", client);
	claim(event_await(DB_REASON_REWRITTEN, ID_A, PATIENT) != NULL, NAMED("and is recorded as rewritten"));
	asker = sock_in(A, family, SOCK_DGRAM, 0);
	sendto(asker, "q", 1, 0, &ask.any, address_size(&ask));
	claim(!readable(secret, IMPATIENT) && !readable(answers, 0), NAMED("nor does a datagram"));
	claim(!dial(asker, ask, PATIENT) && (say(asker, "q"), !readable(secret, IMPATIENT)), NAMED("nor a connected socket's"));
	close(asker);
	/* The engine's own connections leave by the same namespace. */
	{
		struct db_socket value = { .role = DB_ROLE_ENGINE,
			.owner = ID_A,
			.peer = DB_PEER_WORLD,
			.port = 7000,
			.protocol = IPPROTO_TCP };

		client = sock_at(A, ENGINE_CGROUP, family, SOCK_STREAM, 0);
		must(bpf_map_update_elem(lab_map("sockets"), &client, &value, BPF_ANY), "sockets");
		claim(dial(client, to, IMPATIENT) < 0 && !readable(hidden, 0), NAMED("nor the engine's connection"));
		close(client);
	}
	tables(A, family, "-F OUTPUT");
	client = dialled(A, to, PATIENT);
	claim(client >= 0, NAMED("without NAT it passes again"), "%d", client);
	close(client);
end:
	close(wanted);
	close(hidden);
	close(answers);
	close(secret);
}

void rewrite_cases(void)
{
	nat(AF_INET, "NAT");
	nat(AF_INET6, "NAT IPv6");
}
