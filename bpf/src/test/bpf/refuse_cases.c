// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A redirected connection is refused at connect() where nobody listens, as the callee's kernel would refuse it. */
#define _GNU_SOURCE
#include "lab.h"
#include "tap.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <string.h>
#include <unistd.h>

static char text[160];
#define NAMED(what) (snprintf(text, sizeof(text), "%s: %s", name, what), text)

static void governed(int engine4, int engine6)
{
	policy_reset();
	policy_engine(ID_A, engine4 >= 0 ? port_of(engine4) : 0, engine6 >= 0 ? port_of(engine6) : 0);
	policy_flags(ID_B, DB_EP_CLOSED_INGRESS);
	policy_rule(ID_B, DB_INGRESS, ID_A, IPPROTO_TCP, 8000, 8001, DB_ENGINE, 5);
	policy_neighbour(A, B);
	generation_next();
	events_forget();
}

/* 1: a connection arrived, and the engine knows who wanted to go where. */
static int reached(int engine)
{
	struct db_socket origin = {};
	int inside = accepted(engine, PATIENT), known;

	known = inside >= 0 && origin_of(inside, &origin);
	close(inside);
	return known;
}

static void refused(int family, union address to, const char *name)
{
	int v4 = to.any.sa_family == AF_INET || family == AF_INET, engine = engine_offered(A, v4 ? AF_INET : AF_INET6);
	int listening, client, datagram;

	governed(v4 ? engine : -1, v4 ? -1 : engine);
	client = dialled(A, to, PATIENT);
	claim(client == -ECONNREFUSED, NAMED("nobody listens: ECONNREFUSED"), "%d", client);
	claim(events_count(DB_REASON_RULE_ALLOWS, ID_A) == 1 && events_count(DB_REASON_ENGINE_UNAVAILABLE, ID_A) == 0,
		NAMED("recorded as allowed"), "%d", events_count(DB_REASON_RULE_ALLOWS, ID_A));
	claim(!readable(engine, IMPATIENT), NAMED("the engine hears nothing"));
	listening = listener(B, family, 8000);
	client = dialled(A, to, PATIENT);
	claim(client >= 0 && reached(engine), NAMED("somebody listens: to the engine"), "%d", client);
	close(client);
	close(listening);
	client = dialled(A, to, PATIENT);
	claim(client == -ECONNREFUSED, NAMED("he is gone: ECONNREFUSED"), "%d", client);
	datagram = udp_bound(B, family, 8000);
	client = dialled(A, to, PATIENT);
	claim(client == -ECONNREFUSED, NAMED("a datagram socket at that port is none"), "%d", client);
	close(datagram);
	/* By the host, in the callee's namespace: no program of the callee saw it. */
	listening = sock_at(B, NO_CGROUP, family, SOCK_STREAM, 0);
	{
		union address any = { .any = { family } };

		any.v4.sin_port = htons(8000);
		must(bind(listening, &any.any, address_size(&any)) || listen(listening, 8), "host's listener");
	}
	client = dialled(A, to, PATIENT);
	claim(client >= 0 && reached(engine), NAMED("a listener that the host opened there counts"), "%d", client);
	close(client);
	close(listening);
	close(engine);
}

/* Bound to the IPv4 wildcard alone, and asked by IPv6 first, as programs do that have both addresses of a name. */
static void dual_stack(void)
{
	int engine4 = engine_offered(A, AF_INET), engine6 = engine_offered(A, AF_INET6), listening, client, off = 0;
	union address any = { .v6 = { AF_INET6, htons(8001) } };

	governed(engine4, engine6);
	listening = listener(B, AF_INET, 8000);
	client = dialled(A, address_of(B, AF_INET6, 8000), PATIENT);
	claim(client == -ECONNREFUSED, "bound to 0.0.0.0, asked by IPv6: ECONNREFUSED", "%d", client);
	client = dialled(A, address_of(B, AF_INET, 8000), PATIENT);
	claim(client >= 0 && reached(engine4), "and by IPv4: to the engine", "%d", client);
	close(client);
	close(listening);
	listening = sock_in(B, AF_INET6, SOCK_STREAM, 0);
	setsockopt(listening, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	must(bind(listening, &any.any, sizeof(any.v6)) || listen(listening, 8), "dual listener");
	client = dialled(A, address_of(B, AF_INET, 8001), PATIENT);
	claim(client >= 0 && reached(engine4), "bound to :: for both, asked by IPv4: to the engine", "%d", client);
	close(client);
	close(listening);
	listening = sock_in(B, AF_INET, SOCK_STREAM, 0);
	any = loopback(AF_INET, 8000);
	must(bind(listening, &any.any, sizeof(any.v4)) || listen(listening, 8), "loopback listener");
	client = dialled(A, address_of(B, AF_INET, 8000), PATIENT);
	claim(client == -ECONNREFUSED, "bound to the callee's loopback: ECONNREFUSED", "%d", client);
	close(listening);
	close(engine4);
	close(engine6);
}

static void cannot_be_asked(void)
{
	int engine = engine_offered(A, AF_INET), client, listening;
	union address to = address_of(B, AF_INET, 8000), any = { .v4 = { AF_INET, htons(8000) } };
	struct db_neighbour pair = { .netns = 1, .other = 2 };
	uint32_t netns = 2, one = 1;

	governed(engine, -1);
	bpf_map_delete_elem(lab_map("neighbours"), &pair);
	client = dialled(A, to, PATIENT);
	claim(client >= 0 && reached(engine), "no id for the callee's namespace: to the engine", "%d", client);
	close(client);
	governed(engine, -1);
	must(bpf_map_update_elem(lab_map("rewriters"), &netns, &one, BPF_ANY), "rewriters");
	client = dialled(A, to, PATIENT);
	claim(client >= 0 && reached(engine), "the callee may redirect ports: to the engine", "%d", client);
	close(client);
	governed(engine, -1);
	listening = sock_in(B, AF_INET, SOCK_STREAM, 0);
	setsockopt(listening, SOL_SOCKET, SO_BINDTODEVICE, "eth0", 4);
	must(bind(listening, &any.any, sizeof(any.v4)), "bind");
	client = dialled(A, to, PATIENT);
	claim(client == -ECONNREFUSED, "bound, and does not listen yet: ECONNREFUSED", "%d", client);
	must(listen(listening, 8), "listen");
	client = dialled(A, to, PATIENT);
	claim(client >= 0 && reached(engine), "a listener by an interface: to the engine", "%d", client);
	close(client);
	close(listening);
	close(engine);
}

/* Denied is denied, whoever listens. */
static void denied_first(void)
{
	int engine = engine_offered(A, AF_INET), client;

	governed(engine, -1);
	client = dialled(A, address_of(B, AF_INET, 9000), PATIENT);
	claim(client == -EPERM && event_await(DB_REASON_NO_RULE, ID_A, PATIENT),
		"where no rule allows it: EPERM, listener or none", "%d", client);
	policy_engine(ID_A, 0, 0);
	generation_next();
	client = dialled(A, address_of(B, AF_INET, 8000), PATIENT);
	claim(client == -EPERM && event_await(DB_REASON_ENGINE_UNAVAILABLE, ID_A, PATIENT), "without an engine: EPERM", "%d",
		client);
	close(engine);
}

void refuse_cases(void)
{
	refused(AF_INET, address_of(B, AF_INET, 8000), "refused IPv4");
	refused(AF_INET6, address_of(B, AF_INET6, 8000), "refused IPv6");
	refused(AF_INET, mapped_of(B, 8000), "refused mapped");
	dual_stack();
	cannot_be_asked();
	denied_first();
}
