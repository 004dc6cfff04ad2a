// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The border with the engine: what is sent to it, what it may send, and what pretends to be it. */
#define _GNU_SOURCE
#include "lab.h"
#include "tap.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

static char text[160];
#define NAMED(what) (snprintf(text, sizeof(text), "%s: %s", name, what), text)

/* An engine's listener: the agent's cgroup, a container's namespace, loopback. */
static int engine_listener(enum place place, int family)
{
	int fd = sock_at(place, ENGINE_CGROUP, family, SOCK_STREAM, 0);
	union address address = loopback(family, 0);

	if (fd < 0 || bind(fd, &address.any, address_size(&address)) || listen(fd, 16))
		return -errno;
	return fd;
}

int engine_offered(enum place place, int family)
{
	int fd = engine_listener(place, family);

	listener_offer(place, fd);
	return fd;
}

static void unify(const union address *address, struct db_address *to)
{
	if (address->any.sa_family == AF_INET) {
		*to = (struct db_address){ .bytes = { [10] = 0xff, [11] = 0xff } };
		memcpy(to->bytes + 12, &address->v4.sin_addr, 4);
	} else {
		memcpy(to->bytes, &address->v6.sin6_addr, 16);
	}
}

/* What the engine asks of an accepted socket. 1 if it is known who wanted to go where. */
int origin_of(int fd, struct db_socket *origin)
{
	memset(origin, 0, sizeof(*origin));
	return !bpf_map_lookup_elem(lab_map("sockets"), &fd, origin) && origin->role == DB_ROLE_ACCEPTED;
}

static void redirect(union address to, int at_v4, const char *name)
{
	int engine = engine_offered(A, at_v4 ? AF_INET : AF_INET6), client, inside;
	union address peer = {}, wanted = to, own;
	socklen_t size = sizeof(peer);
	struct db_socket origin = {};
	struct db_address destination;
	uint8_t waiting[64];

	policy_reset();
	policy_engine(ID_A, at_v4 ? port_of(engine) : 0, at_v4 ? 0 : port_of(engine));
	policy_flags(ID_B, DB_EP_CLOSED_INGRESS);
	policy_rule(ID_B, DB_INGRESS, ID_A, IPPROTO_TCP, 8000, 8000, DB_ENGINE, 5);
	generation_next();
	client = dialled(A, to, PATIENT);
	inside = accepted(engine, PATIENT);
	claim(client >= 0 && inside >= 0, NAMED("lands at the engine's listener"), "%d %d", client, inside);
	getpeername(client, &peer.any, &size);
	claim(size == address_size(&wanted) && !memcmp(&peer, &wanted, size), NAMED("getpeername gives what was asked for"));
	size = sizeof(peer);
	getsockname(client, &peer.any, &size);
	own = to.any.sa_family == AF_INET6 && at_v4 ? mapped_of(A, port_of(client)) :
						      address_of(A, to.any.sa_family, port_of(client));
	claim(size == address_size(&own) && !memcmp(&peer, &own, size), NAMED("getsockname gives the container's own address"));
	unify(&wanted, &destination);
	claim(origin_of(inside, &origin), NAMED("its origin is there"));
	claim(!memcmp(&origin.address, &destination, 16) && origin.port == 8000 && origin.owner == ID_A && origin.peer == ID_B &&
			origin.flags == 0 && origin.generation,
		NAMED("and says who wanted what"));
	claim(bpf_map_get_next_key(lab_map("origins"), NULL, &waiting), NAMED("nothing of it waits any more"));
	claim(!say(client, "x") && hears(inside, "x", PATIENT) && !say(inside, "y") && hears(client, "y", PATIENT),
		NAMED("bytes pass both ways"));
	generation_next();
	claim(!say(client, "x") && hears(inside, "x", PATIENT), NAMED("and go on in the next generation"));
	{
		struct db_pair gone = { .owner = ID_B, .peer = ID_A, .direction = DB_INGRESS };

		bpf_map_delete_elem(lab_map("pairs"), &gone);
	}
	generation_next();
	claim(is_cut(client, inside), NAMED("until layer 4 denies them"));
	claim(event_await(DB_REASON_LATE_DENY, ID_A, PATIENT) != NULL, NAMED("recorded as late"));
	close(client);
	close(inside);
	close(engine);
}

/* A socket's state lives as long as the socket: what it says of itself must not outlive the connection. */
static void unconnected(int family)
{
	const char *name = family == AF_INET ? "unconnected IPv4" : "unconnected IPv6";
	union address wanted[2] = { { .any = { family } }, loopback(family, 0) }, own;
	union address nowhere = { .any = { AF_UNSPEC } };
	int engine = engine_offered(A, family), client;
	socklen_t size;

	policy_reset();
	policy_engine(ID_A, family == AF_INET ? port_of(engine) : 0, family == AF_INET ? 0 : port_of(engine));
	policy_flags(ID_B, DB_EP_CLOSED_INGRESS);
	policy_rule(ID_B, DB_INGRESS, ID_A, IPPROTO_TCP, 8000, 8000, DB_ENGINE, 5);
	generation_next();
	for (int at_loopback = 0; at_loopback < 2; at_loopback++) {
		union address *to = &wanted[at_loopback];

		client = dialled(A, address_of(B, family, 8000), PATIENT);
		claim(client >= 0 && !connect(client, &nowhere.any, sizeof(nowhere.any)) &&
				!bind(client, &to->any, address_size(to)),
			NAMED("is bound again"));
		for (int listening = 0; listening < 2; listening++) {
			if (listening)
				must(listen(client, 8), "listen");
			to->v4.sin_port = htons(port_of(client));
			size = sizeof(own);
			memset(&own, 0, sizeof(own));
			getsockname(client, &own.any, &size);
			claim(size == address_size(to) && !memcmp(&own, to, size),
				NAMED(listening ? "a listener says what it is bound to" : "says what it is bound to"));
		}
		close(client);
	}
	close(engine);
}

static void without_engine(void)
{
	union address to = address_of(B, AF_INET, 8000);
	int fd;

	policy_reset();
	policy_engine(ID_A, 0, 0);
	policy_flags(ID_B, DB_EP_CLOSED_INGRESS);
	policy_rule(ID_B, DB_INGRESS, ID_A, IPPROTO_TCP, 8000, 8000, DB_ENGINE, 5);
	policy_rule(ID_B, DB_INGRESS, ID_A, IPPROTO_UDP, 8000, 8000, DB_ENGINE, 6);
	generation_next();
	claim(dialled(A, to, PATIENT) == -EPERM && event_await(DB_REASON_ENGINE_UNAVAILABLE, ID_A, PATIENT),
		"no engine listens: EPERM");
	fd = sock_in(A, AF_INET, SOCK_DGRAM, 0);
	claim(!dial(fd, to, PATIENT) && say(fd, "x") == -EPERM && event_await(DB_REASON_NEEDS_ENGINE, ID_A, PATIENT),
		"no engine judges datagrams: EPERM");
	close(fd);
}

static void bound_to_device(void)
{
	int engine = engine_offered(A, AF_INET), fd;

	policy_reset();
	policy_engine(ID_A, port_of(engine), 0);
	policy_flags(ID_B, DB_EP_CLOSED_INGRESS);
	policy_rule(ID_B, DB_INGRESS, ID_A, IPPROTO_TCP, 8000, 8000, DB_ENGINE, 5);
	generation_next();
	fd = sock_in(A, AF_INET, SOCK_STREAM, 0);
	setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "eth0", 4);
	claim(dial(fd, address_of(B, AF_INET, 8000), PATIENT) == -EPERM && event_await(DB_REASON_BOUND_DEVICE, ID_A, PATIENT),
		"a socket bound to a device can't reach the engine: EPERM, and why");
	close(fd);
	close(engine);
}

/* An MPTCP client falls back to TCP at the engine's listener. */
static void mptcp(void)
{
	int engine = engine_offered(A, AF_INET), client = sock_in(A, AF_INET, SOCK_STREAM, IPPROTO_MPTCP), inside = -1;
	struct db_socket origin = {};

	if (client < 0) {
		skip("MPTCP is redirected", "no MPTCP");
		close(engine);
		return;
	}
	policy_reset();
	policy_engine(ID_A, port_of(engine), 0);
	policy_flags(ID_B, DB_EP_CLOSED_INGRESS);
	policy_rule(ID_B, DB_INGRESS, ID_A, IPPROTO_TCP, 8000, 8000, DB_ENGINE, 5);
	generation_next();
	claim(!dial(client, address_of(B, AF_INET, 8000), PATIENT) && (inside = accepted(engine, PATIENT)) >= 0,
		"MPTCP is redirected");
	claim(origin_of(inside, &origin) && origin.peer == ID_B, "MPTCP: with its origin");
	claim(!say(client, "x") && hears(inside, "x", PATIENT), "MPTCP: bytes pass");
	close(client);
	close(inside);
	close(engine);
}

/* Reaching the engine's listener by its own address gives no origin, whatever went before. */
static void without_origin(void)
{
	int engine = engine_offered(A, AF_INET), client, inside, one = 1;
	union address to = address_of(B, AF_INET, 8000), from = { .v4 = { AF_INET, htons(45001) } };
	struct db_socket origin;

	policy_reset();
	policy_engine(ID_A, port_of(engine), 0);
	policy_flags(ID_B, DB_EP_CLOSED_INGRESS);
	policy_rule(ID_B, DB_INGRESS, ID_A, IPPROTO_TCP, 8000, 8000, DB_ENGINE, 5);
	generation_next();
	/* Redirected from port 45001, reset before the engine looks; then directly, from the same port. */
	client = sock_in(A, AF_INET, SOCK_STREAM, 0);
	setsockopt(client, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	from.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	claim(!bind(client, &from.any, sizeof(from.v4)) && !dial(client, to, PATIENT), "redirected, never taken");
	setsockopt(client, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof(struct linger));
	close(client);
	close(accepted(engine, PATIENT));
	client = sock_in(A, AF_INET, SOCK_STREAM, 0);
	setsockopt(client, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	claim(!bind(client, &from.any, sizeof(from.v4)) && !dial(client, loopback(AF_INET, port_of(engine)), PATIENT),
		"then directly from the same port");
	inside = accepted(engine, PATIENT);
	claim(inside >= 0 && !origin_of(inside, &origin), "finds no origin");
	close(inside);
	close(client);
	close(engine);
}

int engine_dials_for(enum place place, uint32_t caller, uint32_t callee, int family)
{
	struct db_socket value = { .role = DB_ROLE_ENGINE,
		.owner = caller,
		.peer = callee,
		.port = 8000,
		.protocol = IPPROTO_TCP };
	int fd = sock_at(place, ENGINE_CGROUP, family, SOCK_STREAM, 0);

	if (bpf_map_update_elem(lab_map("sockets"), &fd, &value, BPF_ANY))
		return -errno;
	return fd;
}

static int speaks_for(enum place place, uint32_t caller, uint32_t callee)
{
	return engine_dials_for(place, caller, callee, AF_INET);
}

static void onward(void)
{
	int listening = listener(B, AF_INET, 8000), client, server = -1;
	union address to = address_of(B, AF_INET, 8000), peer;
	socklen_t size = sizeof(peer);

	policy_reset();
	policy_flags(ID_B, DB_EP_CLOSED_INGRESS | DB_EP_CLOSED_EGRESS);
	policy_rule(ID_B, DB_INGRESS, ID_A, IPPROTO_TCP, 8000, 8000, DB_ENGINE, 5);
	generation_next();
	client = speaks_for(A, ID_A, ID_B);
	claim(!dial(client, to, PATIENT) && (server = accepted(listening, PATIENT)) >= 0,
		"the engine's socket is let in where its request was judged for");
	getpeername(server, &peer.any, &size);
	claim(peer.v4.sin_addr.s_addr == address_of(A, AF_INET, 0).v4.sin_addr.s_addr, "with the caller's own address");
	claim(!say(client, "x") && hears(server, "x", PATIENT) && !say(server, "y") && hears(client, "y", PATIENT),
		"bytes pass both ways");
	generation_next();
	claim(!say(client, "x") && hears(server, "x", PATIENT), "and go on in the next generation");
	{
		struct db_pair gone = { .owner = ID_B, .peer = ID_A, .direction = DB_INGRESS };

		bpf_map_delete_elem(lab_map("pairs"), &gone);
	}
	generation_next();
	claim(is_cut(client, server) && is_cut(server, client), "until layer 4 denies them");
	close(client);
	close(server);

	policy_rule(ID_B, DB_INGRESS, ID_A, IPPROTO_TCP, 8000, 8000, DB_ENGINE, 5);
	generation_next();
	events_forget();
	client = speaks_for(A, ID_A, ID_C);
	claim(dial(client, to, PATIENT) == -ECONNREFUSED && event_await(DB_REASON_WRONG_CALLEE, ID_B, PATIENT),
		"judged for another container that had this address: refused");
	close(client);
	client = speaks_for(A, ID_C, ID_B);
	claim(dial(client, to, PATIENT) == -ECONNREFUSED && event_await(DB_REASON_NO_RULE, ID_B, PATIENT),
		"spoken for one whom layer 4 denies: refused");
	close(client);
	client = sock_at(A, ENGINE_CGROUP, AF_INET, SOCK_STREAM, 0);
	claim(dial(client, to, PATIENT) == -ECONNREFUSED && event_await(DB_REASON_UNVOUCHED_ADDRESS, ID_B, PATIENT),
		"an agent's socket that speaks for nobody: refused");
	close(client);

	/* The tuple's record says ENGINE; the container itself takes the same port afterwards. */
	{
		union address from = address_of(A, AF_INET, 45002);
		int one = 1;

		client = speaks_for(A, ID_A, ID_B);
		setsockopt(client, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
		claim(!bind(client, &from.any, sizeof(from.v4)) && !dial(client, to, PATIENT), "the engine from port 45002");
		setsockopt(client, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof(struct linger));
		close(client);
		close(accepted(listening, PATIENT));
		/* Without the connect hooks' answer: MPTCP's first subflow is judged at its SYN. */
		client = sock_in(A, AF_INET, SOCK_STREAM, 0);
		setsockopt(client, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
		claim(!bind(client, &from.any, sizeof(from.v4)) && dial(client, to, IMPATIENT) < 0,
			"does not let the container in from there");
		close(client);
	}
	close(listening);
}

static void steer(int family, const char *name)
{
	int listening = listener(B, family, 8000), engine = engine_listener(B, family), client, inside;
	union address to = address_of(B, family, 8000), local;
	uint32_t number = 2 << 1 | (family == AF_INET6);
	uint64_t value = engine;
	socklen_t size = sizeof(local);
	struct db_socket origin = {};
	uint8_t waiting[64];

	policy_reset();
	policy_flags(ID_B, DB_EP_CLOSED_INGRESS);
	policy_rule(ID_B, DB_INGRESS, DB_PEER_WORLD, IPPROTO_TCP, 8000, 8000, DB_ENGINE, 7);
	generation_next();
	claim(dialled(LAN, to, PATIENT) == -ECONNREFUSED && event_await(DB_REASON_ENGINE_UNAVAILABLE, ID_B, PATIENT),
		NAMED("no engine listens: reset"));
	claim(!bpf_map_update_elem(lab_map("listeners"), &number, &value, BPF_ANY), NAMED("listener entered"), "%d", errno);
	client = dialled(LAN, to, PATIENT);
	inside = accepted(engine, PATIENT);
	claim(client >= 0 && inside >= 0 && !readable(listening, 0), NAMED("an outsider's connection goes to the engine"),
		"%d %d", client, inside);
	getsockname(inside, &local.any, &size);
	claim(!memcmp(&local, &to, address_size(&to)), NAMED("which sees the address that was called"));
	claim(origin_of(inside, &origin) && origin.flags == DB_SOCKET_ARRIVED && origin.owner == DB_PEER_WORLD &&
			origin.peer == ID_B && origin.port == 8000,
		NAMED("and its origin"));
	claim(!say(client, "x") && hears(inside, "x", PATIENT) && !say(inside, "y") && hears(client, "y", PATIENT),
		NAMED("bytes pass both ways"));
	close(client);
	close(inside);
	claim(bpf_map_get_next_key(lab_map("origins"), NULL, &waiting), NAMED("without an entry that others could push out"));
	address_forget(&to);
	events_forget();
	client = dialled(LAN, to, IMPATIENT);
	claim(client == -ETIMEDOUT && event_await(DB_REASON_NEEDS_ENGINE, ID_B, PATIENT),
		NAMED("where sk_lookup does not know the address, nothing arrives unjudged"), "%d", client);
	address_owner(&to, ID_B);
	shutdown(engine, SHUT_RDWR);
	events_forget();
	client = dialled(LAN, to, PATIENT);
	claim(client == -ECONNREFUSED && event_await(DB_REASON_ENGINE_UNAVAILABLE, ID_B, PATIENT),
		NAMED("a listener that does not listen any more: reset"), "%d", client);
	claim(!bpf_map_delete_elem(lab_map("listeners"), &number), NAMED("listener withdrawn"));
	client = dialled(LAN, to, PATIENT);
	claim(client == -ECONNREFUSED, NAMED("reset again"), "%d", client);
	close(engine);
	close(listening);
}

/* The agent has ended, however: nobody inherits what was sent to it. C lives in A's namespace. */
static void dead_engine(int family, const char *name)
{
	int engine = engine_offered(A, family), takes, client;
	union address to = address_of(B, family, 8000), here = loopback(family, port_of(engine));
	int port = port_of(engine), v4 = family == AF_INET, one = 1;

	policy_shared(1);
	policy_engine(ID_A, v4 ? port : 0, v4 ? 0 : port);
	policy_engine(ID_C, v4 ? port : 0, v4 ? 0 : port);
	policy_flags(ID_B, DB_EP_CLOSED_INGRESS);
	policy_rule(ID_B, DB_INGRESS, ID_A, IPPROTO_TCP, 8000, 8000, DB_ENGINE, 5);
	generation_next();
	client = dialled(A, to, PATIENT);
	claim(client >= 0, NAMED("a connection while the engine lives"), "%d", client);
	close(client);
	close(engine);
	takes = sock_at(A, C, family, SOCK_STREAM, 0);
	setsockopt(takes, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	claim(!bind(takes, &here.any, address_size(&here)) && !listen(takes, 8), NAMED("a neighbour takes its port"), "%d",
		errno);
	events_forget();
	client = dialled(A, to, PATIENT);
	claim(client == -EPERM && event_await(DB_REASON_ENGINE_UNAVAILABLE, ID_A, PATIENT),
		NAMED("the caller is refused at once"), "%d", client);
	claim(!readable(takes, IMPATIENT), NAMED("and the neighbour gets nothing"));
	client = dialled(A, here, IMPATIENT);
	claim(client == -ETIMEDOUT && event_await(DB_REASON_ENGINE_UNAVAILABLE, ID_C, PATIENT) && !readable(takes, 0),
		NAMED("nor what was already on its way"), "%d", client);
	close(takes);
	/* Another agent comes, at another port, before anybody has written it. */
	engine = engine_offered(A, family);
	client = dialled(A, to, PATIENT);
	claim(client >= 0 && readable(engine, PATIENT), NAMED("the next engine's port is the socket's own"), "%d", client);
	close(client);
	/* Its socket is there, and somebody in its namespace has ended it. */
	shutdown(engine, SHUT_RDWR);
	client = dialled(A, to, PATIENT);
	claim(client == -EPERM && event_await(DB_REASON_ENGINE_UNAVAILABLE, ID_A, PATIENT),
		NAMED("to one that does not listen any more nothing is sent"), "%d", client);
	close(engine);
	policy_shared(0);
}

/* A caller that may change packets on their way: what the engine sends for it is judged again where it arrives. */
static void rewriter(int family, const char *name)
{
	int listening = listener(B, family, 8000), engine = engine_offered(B, family), own = engine_offered(A, family);
	union address to = address_of(B, family, 8000);
	int client, inside = -1, v4 = family == AF_INET;
	struct db_socket origin = {};
	uint32_t netns = 1, one = 1;

	policy_reset();
	policy_engine(ID_A, v4 ? port_of(own) : 0, v4 ? 0 : port_of(own));
	policy_engine(ID_B, v4 ? port_of(engine) : 0, v4 ? 0 : port_of(engine));
	policy_flags(ID_A, DB_EP_CLOSED_EGRESS);
	policy_flags(ID_B, DB_EP_CLOSED_INGRESS);
	policy_rule(ID_A, DB_EGRESS, ID_B, IPPROTO_TCP, 8000, 8000, DB_ALLOW, 4);
	policy_rule(ID_A, DB_EGRESS, DB_PEER_WORLD, IPPROTO_TCP, 8000, 8000, DB_ENGINE, 6);
	policy_rule(ID_B, DB_INGRESS, ID_A, IPPROTO_TCP, 8000, 8000, DB_ENGINE, 5);
	generation_next();
	client = engine_dials_for(A, ID_A, ID_B, family);
	claim(!dial(client, to, PATIENT) && (inside = accepted(listening, PATIENT)) >= 0,
		NAMED("what the engine sends is let in"));
	close(client);
	close(inside);
	must(bpf_map_update_elem(lab_map("rewriters"), &netns, &one, BPF_ANY), "rewriters");
	client = engine_dials_for(A, ID_A, ID_B, family);
	claim(!dial(client, to, PATIENT) && (inside = accepted(engine, PATIENT)) >= 0 && !readable(listening, 0),
		NAMED("but out of a namespace that may change it, it meets the callee's engine"));
	claim(origin_of(inside, &origin) && origin.owner == ID_A && origin.peer == ID_B && origin.flags == DB_SOCKET_ARRIVED,
		NAMED("as the caller's own"));
	close(client);
	close(inside);
	events_forget();
	client = dialled(A, address_of(LAN, family, 8000), PATIENT);
	claim(client == -EPERM && event_await(DB_REASON_CALLER_REWRITES, ID_A, PATIENT),
		NAMED("to the world, which judges nothing: refused"), "%d", client);
	client = dialled(A, to, PATIENT);
	claim(client >= 0 && readable(own, PATIENT), NAMED("to a container: to the caller's engine as ever"), "%d", client);
	close(client);
	close(own);
	close(engine);
	close(listening);
}

void engine_cases(void)
{
	redirect(address_of(B, AF_INET, 8000), 1, "redirect IPv4");
	redirect(address_of(B, AF_INET6, 8000), 0, "redirect IPv6");
	redirect(mapped_of(B, 8000), 1, "redirect mapped");
	unconnected(AF_INET);
	unconnected(AF_INET6);
	without_engine();
	bound_to_device();
	mptcp();
	without_origin();
	onward();
	steer(AF_INET, "arrival IPv4");
	steer(AF_INET6, "arrival IPv6");
	dead_engine(AF_INET, "dead engine");
	dead_engine(AF_INET6, "dead engine IPv6");
	rewriter(AF_INET, "rewriting caller");
	rewriter(AF_INET6, "rewriting caller IPv6");
}
