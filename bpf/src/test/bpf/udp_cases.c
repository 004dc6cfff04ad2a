// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#define _GNU_SOURCE
#include "lab.h"
#include "tap.h"

#include <bpf/bpf.h>
#include <netinet/udp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

static char text[160];
#define NAMED(what) (snprintf(text, sizeof(text), "%s: %s", name, what), text)

static int send_to(int fd, const char *what, union address to)
{
	return sendto(fd, what, strlen(what), 0, &to.any, address_size(&to)) == (ssize_t)strlen(what) ? 0 : -errno;
}

/* Receives; where it came from, for who answers later. */
static union address heard_from(int fd)
{
	union address from = {};
	socklen_t size = sizeof(from);
	char heard[256];

	if (readable(fd, PATIENT))
		recvfrom(fd, heard, sizeof(heard), 0, &from.any, &size);
	return from;
}

/* Receives and answers to where it came from. 1 if the answer left. */
static int echo(int fd, const char *question, const char *answer, int deadline_ms)
{
	char heard[256] = "";
	union address from;
	socklen_t size = sizeof(from);
	ssize_t length;

	if (!readable(fd, deadline_ms))
		return 0;
	length = recvfrom(fd, heard, sizeof(heard) - 1, 0, &from.any, &size);
	if (length != (ssize_t)strlen(question) || memcmp(heard, question, length))
		return 0;
	return sendto(fd, answer, strlen(answer), 0, &from.any, size) == (ssize_t)strlen(answer);
}

static void request_and_reply(int family, const char *name)
{
	int server = udp_bound(B, family, 5300), client = sock_in(A, family, SOCK_DGRAM, 0), other;
	union address to = address_of(B, family, 5300);
	struct db_pair gone = { .owner = ID_B, .peer = ID_A, .direction = DB_INGRESS };

	policy_reset();
	policy_flags(ID_A, DB_EP_CLOSED_INGRESS);
	policy_flags(ID_B, DB_EP_CLOSED_INGRESS | DB_EP_CLOSED_EGRESS);
	policy_rule(ID_B, DB_INGRESS, ID_A, IPPROTO_UDP, 5300, 5300, DB_ALLOW, 11);
	generation_next();
	claim(!send_to(client, "q", to) && echo(server, "q", "a", PATIENT) && hears(client, "a", PATIENT),
		NAMED("request arrives, answer comes back, both ends closed"));
	for (int i = 0; i < 20; i++)
		if (send_to(client, "q", to) || !echo(server, "q", "a", PATIENT) || !hears(client, "a", PATIENT))
			claim(0, NAMED("later ones too"));
	claim(event_await(DB_REASON_RULE_ALLOWS, ID_A, PATIENT) && events_count(DB_REASON_RULE_ALLOWS, ID_A) == 1 &&
			events_count(DB_REASON_NO_RULE, ID_B) == 0,
		NAMED("21 datagrams, one record"), "%d", events_count(DB_REASON_RULE_ALLOWS, ID_A));
	claim(send_to(server, "unasked", address_of(C, family, 5300)) == -EPERM,
		NAMED("what is no answer is refused from the same socket"));
	claim(event_await(DB_REASON_NO_RULE, ID_B, PATIENT) != NULL, NAMED("and recorded"));
	other = udp_bound(B, family, 5301);
	claim(send_to(other, "unasked", address_of(A, family, port_of(client))) == -EPERM,
		NAMED("an answer from another port is none"));
	close(other);
	other = sock_in(C, family, SOCK_DGRAM, 0);
	events_forget();
	claim(send_to(other, "q", to) == -EPERM && send_to(other, "q", to) == -EPERM, NAMED("a stranger gets EPERM"));
	claim(event_await(DB_REASON_NO_RULE, ID_C, PATIENT) && events_count(DB_REASON_NO_RULE, ID_C) == 1,
		NAMED("with one record for both tries"), "%d", events_count(DB_REASON_NO_RULE, ID_C));
	close(other);
	other = sock_in(A, family, SOCK_DGRAM, 0);
	claim(!dial(other, to, PATIENT) && !say(other, "q") && echo(server, "q", "a", PATIENT) && hears(other, "a", PATIENT),
		NAMED("a connected socket too"));
	/* The answer is not refused for a rule that only its asker has. */
	bpf_map_delete_elem(lab_map("pairs"), &gone);
	generation_next();
	claim(say(other, "q") == -EPERM, NAMED("revoked: the connected socket gets EPERM"));
	claim(send_to(client, "q", to) == -EPERM, NAMED("revoked: so does the other"));
	claim(send_to(server, "late", address_of(A, family, port_of(client))) == -EPERM,
		NAMED("revoked: an answer is none any more"));
	claim(!readable(client, IMPATIENT), NAMED("and nothing comes"));
	close(other);
	close(client);
	close(server);
}

/* Resolvers connect a datagram socket to each address they have found, ask for its own, and close it. */
/* A question is on its way to its answer when the rule goes; the callee itself may send to anybody. */
static void revoked_on_its_way(int family, const char *name)
{
	int server = udp_bound(B, family, 5300), client = sock_in(A, family, SOCK_DGRAM, 0);
	union address to = address_of(B, family, 5300), from;
	struct db_pair gone = { .owner = ID_B, .peer = ID_A, .direction = DB_INGRESS };

	policy_reset();
	policy_flags(ID_B, DB_EP_CLOSED_INGRESS);
	policy_rule(ID_B, DB_INGRESS, ID_A, IPPROTO_UDP, 5300, 5300, DB_ALLOW, 11);
	generation_next();
	claim(!dial(client, to, PATIENT) && !say(client, "q") && echo(server, "q", "a", PATIENT) && hears(client, "a", PATIENT),
		NAMED("revoked on its way: allowed before"));
	say(client, "q");
	from = heard_from(server);
	bpf_map_delete_elem(lab_map("pairs"), &gone);
	generation_next();
	send_to(server, "a", from);
	readable(client, IMPATIENT);
	say(client, "q");
	claim(!readable(server, IMPATIENT), NAMED("revoked on its way: the next question does not arrive"));
	close(client);
	close(server);
}

static void sorting(int family, const char *name)
{
	int server = udp_bound(B, family, 80), fd;
	union address to = address_of(B, family, 80), own = {}, nowhere = { .any = { AF_UNSPEC } };
	socklen_t size = sizeof(own);

	policy_reset();
	policy_flags(ID_B, DB_EP_CLOSED_INGRESS);
	policy_rule(ID_B, DB_INGRESS, ID_A, IPPROTO_TCP, 80, 80, DB_ENGINE, 11);
	generation_next();
	events_forget();
	for (int i = 0; i < 10; i++) {
		fd = sock_in(A, family, SOCK_DGRAM, 0);
		claim(!dial(fd, to, PATIENT) && !getsockname(fd, &own.any, &size) && own.v4.sin_port,
			NAMED("connect sends nothing: it succeeds"));
		connect(fd, &nowhere.any, sizeof(nowhere.v4));
		close(fd);
	}
	claim(events_count(DB_REASON_NO_RULE, ID_A) == 0 && events_count(DB_REASON_NO_RULE, ID_B) == 0,
		NAMED("and leaves no record"), "%d", events_count(DB_REASON_NO_RULE, ID_A));
	fd = sock_in(A, family, SOCK_DGRAM, 0);
	claim(!dial(fd, to, PATIENT) && say(fd, "x") == -EPERM && say(fd, "x") == -EPERM,
		NAMED("what is sent is refused at once"));
	claim(event_await(DB_REASON_NO_RULE, ID_A, PATIENT) && events_count(DB_REASON_NO_RULE, ID_A) == 1,
		NAMED("and leaves one"), "%d", events_count(DB_REASON_NO_RULE, ID_A));
	claim(!readable(server, IMPATIENT), NAMED("and nothing comes"));
	close(fd);
	close(server);
}

static void mapped(void)
{
	int server = udp_bound(B, AF_INET6, 5300), client = sock_in(A, AF_INET6, SOCK_DGRAM, 0);
	int stranger = sock_in(C, AF_INET6, SOCK_DGRAM, 0);

	policy_reset();
	policy_flags(ID_B, DB_EP_CLOSED_INGRESS | DB_EP_CLOSED_EGRESS);
	policy_rule(ID_B, DB_INGRESS, ID_A, IPPROTO_UDP, 5300, 5300, DB_ALLOW, 12);
	generation_next();
	claim(!send_to(client, "q", mapped_of(B, 5300)) && echo(server, "q", "a", PATIENT) && hears(client, "a", PATIENT),
		"mapped: request and answer");
	claim(send_to(stranger, "q", mapped_of(B, 5300)) == -EPERM, "mapped: a stranger gets EPERM");
	claim(send_to(stranger, "q", address_of(B, AF_INET, 5300)) == -EPERM,
		"mapped: also with an IPv4 address on an IPv6 socket");
	close(server);
	close(client);
	close(stranger);
}

static void outsiders(void)
{
	int server = udp_bound(B, AF_INET, 5300), client = sock_in(LAN, AF_INET, SOCK_DGRAM, 0);
	int resolver = udp_bound(LAN, AF_INET, 53), asker = sock_in(A, AF_INET, SOCK_DGRAM, 0);
	int stolen = sock_at(A, NO_CGROUP, AF_INET, SOCK_DGRAM, 0);
	union address to = address_of(B, AF_INET, 5300);

	policy_reset();
	policy_flags(ID_B, DB_EP_CLOSED_INGRESS | DB_EP_CLOSED_EGRESS);
	generation_next();
	send_to(client, "q", to);
	claim(event_await(DB_REASON_NO_RULE, ID_B, PATIENT) && !readable(server, IMPATIENT),
		"an outsider's datagram does not arrive and is recorded");
	policy_rule(ID_B, DB_INGRESS, DB_PEER_WORLD, IPPROTO_UDP, 5300, 5300, DB_ALLOW, 13);
	generation_next();
	events_forget();
	claim(!send_to(client, "q", to) && echo(server, "q", "a", PATIENT) && hears(client, "a", PATIENT),
		"a rule for the world admits it, and the answer leaves");
	claim(!send_to(client, "q", to) && echo(server, "q", "a", PATIENT) && hears(client, "a", PATIENT), "again");
	claim(event_await(DB_REASON_RULE_ALLOWS, ID_B, PATIENT) && events_count(DB_REASON_RULE_ALLOWS, ID_B) == 1,
		"with one record for both", "%d", events_count(DB_REASON_RULE_ALLOWS, ID_B));
	events_forget();
	send_to(stolen, "q", to);
	claim(event_await(DB_REASON_UNVOUCHED_ADDRESS, ID_B, PATIENT) && !readable(server, IMPATIENT),
		"a container's address without its record does not arrive");
	policy_flags(ID_A, DB_EP_CLOSED_INGRESS | DB_EP_CLOSED_EGRESS);
	policy_rule(ID_A, DB_EGRESS, DB_PEER_WORLD, IPPROTO_UDP, 53, 53, DB_ALLOW, 14);
	generation_next();
	claim(!send_to(asker, "q", address_of(LAN, AF_INET, 53)) && echo(resolver, "q", "a", PATIENT) &&
			hears(asker, "a", PATIENT),
		"a closed container may ask the world, and hears the answer");
	{
		union address from;
		socklen_t size = sizeof(from);
		char question[8];
		struct db_pair gone = { .owner = ID_A, .peer = DB_PEER_WORLD, .direction = DB_EGRESS };

		send_to(asker, "q", address_of(LAN, AF_INET, 53));
		readable(resolver, PATIENT);
		recvfrom(resolver, question, sizeof(question), 0, &from.any, &size);
		bpf_map_delete_elem(lab_map("pairs"), &gone);
		generation_next();
		send_to(resolver, "late", from);
		claim(!readable(asker, IMPATIENT), "an answer that comes after the rule was revoked does not arrive");
	}
	claim(!send_to(resolver, "unasked", address_of(A, AF_INET, 5400)), "while what was not asked for");
	{
		int other = udp_bound(A, AF_INET, 5400);

		send_to(resolver, "unasked", address_of(A, AF_INET, 5400));
		claim(!readable(other, IMPATIENT), "does not arrive");
		close(other);
	}
	close(server);
	close(client);
	close(resolver);
	close(asker);
	close(stolen);
}

/* Who has the address of one that was asked may not answer in its place. */
static void impostor(void)
{
	int server = udp_bound(B, AF_INET, 5300), client = sock_in(A, AF_INET, SOCK_DGRAM, 0), on = 1;
	int fd = sock_in(C, AF_INET, SOCK_DGRAM, 0);
	union address to = address_of(B, AF_INET, 5300);

	policy_reset();
	claim(!send_to(client, "q", to) && echo(server, "q", "a", PATIENT) && hears(client, "a", PATIENT), "asked and answered");
	setsockopt(fd, IPPROTO_IP, IP_TRANSPARENT, &on, sizeof(on));
	claim(!bind(fd, &to.any, sizeof(to.v4)) && send_to(fd, "b", address_of(A, AF_INET, port_of(client))) == -EPERM,
		"another with that address may not answer");
	claim(!readable(client, IMPATIENT), "and nothing comes");
	close(fd);
	close(client);
	close(server);
}

struct race {
	int fd;
	union address to;
	volatile int stop;
};

static void *sends(void *argument)
{
	struct race *race = argument;

	while (!race->stop)
		send_to(race->fd, "r", race->to);
	return NULL;
}

/* Two threads, one socket: no entry may be made out of one thread's address and the other's verdict. */
static void race(void)
{
	int allowed = udp_bound(B, AF_INET, 5300), denied = udp_bound(C, AF_INET, 5300);
	int fd = sock_in(A, AF_INET, SOCK_DGRAM, 0), count = 0;
	struct race to_allowed = { fd, address_of(B, AF_INET, 5300), 0 }, to_denied = { fd, address_of(C, AF_INET, 5300), 0 };
	struct db_flow_key key = {
		.source.bytes = { [10] = 0xff, 0xff, 10, 77, 0, 1 },
		.destination.bytes = { [10] = 0xff, 0xff, 10, 77, 0, 3 },
		.destination_port = 5300,
		.protocol = IPPROTO_UDP,
	};
	struct db_flow flow;
	pthread_t threads[2];
	char byte;

	policy_reset();
	policy_flags(ID_C, DB_EP_CLOSED_INGRESS);
	generation_next();
	pthread_create(&threads[0], NULL, sends, &to_allowed);
	pthread_create(&threads[1], NULL, sends, &to_denied);
	for (int i = 0; i < 200; i++) {
		if (readable(denied, 5))
			count += recv(denied, &byte, 1, 0) == 1;
		while (recv(allowed, &byte, 1, MSG_DONTWAIT) == 1)
			;
	}
	to_allowed.stop = to_denied.stop = 1;
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	claim(count == 0, "two threads on one socket get nothing to a denied address", "%d arrived", count);
	/* The receiver refuses as well, so the proof is that the sender's program never let one leave. */
	key.source_port = port_of(fd);
	claim(bpf_map_lookup_elem(lab_map("flows"), &key, &flow) && errno == ENOENT, "not one was let out");
	events_forget();
	for (int i = 0; i < 20; i++) {
		send_to(fd, "r", address_of(B, AF_INET, 5300));
		send_to(fd, "r", address_of(LAN, AF_INET, 5300));
	}
	claim(events_count(DB_REASON_OPEN, ID_A) == 1, "datagrams to two places in turn: one record a flow", "%d",
		events_count(DB_REASON_OPEN, ID_A));
	close(fd);
	close(allowed);
	close(denied);
}

static void shapes(void)
{
	int server = udp_bound(B, AF_INET, 5300), client = sock_in(A, AF_INET, SOCK_DGRAM, 0), fd, on = 1, size = 1000;
	int open_receiver = udp_bound(B, AF_INET, 5555), closed_receiver = udp_bound(C, AF_INET, 5555);
	union address to = address_of(B, AF_INET, 5300), everyone = to;
	char large[9000] = "", heard[10000];
	int total = 0;

	policy_reset();
	policy_flags(ID_B, DB_EP_CLOSED_INGRESS);
	policy_flags(ID_C, DB_EP_CLOSED_INGRESS);
	policy_rule(ID_B, DB_INGRESS, ID_A, IPPROTO_UDP, 5300, 5300, DB_ALLOW, 15);
	policy_rule(ID_B, DB_INGRESS, ID_A, IPPROTO_UDP, 5555, 5555, DB_ALLOW, 16);
	generation_next();
	claim(sendto(client, large, sizeof(large), 0, &to.any, sizeof(to.v4)) == sizeof(large) && readable(server, PATIENT) &&
			recv(server, heard, sizeof(heard), 0) == sizeof(large),
		"a datagram that the kernel must fragment arrives");
	setsockopt(client, IPPROTO_UDP, UDP_CORK, &on, sizeof(on));
	send_to(client, "one", to);
	send_to(client, "two", to);
	on = 0;
	setsockopt(client, IPPROTO_UDP, UDP_CORK, &on, sizeof(on));
	claim(hears(server, "onetwo", PATIENT), "a corked datagram arrives");
	setsockopt(client, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size));
	if (sendto(client, large, sizeof(large), 0, &to.any, sizeof(to.v4)) == sizeof(large))
		while (total < (int)sizeof(large) && readable(server, PATIENT))
			total += recv(server, heard, sizeof(heard), 0);
	claim(total == sizeof(large), "segments made by UDP GSO arrive", "%d bytes", total);
	fd = sock_in(C, AF_INET, SOCK_DGRAM, 0);
	setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size));
	claim(sendto(fd, large, sizeof(large), 0, &to.any, sizeof(to.v4)) < 0 && errno == EPERM, "and a stranger's do not leave");
	on = 1;
	setsockopt(fd, IPPROTO_UDP, UDP_CORK, &on, sizeof(on));
	claim(send_to(fd, "one", to) == -EPERM, "nor do its corked ones");
	close(fd);
	fd = sock_in(A, AF_INET, SOCK_DGRAM, 136);
	if (fd < 0) {
		skip("UDP-Lite is not UDP", "no UDP-Lite");
	} else {
		claim(send_to(fd, "lite", to) == -EPERM, "UDP-Lite is not UDP");
		close(fd);
	}
	everyone.v4.sin_addr.s_addr = inet_addr("10.77.0.255");
	everyone.v4.sin_port = htons(5555);
	on = 1;
	size = 0;
	setsockopt(client, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size));
	setsockopt(client, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on));
	claim(!send_to(client, "all", everyone) && hears(open_receiver, "all", PATIENT), "a broadcast reaches who lets it in");
	claim(!readable(closed_receiver, IMPATIENT) && event_await(DB_REASON_NO_RULE, ID_C, PATIENT), "and nobody else");
	policy_flags(ID_A, DB_EP_CLOSED_EGRESS);
	generation_next();
	claim(send_to(client, "all", everyone) == -EPERM, "a container closed in egress sends none");
	close(open_receiver);
	close(closed_receiver);
	close(server);
	close(client);
}

/* What arrives at the engine's listener for datagrams counts as the slot's owner's: nobody sends there by himself. */
static void listener_alone(int family, const char *name)
{
	struct db_slot_key key = { .netns = 1, .slot = family == AF_INET6 };
	struct db_slot slot = { .owner = ID_C, .callee = ID_B, .port = 53, .listener = 5353 };
	int listening = udp_bound(A, family, 5353), fd;
	union address to[2] = { loopback(family, 5353), { .any = { family } } };
	const struct db_event *event;

	to[1].v4.sin_port = htons(5353);
	policy_reset();
	for (int anywhere = 0; anywhere < 2; anywhere++) {
		fd = sock_in(A, family, SOCK_DGRAM, 0);
		claim(!dial(fd, to[anywhere], PATIENT) && !say(fd, "x") && hears(listening, "x", PATIENT) &&
				!send_to(fd, "y", to[anywhere]) && hears(listening, "y", PATIENT),
			NAMED("no slot: loopback is not judged"));
		close(fd);
		must(bpf_map_update_elem(lab_map("slots"), &key, &slot, BPF_ANY), "slots");
		events_forget();
		fd = sock_in(A, family, SOCK_DGRAM, 0);
		claim(dial(fd, to[anywhere], PATIENT) == -EPERM, NAMED("connect() there is refused"));
		event = event_await(DB_REASON_NO_ORIGIN, ID_A, PATIENT);
		claim(event && event->protocol == IPPROTO_UDP && event->destination_port == 5353,
			NAMED("and recorded with its protocol"), "%d", event ? event->protocol : -1);
		claim(send_to(fd, "x", to[anywhere]) == -EPERM && !readable(listening, IMPATIENT), NAMED("so is sendto()"));
		close(fd);
		bpf_map_delete_elem(lab_map("slots"), &key);
	}
	close(listening);
}

void udp_cases(void)
{
	listener_alone(AF_INET, "datagram listener IPv4");
	listener_alone(AF_INET6, "datagram listener IPv6");
	request_and_reply(AF_INET, "UDP IPv4");
	request_and_reply(AF_INET6, "UDP IPv6");
	revoked_on_its_way(AF_INET, "UDP IPv4");
	revoked_on_its_way(AF_INET6, "UDP IPv6");
	sorting(AF_INET, "address sorting IPv4");
	sorting(AF_INET6, "address sorting IPv6");
	mapped();
	outsiders();
	impostor();
	shapes();
	race();
}
