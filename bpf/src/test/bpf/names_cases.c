// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Addresses known by name, and the listeners to which questions for names go.
 * A asks, and calls the LAN; C lives in A's namespace for a while.
 */
#define _GNU_SOURCE
#include "lab.h"
#include "tap.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NAMED_ONE (DB_FIRST_NAMED + 1)
#define NAMED_OTHER (DB_FIRST_NAMED + 2)
#define HOUR 3600000000000ull

static char text[160];
#define NAMED(what) (snprintf(text, sizeof(text), "%s: %s", name, what), text)

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static void knows_of(int family, uint64_t until, uint32_t peer, uint32_t again)
{
	union address lan = address_of(LAN, family, 0);
	struct db_learned_key key = { .owner = ID_A };
	struct db_learned value = { .until_ns = until, .peer = peer, .again = again };

	if (family == AF_INET6) {
		memcpy(&key.address, &lan.v6.sin6_addr, 16);
	} else {
		key.address.bytes[10] = key.address.bytes[11] = 0xff;
		memcpy(&key.address.bytes[12], &lan.v4.sin_addr, 4);
	}
	must(bpf_map_update_elem(lab_map("learned"), &key, &value, BPF_ANY), "learned");
}

static void knows(uint64_t until, uint32_t peer, uint32_t again)
{
	knows_of(AF_INET, until, peer, again);
}

static int a_dials(void)
{
	return dialled(A, address_of(LAN, AF_INET, 7000), IMPATIENT);
}

static void known_by_name(void)
{
	int listening = listener(LAN, AF_INET, 7000), client, server;

	policy_reset();
	policy_flags(ID_A, DB_EP_CLOSED_EGRESS);
	policy_rule(ID_A, DB_EGRESS, DB_PEER_ANY, IPPROTO_TCP, 7000, 7000, DB_ALLOW, 1);
	knows(now_ns() + HOUR, NAMED_ONE, NAMED_ONE);
	generation_next();
	client = a_dials();
	claim(client == -EPERM, "a number without a table is denied, whatever is said of anyone", "%d", client);
	policy_reset();
	policy_flags(ID_A, DB_EP_CLOSED_EGRESS);
	policy_rule(ID_A, DB_EGRESS, NAMED_ONE, IPPROTO_TCP, 7000, 7000, DB_ALLOW, 1);
	generation_next();
	client = a_dials();
	server = accepted(listening, PATIENT);
	claim(client >= 0 && !say(client, "x") && hears(server, "x", PATIENT), "by its number's table it is allowed");
	knows(now_ns() - 1, NAMED_ONE, NAMED_ONE);
	generation_next();
	claim(!say(client, "y") && hears(server, "y", PATIENT), "a connection goes on when the name's time is over");
	claim(a_dials() == -EPERM, "and nothing new opens");
	knows(now_ns() - 1, 0, NAMED_OTHER);
	generation_next();
	claim(is_cut(client, server), "until its address means what no rule allows any more");
	close(client);
	close(server);
	knows(now_ns() + HOUR, 0, 0);
	policy_rule(ID_A, DB_EGRESS, DB_PEER_WORLD, IPPROTO_TCP, 7000, 7000, DB_ALLOW, 1);
	generation_next();
	client = a_dials();
	server = accepted(listening, PATIENT);
	claim(client >= 0 && !say(client, "x") && hears(server, "x", PATIENT),
		"what names say nothing of is who has the address");
	knows(now_ns() + HOUR, NAMED_OTHER, NAMED_OTHER);
	generation_next();
	claim(is_cut(client, server), "and is cut when they do");
	close(client);
	close(server);
	close(listening);
}

static int asks_udp(int fd, union address to)
{
	return sendto(fd, "x", 1, 0, &to.any, address_size(&to)) == 1 ? 0 : -errno;
}

/* No generation begins as the name's time ends: it is over while no agent runs, too. */
static void time_is_over(int family, const char *name)
{
	int listening = listener(LAN, family, 7000), receives = udp_bound(LAN, family, 7000), client, server;
	int before = sock_in(A, family, SOCK_DGRAM, 0), fresh = sock_in(A, family, SOCK_DGRAM, 0);
	union address to = address_of(LAN, family, 7000);

	policy_reset();
	policy_flags(ID_A, DB_EP_CLOSED_EGRESS);
	policy_rule(ID_A, DB_EGRESS, NAMED_ONE, IPPROTO_TCP, 7000, 7000, DB_ALLOW, 1);
	policy_rule(ID_A, DB_EGRESS, NAMED_ONE, IPPROTO_UDP, 7000, 7000, DB_ALLOW, 1);
	knows_of(family, now_ns() + HOUR, NAMED_ONE, NAMED_ONE);
	generation_next();
	client = dialled(A, to, IMPATIENT);
	server = accepted(listening, PATIENT);
	claim(client >= 0 && server >= 0 && !asks_udp(before, to) && hears(receives, "x", PATIENT),
		NAMED("in the name's time a connection and a datagram pass"));
	knows_of(family, now_ns() - 1, NAMED_ONE, NAMED_ONE);
	claim(!say(client, "y") && hears(server, "y", PATIENT) && !say(server, "z") && hears(client, "z", PATIENT),
		NAMED("when it is over the connection goes on"));
	claim(!asks_udp(before, to) && hears(receives, "x", PATIENT), NAMED("and what the datagram began"));
	events_forget();
	claim(dialled(A, to, IMPATIENT) == -EPERM && event_await(DB_REASON_NO_RULE, ID_A, PATIENT),
		NAMED("a new connection is denied when it is opened"));
	claim(asks_udp(fresh, to) == -EPERM && !readable(receives, IMPATIENT), NAMED("and the first datagram of another socket"));
	policy_rule(ID_A, DB_EGRESS, NAMED_OTHER, IPPROTO_TCP, 7000, 7000, DB_ALLOW, 1);
	generation_next();
	claim(!say(client, "y") && hears(server, "y", PATIENT), NAMED("judged again, the connection goes on"));
	close(client);
	close(server);
	close(before);
	close(fresh);
	close(receives);
	close(listening);
}

/* What was opened by its address is not saved by a name that is over. */
static void gains_nothing(int family, const char *name)
{
	int listening = listener(LAN, family, 7000), client, server;
	struct db_pair pair = { .owner = ID_A, .peer = DB_PEER_WORLD, .direction = DB_EGRESS };

	policy_reset();
	policy_flags(ID_A, DB_EP_CLOSED_EGRESS);
	policy_rule(ID_A, DB_EGRESS, DB_PEER_WORLD, IPPROTO_TCP, 7000, 7000, DB_ALLOW, 1);
	policy_rule(ID_A, DB_EGRESS, NAMED_ONE, IPPROTO_TCP, 7000, 7000, DB_ALLOW, 1);
	knows_of(family, now_ns() - 1, NAMED_ONE, NAMED_ONE);
	generation_next();
	client = dialled(A, address_of(LAN, family, 7000), IMPATIENT);
	server = accepted(listening, PATIENT);
	claim(client >= 0 && !say(client, "x") && hears(server, "x", PATIENT),
		NAMED("a name that is over takes nothing from its address"));
	bpf_map_delete_elem(lab_map("pairs"), &pair);
	generation_next();
	claim(is_cut(client, server), NAMED("and gives nothing to what was opened by the address"));
	close(client);
	close(server);
	close(listening);
}

static uint32_t owner_of_slot(void)
{
	struct db_slot_key key = { .netns = 1 };
	struct db_slot slot = {};

	return bpf_map_lookup_elem(lab_map("slots"), &key, &slot) ? ~0u : slot.owner;
}

/* A socket connected to that port of A's loopback. */
static int aims(int cgroup, uint16_t port)
{
	union address to = loopback(AF_INET, port);
	int fd = sock_at(A, cgroup, AF_INET, SOCK_DGRAM, 0);

	must(connect(fd, &to.any, sizeof(to.v4)), "connect");
	return fd;
}

static void anothers_question(void)
{
	union address at = loopback(AF_INET, 0), resolver = address_of(LAN, AF_INET, 53);
	int engine = sock_at(A, ENGINE_CGROUP, AF_INET, SOCK_DGRAM, 0), before, own, asks;
	struct db_slot_key key = { .netns = 1 };
	struct db_slot slot = {};
	uint64_t fd = engine;

	policy_shared(1);
	policy_flags(ID_A, DB_EP_NAMES);
	must(bind(engine, &at.any, sizeof(at.v4)), "bind");
	before = aims(C, port_of(engine));
	own = aims(A, port_of(engine));
	slot.listener = port_of(engine);
	must(bpf_map_update_elem(lab_map("slots"), &key, &slot, BPF_ANY), "slots");
	must(bpf_map_update_elem(lab_map("datagram_listeners"), &key, &fd, BPF_ANY), "datagram_listeners");
	generation_next();
	events_forget();
	say(before, "x");
	claim(!readable(engine, IMPATIENT) && event_await(DB_REASON_NO_ORIGIN, ID_C, PATIENT),
		"nobody asks by a listener that stands for nobody");
	say(own, "x");
	claim(!readable(engine, IMPATIENT) && event_await(DB_REASON_NO_ORIGIN, ID_A, PATIENT), "not even who claims it later");
	asks = sock_at(A, A, AF_INET, SOCK_DGRAM, 0);
	claim(!connect(asks, &resolver.any, sizeof(resolver.v4)) && !say(asks, "x") && hears(engine, "x", PATIENT) &&
			owner_of_slot() == ID_A,
		"a question of who may ask goes to it");
	events_forget();
	say(before, "y");
	claim(!readable(engine, IMPATIENT) && event_await(DB_REASON_NO_ORIGIN, ID_C, PATIENT),
		"another's, by a socket from before, does not");
	close(before);
	close(own);
	close(asks);
	close(engine);
	bpf_map_delete_elem(lab_map("slots"), &key);
	policy_shared(0);
}

void names_cases(void)
{
	known_by_name();
	time_is_over(AF_INET, "IPv4");
	time_is_over(AF_INET6, "IPv6");
	gains_nothing(AF_INET, "IPv4");
	gains_nothing(AF_INET6, "IPv6");
	anothers_question();
}
