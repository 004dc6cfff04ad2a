// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Containers that share a network namespace: who is called is who listens, also
 * where an engine judges, and whoever can't be told is judged as strictly as
 * any. A owns the address, C is its guest, B calls from elsewhere.
 */
#define _GNU_SOURCE
#include "lab.h"
#include "tap.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <string.h>
#include <unistd.h>

static char text[160];
#define NAMED(what) (snprintf(text, sizeof(text), "%s: %s", name, what), text)

enum who { AS_A = A, AS_C = C, AS_NOBODY = NO_CGROUP };

/* In A's namespace. */
static int listens_as(enum who who, union address at, int option, const void *value, socklen_t size)
{
	int fd = sock_at(A, who, at.any.sa_family, SOCK_STREAM, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	must(value && setsockopt(fd, SOL_SOCKET, option, value, size), "option");
	must(bind(fd, &at.any, address_size(&at)) || listen(fd, 64), "listener");
	return fd;
}

static union address any_at(int family, uint16_t port)
{
	union address any = { .any = { family } };

	any.v4.sin_port = htons(port);
	return any;
}

static int listens(enum who who, int family, uint16_t port)
{
	return listens_as(who, any_at(family, port), 0, NULL, 0);
}

static void together(uint32_t flags_a, uint32_t flags_c)
{
	policy_shared(1);
	policy_flags(ID_A, flags_a);
	policy_flags(ID_C, flags_c);
	policy_neighbour(B, A);
}

static void agreed(void)
{
	generation_next();
	events_forget();
}

static int dials(enum place place, int cgroup, union address to, int deadline)
{
	int fd = sock_at(place, cgroup, to.any.sa_family, SOCK_STREAM, 0), status = dial(fd, to, deadline);

	if (!status)
		return fd;
	close(fd);
	return status;
}

static int b_dials(union address to)
{
	return dials(B, B, to, IMPATIENT);
}

/* From here to whoever listens there; both are closed. */
static int talks(int client, int listening)
{
	int server = client < 0 ? -1 : accepted(listening, PATIENT), ok;

	ok = server >= 0 && !say(client, "x") && hears(server, "x", PATIENT) && !say(server, "y") && hears(client, "y", PATIENT);
	close(server);
	close(client);
	return ok;
}

static void from_elsewhere(union address to, int family, const char *name)
{
	int c = listens(AS_C, family, 7000), client;

	together(DB_EP_CLOSED_INGRESS, 0);
	agreed();
	claim(talks(b_dials(to), c), NAMED("the guest's port, the owner closed"));
	together(0, DB_EP_CLOSED_INGRESS);
	agreed();
	client = b_dials(to);
	claim(client == -EPERM && event_await(DB_REASON_NO_RULE, ID_B, PATIENT) && !readable(c, 0),
		NAMED("the guest closed, the owner open: EPERM"), "%d", client);
	policy_rule(ID_C, DB_INGRESS, ID_B, IPPROTO_TCP, 7000, 7000, DB_ALLOW, 1);
	agreed();
	claim(talks(b_dials(to), c), NAMED("by the guest's own rule"));
	close(c);
	client = b_dials(to);
	claim(client == -ECONNREFUSED && events_count(DB_REASON_RULE_ALLOWS, ID_B) + events_count(DB_REASON_OPEN, ID_B) == 2,
		NAMED("nobody listens, and somebody may be called: ECONNREFUSED"), "%d", client);
	together(DB_EP_CLOSED_INGRESS, DB_EP_CLOSED_INGRESS);
	agreed();
	client = b_dials(to);
	claim(client == -EPERM, NAMED("nobody listens, and nobody may be called: EPERM"), "%d", client);
}

/* Whose listener it is, nobody can say. */
static void unknown(int listening, const char *name)
{
	union address to = address_of(A, AF_INET, 7000);
	int client;

	together(0, 0);
	agreed();
	claim(talks(b_dials(to), listening), NAMED("all are open"));
	for (int closed = 0; closed < 2; closed++) {
		together(closed ? DB_EP_CLOSED_INGRESS : 0, closed ? 0 : DB_EP_CLOSED_INGRESS);
		agreed();
		client = b_dials(to);
		claim(client == -EPERM && event_await(DB_REASON_NO_RULE, ID_B, PATIENT) && !readable(listening, 0),
			NAMED(closed ? "the owner is closed: EPERM" : "the guest is closed: EPERM"), "%d", client);
		policy_rule(closed ? ID_A : ID_C, DB_INGRESS, ID_B, IPPROTO_TCP, 7000, 7000, DB_ENGINE, 1);
		agreed();
		client = b_dials(to);
		claim(client == -EPERM && event_await(DB_REASON_LISTENER_UNKNOWN, ID_B, PATIENT) && !readable(listening, 0),
			NAMED("an engine would have to judge: EPERM, and why"), "%d", client);
	}
}

static void unknowns(void)
{
	struct db_neighbour pair = { .netns = 2, .other = 1 };
	int listening = listens(AS_NOBODY, AF_INET, 7000), client;
	uint32_t netns = 1, one = 1;

	unknown(listening, "a listener of the host's");
	close(listening);
	together(0, DB_EP_CLOSED_INGRESS);
	listening = listens(AS_A, AF_INET, 7000);
	bpf_map_delete_elem(lab_map("neighbours"), &pair);
	agreed();
	client = b_dials(address_of(A, AF_INET, 7000));
	claim(client == -EPERM, "a namespace that cannot be asked: the strictest answers", "%d", client);
	policy_neighbour(B, A);
	must(bpf_map_update_elem(lab_map("rewriters"), &netns, &one, BPF_ANY), "rewriters");
	claim(talks(b_dials(address_of(A, AF_INET, 7000)), listening), "one who may redirect ports: who listens counts");
	close(listening);
	client = b_dials(address_of(A, AF_INET, 7000));
	claim(client == -EPERM, "and where nobody does, the strictest answers", "%d", client);
	together(DB_EP_CLOSED_INGRESS, 0);
	listening = listens_as(AS_C, any_at(AF_INET, 7000), SO_BINDTODEVICE, "eth0", 4);
	agreed();
	client = b_dials(address_of(A, AF_INET, 7000));
	claim(client == -EPERM, "a listener bound to an interface: the strictest answers", "%d", client);
	close(listening);
}

/* One that was there before the programs, until somebody calls it on its loopback, as a health check does. */
static void older(void)
{
	int c = listens(AS_C, AF_INET, 7000), client;

	together(DB_EP_CLOSED_INGRESS, 0);
	agreed();
	must(bpf_map_delete_elem(lab_map("sockets"), &c), "forget whose it is");
	client = b_dials(address_of(A, AF_INET, 7000));
	claim(client == -EPERM, "an older listener: the strictest answers", "%d", client);
	claim(talks(dials(A, C, loopback(AF_INET, 7000), IMPATIENT), c), "its own loopback goes on");
	claim(talks(b_dials(address_of(A, AF_INET, 7000)), c), "and from then on it is known for whose it is");
	close(c);
}

static void to_the_engine(union address to, int family, const char *name)
{
	int v4 = to.any.sa_family == AF_INET || family == AF_INET, engine = engine_offered(B, v4 ? AF_INET : AF_INET6);
	int c = listens(AS_C, family, 7000), client, inside;
	struct db_socket origin = {};

	together(DB_EP_CLOSED_INGRESS, DB_EP_CLOSED_INGRESS);
	policy_engine(ID_B, v4 ? port_of(engine) : 0, v4 ? 0 : port_of(engine));
	policy_rule(ID_C, DB_INGRESS, ID_B, IPPROTO_TCP, 7000, 7000, DB_ENGINE, 1);
	agreed();
	client = b_dials(to);
	inside = accepted(engine, PATIENT);
	claim(client >= 0 && origin_of(inside, &origin) && origin.owner == ID_B && origin.peer == ID_C && origin.port == 7000,
		NAMED("is judged for who listens"), "%d", client);
	close(client);
	close(inside);
	client = engine_dials_for(B, ID_B, ID_C, to.any.sa_family);
	claim(!dial(client, to, PATIENT) && talks(client, c), NAMED("and carried on to him"));
	client = engine_dials_for(B, ID_B, ID_A, to.any.sa_family);
	claim(dial(client, to, IMPATIENT) < 0 && !readable(c, 0), NAMED("what was judged for the owner is not"));
	close(client);
	/* The owner's rules send it to an engine, the guest's say nothing. */
	together(DB_EP_CLOSED_INGRESS, 0);
	policy_rule(ID_A, DB_INGRESS, ID_B, IPPROTO_TCP, 7000, 7000, DB_ENGINE, 1);
	agreed();
	claim(talks(b_dials(to), c) && !readable(engine, 0), NAMED("nobody reads what the guest's rules do not govern"));
	close(c);
	together(DB_EP_CLOSED_INGRESS, DB_EP_CLOSED_INGRESS);
	policy_engine(ID_B, v4 ? port_of(engine) : 0, v4 ? 0 : port_of(engine));
	policy_rule(ID_C, DB_INGRESS, ID_B, IPPROTO_TCP, 7000, 7000, DB_ENGINE, 1);
	agreed();
	client = b_dials(to);
	claim(client == -ECONNREFUSED && !readable(engine, 0),
		NAMED("nobody listens: ECONNREFUSED, and the engine hears nothing"), "%d", client);
	close(engine);
}

static void forget_ports(void)
{
	uint64_t key;

	while (!bpf_map_get_next_key(lab_map("ports"), NULL, &key))
		bpf_map_delete_elem(lab_map("ports"), &key);
}

/* What nobody could judge at connect: of outsiders. */
static void arriving(int family, const char *name)
{
	union address to = address_of(A, family, 7000);
	int engine = engine_offered(A, family), client, inside, c;
	int one = 1, a;
	struct db_socket origin = {};

	forget_ports();
	together(0, DB_EP_CLOSED_INGRESS);
	policy_engine(ID_A, family == AF_INET ? port_of(engine) : 0, family == AF_INET ? 0 : port_of(engine));
	policy_engine(ID_C, family == AF_INET ? port_of(engine) : 0, family == AF_INET ? 0 : port_of(engine));
	c = listens(AS_C, family, 7000);
	agreed();
	client = dials(LAN, NO_CGROUP, to, PATIENT);
	claim(client == -ECONNREFUSED && event_await(DB_REASON_NO_RULE, ID_C, PATIENT), NAMED("whom the guest denies: reset"),
		"%d", client);
	policy_rule(ID_C, DB_INGRESS, DB_PEER_WORLD, IPPROTO_TCP, 7000, 7000, DB_ENGINE, 7);
	agreed();
	client = dials(LAN, NO_CGROUP, to, PATIENT);
	inside = accepted(engine, PATIENT);
	claim(client >= 0 && origin_of(inside, &origin) && origin.peer == ID_C && origin.owner == DB_PEER_WORLD,
		NAMED("the guest's engine rule: judged for the guest"), "%d", client);
	close(client);
	close(inside);
	client = engine_dials_for(A, DB_PEER_WORLD, ID_C, family);
	claim(!dial(client, to, PATIENT) && talks(client, c), NAMED("and carried on to him"));
	client = engine_dials_for(A, DB_PEER_WORLD, ID_A, family);
	claim(dial(client, to, IMPATIENT) < 0 && event_await(DB_REASON_WRONG_CALLEE, ID_C, PATIENT),
		NAMED("what was judged for the owner is not"));
	close(client);
	close(c);
	close(engine);
	/* Whoever listened last need not be who is called. */
	together(0, DB_EP_CLOSED_INGRESS);
	a = listens_as(AS_A, to, SO_REUSEPORT, &one, sizeof(one));
	c = listens_as(AS_C, any_at(family, 7000), SO_REUSEPORT, &one, sizeof(one));
	agreed();
	claim(talks(dials(LAN, NO_CGROUP, to, PATIENT), a), NAMED("whom another at that port denies"));
	close(a);
	close(c);
}

/* 0.0.0.0 and :: are loopback to connect(), and the search for a listener too. */
static void unspecified(int family, const char *name)
{
	int engine = engine_offered(A, family), c, client, inside;
	struct db_socket origin = {};

	together(0, DB_EP_CLOSED_INGRESS);
	policy_engine(ID_A, family == AF_INET ? port_of(engine) : 0, family == AF_INET ? 0 : port_of(engine));
	policy_engine(ID_C, family == AF_INET ? port_of(engine) : 0, family == AF_INET ? 0 : port_of(engine));
	c = listens_as(AS_C, loopback(family, 7000), 0, NULL, 0);
	agreed();
	client = dials(A, A, any_at(family, 7000), IMPATIENT);
	claim(client == -EPERM, NAMED("closed: EPERM"), "%d", client);
	policy_rule(ID_C, DB_INGRESS, ID_A, IPPROTO_TCP, 7000, 7000, DB_ENGINE, 1);
	agreed();
	client = dials(A, A, any_at(family, 7000), IMPATIENT);
	inside = accepted(engine, PATIENT);
	claim(client >= 0 && origin_of(inside, &origin) && origin.peer == ID_C, NAMED("judged for who listens"), "%d", client);
	close(client);
	close(inside);
	close(c);
	close(engine);
}

/* From one to another of the same namespace. */
static void within(union address to, int family, const char *name)
{
	int v4 = to.any.sa_family == AF_INET || family == AF_INET, engine = engine_offered(A, v4 ? AF_INET : AF_INET6);
	int c, client, inside;
	union address said = {};
	socklen_t size = sizeof(said);
	struct db_socket origin = {};
	uint32_t netns = 1, one = 1;

	together(DB_EP_CLOSED_INGRESS, DB_EP_CLOSED_INGRESS);
	policy_engine(ID_A, v4 ? port_of(engine) : 0, v4 ? 0 : port_of(engine));
	policy_engine(ID_C, v4 ? port_of(engine) : 0, v4 ? 0 : port_of(engine));
	agreed();
	client = dials(A, A, to, IMPATIENT);
	claim(client == -ECONNREFUSED, NAMED("nobody listens: ECONNREFUSED"), "%d", client);
	c = listens(AS_C, family, 7000);
	client = dials(A, A, to, IMPATIENT);
	claim(client == -EPERM && event_await(DB_REASON_NO_RULE, ID_A, PATIENT) && !readable(c, 0), NAMED("closed: EPERM"), "%d",
		client);
	claim(talks(dials(A, C, to, IMPATIENT), c), NAMED("its own listener: not judged"));
	policy_rule(ID_C, DB_INGRESS, ID_A, IPPROTO_TCP, 7000, 7000, DB_ENGINE, 1);
	agreed();
	client = dials(A, A, to, IMPATIENT);
	inside = accepted(engine, PATIENT);
	claim(client >= 0 && origin_of(inside, &origin) && origin.owner == ID_A && origin.peer == ID_C && origin.port == 7000,
		NAMED("an engine's rule: judged for who listens"), "%d", client);
	getpeername(client, &said.any, &size);
	claim(!memcmp(&said, &to, address_size(&to)), NAMED("getpeername gives what was asked for"));
	size = sizeof(said);
	getsockname(client, &said.any, &size);
	to.v4.sin_port = htons(port_of(client));
	claim(!memcmp(&said, &to, address_size(&to)), NAMED("getsockname what it would without us"));
	to.v4.sin_port = htons(7000);
	generation_next();
	claim(!say(client, "x") && hears(inside, "x", PATIENT), NAMED("and goes on in the next generation"));
	close(client);
	close(inside);
	client = engine_dials_for(A, ID_A, ID_C, to.any.sa_family);
	claim(!dial(client, to, PATIENT) && talks(client, c), NAMED("and carried on to him"));
	client = engine_dials_for(A, ID_A, ID_A, to.any.sa_family);
	claim(dial(client, to, IMPATIENT) < 0 && event_await(DB_REASON_WRONG_CALLEE, ID_C, PATIENT),
		NAMED("what was judged for another is not"));
	close(client);
	must(bpf_map_update_elem(lab_map("rewriters"), &netns, &one, BPF_ANY), "rewriters");
	events_forget();
	client = dials(A, A, to, IMPATIENT);
	claim(client == -EPERM && event_await(DB_REASON_CALLER_REWRITES, ID_A, PATIENT),
		NAMED("where packets can be changed: EPERM, and why"), "%d", client);
	close(c);
	c = listens(AS_NOBODY, family, 7000);
	claim(talks(dials(A, A, to, IMPATIENT), c), NAMED("a listener of the host's: as on any loopback"));
	close(c);
	close(engine);
}

/* Two of one port: the kernel chooses anew for every SYN, and whoever gets it has rules of its own. */
static void two_of_a_port(void)
{
	union address to = address_of(A, AF_INET, 7000);
	int one = 1, a, c, wrong = 0, let_in = 0;

	together(0, 0);
	a = listens_as(AS_A, any_at(AF_INET, 7000), SO_REUSEPORT, &one, sizeof(one));
	c = listens_as(AS_C, any_at(AF_INET, 7000), SO_REUSEPORT, &one, sizeof(one));
	/* The search finds the same one each time, whichever that is: so either denies in turn. */
	for (int guest = 0; guest < 2; guest++) {
		together(guest ? 0 : DB_EP_CLOSED_INGRESS, guest ? DB_EP_CLOSED_INGRESS : 0);
		agreed();
		for (int i = 0; i < 24; i++) {
			int client = dials(B, B, to, 30), whose = guest ? c : a;

			let_in += readable(guest ? a : c, 0);
			close(accepted(guest ? a : c, 0));
			wrong += readable(whose, 0);
			close(client);
		}
	}
	claim(!wrong && let_in, "one port of two: whom it denies neither gets, and some come to the other", "%d %d", wrong,
		let_in);
	close(a);
	close(c);
	/* Ahead of the wildcard's. */
	together(DB_EP_CLOSED_INGRESS, 0);
	a = listens_as(AS_A, any_at(AF_INET, 7000), SO_REUSEPORT, &one, sizeof(one));
	c = listens_as(AS_C, to, SO_REUSEPORT, &one, sizeof(one));
	agreed();
	claim(talks(b_dials(to), c), "the listener at the address itself is who is called");
	close(c);
	c = b_dials(to);
	claim(c == -EPERM && !readable(a, 0), "then the wildcard's again", "%d", c);
	close(a);
}

/* The guest comes while a connection is under way, and goes again. */
static void comes_and_goes(void)
{
	union address to = address_of(A, AF_INET, 7000);
	int a, c, client;

	policy_shared(0);
	policy_neighbour(B, A);
	policy_flags(ID_A, DB_EP_CLOSED_INGRESS);
	policy_rule(ID_A, DB_INGRESS, ID_B, IPPROTO_TCP, 7000, 7000, DB_ALLOW, 1);
	agreed();
	a = listens(AS_A, AF_INET, 7000);
	client = b_dials(to);
	together(DB_EP_CLOSED_INGRESS, DB_EP_CLOSED_INGRESS);
	policy_rule(ID_A, DB_INGRESS, ID_B, IPPROTO_TCP, 7000, 7000, DB_ALLOW, 1);
	agreed();
	claim(talks(client, a), "a connection goes on when a guest joins");
	claim(talks(b_dials(to), a), "and a listener from before is known for whose it is");
	close(a);
	c = listens(AS_C, AF_INET, 7000);
	client = b_dials(to);
	claim(client == -EPERM && !readable(c, 0), "the guest takes the port: its rules", "%d", client);
	policy_shared(0);
	policy_flags(ID_A, DB_EP_CLOSED_INGRESS);
	agreed();
	client = b_dials(to);
	claim(client == -EPERM, "the guest has gone: whose the address is", "%d", client);
	close(c);
}

void shared_cases(void)
{
	policy_shared(1);
	from_elsewhere(address_of(A, AF_INET, 7000), AF_INET, "IPv4");
	from_elsewhere(address_of(A, AF_INET6, 7000), AF_INET6, "IPv6");
	from_elsewhere(address_of(A, AF_INET, 7000), AF_INET6, "IPv4 to a dual-stack listener");
	from_elsewhere(mapped_of(A, 7000), AF_INET, "mapped");
	unknowns();
	older();
	to_the_engine(address_of(A, AF_INET, 7000), AF_INET, "to the engine");
	to_the_engine(address_of(A, AF_INET6, 7000), AF_INET6, "to the engine by IPv6");
	arriving(AF_INET, "from outside");
	arriving(AF_INET6, "from outside by IPv6");
	within(loopback(AF_INET, 7000), AF_INET, "within, 127.0.0.1");
	within(loopback(AF_INET6, 7000), AF_INET6, "within, ::1");
	within(loopback(AF_INET, 7000), AF_INET6, "within, 127.0.0.1 to a dual-stack listener");
	within(address_of(A, AF_INET, 7000), AF_INET, "within, the common address");
	within(address_of(A, AF_INET6, 7000), AF_INET6, "within, the common address of IPv6");
	unspecified(AF_INET, "within, 0.0.0.0");
	unspecified(AF_INET6, "within, ::");
	two_of_a_port();
	comes_and_goes();
	policy_shared(0);
}
