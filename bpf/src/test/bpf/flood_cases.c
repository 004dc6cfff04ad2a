// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* More new flows than the maps hold, by one: what the others have under way goes on. */
#define _GNU_SOURCE
#include "lab.h"
#include "tap.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <string.h>
#include <unistd.h>

#define FLOOD 80000 /* more than any map of flows or connections holds */

static char text[160];
#define NAMED(what) (snprintf(text, sizeof(text), "%s: %s", name, what), text)

static int ask(int fd, union address to)
{
	return sendto(fd, "q", 1, 0, &to.any, address_size(&to)) == 1 ? 0 : -errno;
}

/* Where the datagram came from that waits at `fd`. 0: none came. */
static int asked(int fd, union address *from)
{
	socklen_t size = sizeof(*from);
	char question[16];

	return readable(fd, PATIENT) && recvfrom(fd, question, sizeof(question), 0, &from->any, &size) == 1;
}

static int answers(int fd, const union address *to)
{
	return sendto(fd, "a", 1, 0, &to->any, address_size(to)) == 1;
}

/* Datagrams of a container to so many places of the world, each a flow of its own. */
static void flood_from(enum place place)
{
	int fd = sock_in(place, AF_INET, SOCK_DGRAM, 0);
	union address to = { .v4 = { .sin_family = AF_INET } };

	for (int i = 0; i < FLOOD; i++) {
		to.v4.sin_addr.s_addr = htonl(0xc6120001 + i / 60000);
		to.v4.sin_port = htons(1 + i % 60000);
		ask(fd, to);
	}
	close(fd);
}

static uint16_t sum(uint32_t so_far, const void *what, size_t size)
{
	const uint8_t *bytes = what;

	for (size_t i = 0; i < size; i += 2)
		so_far += bytes[i] << 8 | bytes[i + 1];
	while (so_far >> 16)
		so_far = (so_far & 0xffff) + (so_far >> 16);
	return so_far;
}

/* The world's, from so many addresses that nobody has: datagrams, or connections that are never completed. */
static void flood_of_the_world(int protocol, union address to)
{
	int fd = sock_at(LAN, NO_CGROUP, AF_INET, SOCK_RAW, IPPROTO_RAW);
	struct {
		struct iphdr ip;
		union {
			struct udphdr udp;
			struct tcphdr tcp;
		};
	} packet = { .ip = { .version = 4, .ihl = 5, .ttl = 64, .protocol = protocol, .daddr = to.v4.sin_addr.s_addr } };
	size_t head = protocol == IPPROTO_TCP ? sizeof(struct tcphdr) : sizeof(struct udphdr);

	for (int i = 0; i < FLOOD; i++) {
		packet.ip.saddr = htonl(0xc6120000 + i);
		memset(&packet.tcp, 0, sizeof(packet.tcp));
		packet.udp.source = htons(1024 + i % 60000);
		packet.udp.dest = to.v4.sin_port;
		if (protocol == IPPROTO_TCP) {
			packet.tcp.doff = 5;
			packet.tcp.syn = 1;
			packet.tcp.window = htons(1000);
			packet.tcp.check = htons(~sum(sum(protocol + head, &packet.ip.saddr, 8), &packet.tcp, head));
		} else {
			packet.udp.len = htons(head);
		}
		sendto(fd, &packet, sizeof(packet.ip) + head, 0, &to.any, sizeof(to.v4));
	}
	close(fd);
}

static void closed_but(uint32_t id, uint32_t callee, int port)
{
	policy_flags(id, DB_EP_CLOSED_INGRESS | DB_EP_CLOSED_EGRESS);
	policy_rule(id, DB_EGRESS, callee, IPPROTO_UDP, port, port, DB_ALLOW, 3);
}

/* B waits for an answer of the world, and owes one to C; both are explained by nothing but their records. */
static void while_it_lasts(void (*flood)(void), const char *name)
{
	int resolver = udp_bound(LAN, AF_INET, 53), server = udp_bound(B, AF_INET, 5300);
	int asker = sock_in(B, AF_INET, SOCK_DGRAM, 0), client = sock_in(C, AF_INET, SOCK_DGRAM, 0);
	union address from_asker, from_client;

	policy_reset();
	closed_but(ID_B, DB_PEER_WORLD, 53);
	policy_rule(ID_B, DB_INGRESS, ID_C, IPPROTO_UDP, 5300, 5300, DB_ALLOW, 4);
	policy_rule(ID_B, DB_INGRESS, DB_PEER_WORLD, IPPROTO_UDP, 5301, 5301, DB_ALLOW, 5);
	closed_but(ID_C, ID_B, 5300);
	generation_next();
	claim(!ask(asker, address_of(LAN, AF_INET, 53)) && asked(resolver, &from_asker), NAMED("a question is under way"));
	claim(!ask(client, address_of(B, AF_INET, 5300)) && asked(server, &from_client), NAMED("and another"));
	flood();
	events_forget();
	claim(answers(resolver, &from_asker) && readable(asker, PATIENT), NAMED("who asked before it gets the answer"));
	claim(answers(server, &from_client) && readable(client, PATIENT), NAMED("who was asked before it may answer"));
	close(asker);
	close(client);
	for (int i = 0; i < 200; i++) {
		asker = sock_in(B, AF_INET, SOCK_DGRAM, 0);
		client = sock_in(C, AF_INET, SOCK_DGRAM, 0);
		if (ask(asker, address_of(LAN, AF_INET, 53)) || !asked(resolver, &from_asker) ||
			ask(client, address_of(B, AF_INET, 5300)) || !asked(server, &from_client) ||
			!answers(resolver, &from_asker) || !hears(asker, "a", PATIENT) || !answers(server, &from_client) ||
			!hears(client, "a", PATIENT))
			claim(0, NAMED("what begins after it"), "%d", i);
		close(asker);
		close(client);
	}
	claim(!events_count(DB_REASON_STATE_FULL, ID_B) && !events_count(DB_REASON_STATE_FULL, ID_C),
		NAMED("and nothing new is refused"), "%d %d", events_count(DB_REASON_STATE_FULL, ID_B),
		events_count(DB_REASON_STATE_FULL, ID_C));
	close(resolver);
	close(server);
}

static void by_a(void)
{
	flood_from(A);
}

static void by_the_world(void)
{
	int open = udp_bound(B, AF_INET, 5301);

	flood_of_the_world(IPPROTO_UDP, address_of(B, AF_INET, 5301));
	close(open);
}

static void connections_of_the_world(void)
{
	int own = engine_offered(A, AF_INET), engine = engine_offered(B, AF_INET), listening = listener(B, AF_INET, 8000);
	int client, caller, inside, steered;
	struct db_socket origin = {};

	policy_reset();
	policy_engine(ID_A, port_of(own), 0);
	policy_engine(ID_B, port_of(engine), 0);
	policy_flags(ID_B, DB_EP_CLOSED_INGRESS);
	policy_rule(ID_B, DB_INGRESS, ID_A, IPPROTO_TCP, 8000, 8000, DB_ENGINE, 5);
	policy_rule(ID_B, DB_INGRESS, DB_PEER_WORLD, IPPROTO_TCP, 8000, 8000, DB_ENGINE, 6);
	generation_next();
	caller = dialled(A, address_of(B, AF_INET, 8000), PATIENT);
	client = dialled(LAN, address_of(B, AF_INET, 8000), PATIENT);
	claim(caller >= 0 && client >= 0, "SYN flood: two connections wait for the engine");
	flood_of_the_world(IPPROTO_TCP, address_of(B, AF_INET, 8000));
	inside = accepted(own, PATIENT);
	claim(origin_of(inside, &origin) && origin.owner == ID_A && origin.peer == ID_B,
		"SYN flood: a container's is known for what it is");
	steered = accepted(engine, PATIENT);
	claim(origin_of(steered, &origin) && origin.owner == DB_PEER_WORLD && origin.peer == ID_B,
		"SYN flood: so is one of the world");
	close(inside);
	close(steered);
	close(caller);
	close(client);
	close(listening);
	close(engine);
	close(own);
}

void flood_cases(void)
{
	while_it_lasts(by_a, "a container's flood");
	while_it_lasts(by_the_world, "the world's flood");
	connections_of_the_world();
}
