// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#define _GNU_SOURCE
#include "lab.h"
#include "tap.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <string.h>
#include <unistd.h>

/* A connection and its accepted end; says so if there is none. */
static int pair(enum place from, union address to, int listening, int *client, int *server)
{
	*client = dialled(from, to, PATIENT);
	*server = *client < 0 ? *client : accepted(listening, PATIENT);
	return *client >= 0 && *server >= 0;
}

static void open_and_closed(int family, const char *name)
{
	int listening = listener(B, family, 7000), client, server;
	union address to = address_of(B, family, 7000);
	const struct db_event *event;
	char text[128];

#define NAMED(what) (snprintf(text, sizeof(text), "%s: %s", name, what), text)
	policy_reset();
	claim(pair(A, to, listening, &client, &server), NAMED("open containers connect"), "%d %d", client, server);
	event = event_await(DB_REASON_OPEN, ID_A, PATIENT);
	claim(event && event->verdict == DB_ALLOW && event->peer == ID_B && event->destination_port == 7000,
		NAMED("the connection is recorded once, at its caller"));
	claim(!say(client, "request") && hears(server, "request", PATIENT), NAMED("request arrives"));
	claim(!say(server, "answer") && hears(client, "answer", PATIENT), NAMED("answer arrives"));
	claim(events_count(DB_REASON_OPEN, ID_A) == 1 && events_count(DB_REASON_OPEN, ID_B) == 0, NAMED("no second record"),
		"%d %d", events_count(DB_REASON_OPEN, ID_A), events_count(DB_REASON_OPEN, ID_B));
	close(client);
	close(server);

	policy_reset();
	policy_flags(ID_B, DB_EP_CLOSED_INGRESS | DB_EP_CLOSED_EGRESS);
	policy_rule(ID_B, DB_INGRESS, ID_A, IPPROTO_TCP, 7000, 7001, DB_ALLOW, 41);
	generation_next();
	claim(pair(A, to, listening, &client, &server), NAMED("a rule of the callee lets its caller in"), "%d %d", client,
		server);
	event = event_await(DB_REASON_RULE_ALLOWS, ID_A, PATIENT);
	claim(event && event->rule == 41, NAMED("and is named in the record"));
	claim(!say(server, "first") && hears(client, "first", PATIENT), NAMED("server speaks first, closed in egress"));
	claim(!say(client, "then") && hears(server, "then", PATIENT), NAMED("client answers"));
	close(client);
	close(server);

	events_forget();
	client = dialled(C, to, PATIENT);
	claim(client == -EPERM, NAMED("a stranger gets EPERM from connect"), "%d", client);
	event = event_await(DB_REASON_NO_RULE, ID_C, PATIENT);
	claim(event && event->verdict == DB_DENY && event->peer == ID_B && event->side == DB_SIDE_CALLEE,
		NAMED("with a record that names the callee's side"));
	client = dialled(A, address_of(B, family, 7002), PATIENT);
	claim(client == -EPERM, NAMED("another port is refused to the same caller"), "%d", client);
	policy_rule(ID_B, DB_INGRESS, ID_C, IPPROTO_TCP, 0, 65535, DB_DENY, 42);
	generation_next();
	events_forget();
	claim(dialled(C, to, PATIENT) == -EPERM && event_await(DB_REASON_RULE_DENIES, ID_C, PATIENT),
		NAMED("a denying rule is recorded as such"));
	policy_flags(ID_C, DB_EP_CLOSED_EGRESS);
	generation_next();
	events_forget();
	claim(dialled(C, address_of(A, family, 7000), PATIENT) == -EPERM, NAMED("a closed caller may not go out"));
	event = event_await(DB_REASON_NO_RULE, ID_C, PATIENT);
	claim(event && event->side == DB_SIDE_CALLER, NAMED("with a record that names the caller's side"));
	close(listening);
}

static void mapped(void)
{
	int listening = listener(B, AF_INET6, 7000), client, server;

	policy_reset();
	policy_flags(ID_B, DB_EP_CLOSED_INGRESS);
	policy_rule(ID_B, DB_INGRESS, ID_A, IPPROTO_TCP, 7000, 7000, DB_ALLOW, 43);
	generation_next();
	claim(pair(A, mapped_of(B, 7000), listening, &client, &server), "mapped: judged as IPv4, allowed", "%d %d", client,
		server);
	claim(!say(client, "x") && hears(server, "x", PATIENT), "mapped: data arrives at a dual-stack listener");
	claim(!say(server, "y") && hears(client, "y", PATIENT), "mapped: and back");
	close(client);
	close(server);
	client = dialled(C, mapped_of(B, 7000), PATIENT);
	claim(client == -EPERM, "mapped: judged as IPv4, refused", "%d", client);
	close(listening);
}

static void modes(void)
{
	int listening = listener(B, AF_INET, 7000), client, server;
	union address to = address_of(B, AF_INET, 7000);
	const struct db_event *event;

	policy_reset();
	policy_flags(ID_B, DB_EP_CLOSED_INGRESS | DB_EP_AUDIT);
	generation_next();
	claim(pair(C, to, listening, &client, &server) && !say(client, "x") && hears(server, "x", PATIENT),
		"audit: a denial is let pass");
	event = event_await(DB_REASON_NO_RULE, ID_C, PATIENT);
	claim(event && event->verdict == DB_AUDIT && event->side == DB_SIDE_CALLEE, "audit: and recorded as one");
	close(client);
	close(server);
	policy_flags(ID_B, DB_EP_CLOSED_INGRESS | DB_EP_OFF);
	generation_next();
	claim(dialled(C, to, PATIENT) == -EPERM, "off: what is closed is closed by the host");
	policy_flags(ID_B, DB_EP_CLOSED_INGRESS | DB_EP_AUDIT | DB_EP_FIRM_INGRESS);
	generation_next();
	claim(dialled(C, to, PATIENT) == -EPERM, "audit: the host's own denials hold");
	policy_flags(ID_B, DB_EP_OFF);
	generation_next();
	claim(pair(C, to, listening, &client, &server), "off: without rules of the host's, open");
	close(client);
	close(server);
	policy_reset();
	identity(A, 0);
	claim(dialled(A, to, PATIENT) == -EPERM && event_await(DB_REASON_UNKNOWN_SELF, 0, PATIENT),
		"a cgroup whose identity is not yet written may not connect");
	identity(A, 999);
	claim(dialled(A, to, PATIENT) == -EPERM && event_await(DB_REASON_UNKNOWN_ENDPOINT, 999, PATIENT),
		"an identity without an endpoint may not connect");
	identity(A, ID_A);
	close(listening);
}

static void generations(void)
{
	int listening = listener(B, AF_INET, 7000), one[2], two[2], three[2];
	union address to = address_of(B, AF_INET, 7000);

	policy_reset();
	policy_flags(ID_B, DB_EP_CLOSED_INGRESS);
	policy_rule(ID_B, DB_INGRESS, ID_A, IPPROTO_TCP, 7000, 7000, DB_ALLOW, 1);
	policy_rule(ID_B, DB_INGRESS, ID_C, IPPROTO_TCP, 7000, 7000, DB_ALLOW, 2);
	generation_next();
	claim(pair(A, to, listening, &one[0], &one[1]) && pair(C, to, listening, &two[0], &two[1]) &&
			pair(A, to, listening, &three[0], &three[1]),
		"three connections of two callers");
	say(one[0], "x");
	hears(one[1], "x", PATIENT);
	say(two[0], "x");
	hears(two[1], "x", PATIENT);
	/* Third: nothing said yet, the server's end does not know its client by any packet but the handshake's. */
	{
		struct db_pair gone = { .owner = ID_B, .peer = ID_A, .direction = DB_INGRESS };

		bpf_map_delete_elem(lab_map("pairs"), &gone);
	}
	events_forget();
	generation_next();
	claim(is_cut(one[0], one[1]), "a revoked flow is cut, client to server");
	claim(event_await(DB_REASON_LATE_DENY, ID_A, PATIENT) != NULL, "recorded as a late denial");
	claim(is_cut(one[1], one[0]), "and server to client");
	claim(is_cut(three[0], three[1]) && is_cut(three[1], three[0]), "also one that had said nothing");
	claim(!say(two[0], "y") && hears(two[1], "y", PATIENT) && !say(two[1], "z") && hears(two[0], "z", PATIENT),
		"the other caller's flow goes on");
	claim(events_count(DB_REASON_LATE_DENY, ID_C) == 0, "and is not recorded again");
	claim(events_count(DB_REASON_LATE_DENY, ID_A) == 2, "each cut flow has one record at its caller", "%d",
		events_count(DB_REASON_LATE_DENY, ID_A));
	policy_rule(ID_B, DB_INGRESS, ID_A, IPPROTO_TCP, 7000, 7000, DB_ALLOW, 1);
	generation_next();
	claim(readable(one[1], PATIENT), "allowed again, TCP carries on where it was cut");
	close(listening);
	for (int i = 0; i < 2; i++) {
		close(one[i]);
		close(two[i]);
		close(three[i]);
	}
}

/* A record lost in the middle of a connection's life changes nothing for it. */
static void eviction(void)
{
	int listening = listener(B, AF_INET, 7000), client, server;
	char key[64];

	policy_reset();
	policy_flags(ID_B, DB_EP_CLOSED_INGRESS);
	policy_rule(ID_B, DB_INGRESS, ID_A, IPPROTO_TCP, 7000, 7000, DB_ALLOW, 1);
	generation_next();
	claim(pair(A, address_of(B, AF_INET, 7000), listening, &client, &server), "a connection");
	while (!bpf_map_get_next_key(lab_map("flows"), NULL, key))
		bpf_map_delete_elem(lab_map("flows"), key);
	claim(!say(client, "x") && hears(server, "x", PATIENT) && !say(server, "y") && hears(client, "y", PATIENT),
		"goes on when its record is evicted");
	generation_next();
	claim(!say(server, "x") && hears(client, "x", PATIENT) && !say(client, "y") && hears(server, "y", PATIENT),
		"also into the next generation");
	close(client);
	close(server);
	close(listening);
}

/* The record is the handshake's: a map full of settled connections would be slow, and evict who needs it. */
static void settled(void)
{
	int listening = listener(B, AF_INET, 7000), client, server;
	struct db_flow_key key = { .source.bytes = { [10] = 0xff, 0xff, 10, 77, 0, 1 },
		.destination.bytes = { [10] = 0xff, 0xff, 10, 77, 0, 2 },
		.destination_port = 7000,
		.protocol = IPPROTO_TCP };
	struct db_flow flow;

	policy_reset();
	policy_flags(ID_A, DB_EP_CLOSED_INGRESS);
	policy_flags(ID_B, DB_EP_CLOSED_INGRESS);
	policy_rule(ID_B, DB_INGRESS, ID_A, IPPROTO_TCP, 7000, 7000, DB_ALLOW, 1);
	generation_next();
	claim(pair(A, address_of(B, AF_INET, 7000), listening, &client, &server), "settled: a connection");
	key.source_port = port_of(client);
	claim(!bpf_map_lookup_elem(lab_map("flows"), &key, &flow) && flow.sender == ID_A, "settled: has its caller's record");
	claim(!say(server, "x") && hears(client, "x", PATIENT) && !say(client, "y") && hears(server, "y", PATIENT) &&
			bpf_map_lookup_elem(lab_map("flows"), &key, &flow) && errno == ENOENT,
		"settled: until the callee has answered");
	generation_next();
	claim(!say(server, "x") && hears(client, "x", PATIENT) && !say(client, "y") && hears(server, "y", PATIENT),
		"settled: and does without it, also in the next generation");
	close(client);
	close(server);
	client = dialled(A, address_of(B, AF_INET, 7000), PATIENT);
	server = accepted(listening, PATIENT);
	key.source_port = port_of(client);
	setsockopt(client, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof(struct linger));
	close(client);
	claim(readable(server, PATIENT) && bpf_map_lookup_elem(lab_map("flows"), &key, &flow) && errno == ENOENT,
		"settled: a reset takes the record back too");
	close(server);
	close(listening);
}

static void arrivals(int family, const char *name)
{
	int listening = listener(B, family, 7000), client, server;
	union address to = address_of(B, family, 7000), lan = address_of(LAN, family, 0);
	char text[128];

	policy_reset();
	policy_flags(ID_B, DB_EP_CLOSED_INGRESS);
	policy_rule(ID_B, DB_INGRESS, ID_A, IPPROTO_TCP, 7000, 7000, DB_ALLOW, 1);
	generation_next();
	client = dialled(LAN, to, PATIENT);
	claim(client == -ECONNREFUSED, NAMED("an outsider is reset at once"), "%d", client);
	claim(event_await(DB_REASON_NO_RULE, ID_B, PATIENT) != NULL, NAMED("recorded at the callee"));
	events_forget();
	client = sock_at(A, NO_CGROUP, family, SOCK_STREAM, 0);
	claim(dial(client, to, PATIENT) == -ECONNREFUSED, NAMED("a container's address without its record is reset"));
	claim(event_await(DB_REASON_UNVOUCHED_ADDRESS, ID_B, PATIENT) != NULL, NAMED("recorded as unvouched"));
	close(client);
	policy_rule(ID_B, DB_INGRESS, DB_PEER_WORLD, IPPROTO_TCP, 7000, 7000, DB_ALLOW, 3);
	generation_next();
	events_forget();
	claim(pair(LAN, to, listening, &client, &server) && !say(client, "x") && hears(server, "x", PATIENT) &&
			!say(server, "y") && hears(client, "y", PATIENT),
		NAMED("a rule for the world lets it in"));
	claim(event_await(DB_REASON_RULE_ALLOWS, ID_B, PATIENT) && events_count(DB_REASON_RULE_ALLOWS, ID_B) == 1,
		NAMED("recorded once at the callee"), "%d", events_count(DB_REASON_RULE_ALLOWS, ID_B));
	address_owner(&lan, DB_PEER_HOST);
	generation_next();
	claim(dialled(LAN, to, PATIENT) == -ECONNREFUSED, NAMED("the host is not the world"));
	claim(is_cut(client, server), NAMED("nor is a flow that began as the world's"));
	address_forget(&lan);
	generation_next();
	claim(readable(server, PATIENT) && hears(server, "cut?", PATIENT), NAMED("until it is the world again"));
	/* A container that gets an outsider's address does not lend it its identity. */
	address_owner(&lan, ID_A);
	generation_next();
	claim(!say(client, "x") && hears(server, "x", PATIENT), NAMED("an outsider stays one"));
	address_forget(&lan);
	/* The delayed ACK leaves first: its judgement must not stand in for that of what comes in. */
	claim(!readable(client, IMPATIENT), NAMED("silence"));
	{
		struct db_pair gone = { .owner = ID_B, .peer = DB_PEER_WORLD, .direction = DB_INGRESS };

		bpf_map_delete_elem(lab_map("pairs"), &gone);
	}
	generation_next();
	claim(is_cut(client, server) && is_cut(server, client), NAMED("until it is revoked"));
	close(client);
	close(server);
	close(listening);
	policy_rule(ID_B, DB_INGRESS, DB_PEER_WORLD, IPPROTO_TCP, 7000, 7000, DB_ALLOW, 3);
	generation_next();
	claim(dialled(LAN, to, PATIENT) == -ECONNREFUSED, NAMED("allowed, but nobody listens: refused by the kernel"));
}

/* A rule that names an address range reaches connections that were made before it. */
static void ranges(void)
{
	int listening = sock_at(LAN, NO_CGROUP, AF_INET, SOCK_STREAM, 0), client, server, one = 1;
	union address any = { .v4 = { AF_INET, htons(7000) } }, to = address_of(LAN, AF_INET, 7000);

	setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	bind(listening, &any.any, sizeof(any.v4));
	listen(listening, 4);
	policy_reset();
	policy_flags(ID_A, DB_EP_CLOSED_EGRESS);
	policy_rule(ID_A, DB_EGRESS, DB_PEER_ANY, IPPROTO_TCP, 7000, 7000, DB_ALLOW, 1);
	generation_next();
	claim(pair(A, to, listening, &client, &server) && !say(client, "x") && hears(server, "x", PATIENT),
		"range: a connection to the world");
	address_owner(&to, DB_FIRST_NETWORK + 1);
	policy_rule(ID_A, DB_EGRESS, DB_FIRST_NETWORK + 1, IPPROTO_TCP, 7000, 7000, DB_DENY, 2);
	generation_next();
	claim(is_cut(client, server), "range: is cut by a rule that names its address");
	events_forget();
	claim(dialled(A, to, PATIENT) == -EPERM && event_await(DB_REASON_RULE_DENIES, ID_A, PATIENT),
		"range: and a new one is refused");
	address_forget(&to);
	close(client);
	close(server);
	close(listening);
}

void tcp_cases(void)
{
	ranges();
	open_and_closed(AF_INET, "IPv4");
	open_and_closed(AF_INET6, "IPv6");
	mapped();
	modes();
	generations();
	eviction();
	settled();
	arrivals(AF_INET, "arrival IPv4");
	arrivals(AF_INET6, "arrival IPv6");
}
