// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Containers that run already when they are attached: what no rule speaks of is never denied meanwhile. */
#define _GNU_SOURCE
#include "lab.h"
#include "tap.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int talks(int client, int server)
{
	return !say(client, "x") && hears(server, "x", PATIENT) && !say(server, "y") && hears(client, "y", PATIENT);
}

/* A health check asks at 127.0.0.1: no endpoint is needed for that, and no room. */
static void own_loopback(int family, const char *name)
{
	union address to = loopback(family, 7400);
	int listening = sock_in(A, family, SOCK_STREAM, 0), client, server, one = 1;
	char text[128];

#define NAMED(what) (snprintf(text, sizeof(text), "%s: %s", name, what), text)
	policy_reset();
	setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	must(bind(listening, &to.any, address_size(&to)) || listen(listening, 4), "bind");
	identity(A, 0);
	client = dialled(A, to, PATIENT);
	server = client < 0 ? client : accepted(listening, PATIENT);
	claim(client >= 0 && server >= 0 && talks(client, server), NAMED("without a name, its loopback is its own"), "%d %d",
		client, server);
	claim(events_count(DB_REASON_STATE_FULL, 0) == 0 && events_count(DB_REASON_UNKNOWN_SELF, 0) == 0,
		NAMED("and nothing is recorded"));
	close(client);
	close(server);
	identity(A, 999);
	client = dialled(A, to, PATIENT);
	claim(client >= 0, NAMED("nor without an entry for its number"), "%d", client);
	close(client);
	close(accepted(listening, PATIENT));
	identity(A, ID_A);
	close(listening);
}

static void settling(int family, const char *name)
{
	int listening = listener(B, family, 7000), older, its, denied, allowed, denied_there, allowed_there;
	union address to = address_of(B, family, 7000);
	char text[128];

	policy_reset();
	lab_detach();
	older = dialled(A, to, PATIENT);
	its = accepted(listening, PATIENT);
	lab_attach();
	policy_reset();
	policy_flags(ID_B, DB_EP_CLOSED_INGRESS | DB_EP_SETTLING);
	policy_rule(ID_B, DB_INGRESS, ID_A, IPPROTO_TCP, 7000, 7000, DB_ALLOW, 1);
	generation_next();
	events_forget();
	claim(talks(older, its), NAMED("what is older than the programs goes on"));
	denied = dialled(C, to, PATIENT);
	denied_there = accepted(listening, PATIENT);
	claim(denied >= 0 && denied_there >= 0 && talks(denied, denied_there), NAMED("what no rule allows passes"));
	allowed = dialled(A, to, PATIENT);
	allowed_there = accepted(listening, PATIENT);
	claim(allowed >= 0 && allowed_there >= 0 && talks(allowed, allowed_there), NAMED("and what one does"));
	claim(events_count(DB_REASON_NO_RULE, ID_C) == 0 && events_count(DB_REASON_UNJUDGED_SOCKET, ID_B) == 0,
		NAMED("no denial is recorded"));
	policy_flags(ID_B, DB_EP_CLOSED_INGRESS);
	generation_next();
	claim(is_cut(older, its), NAMED("settled: what nobody can judge is cut"));
	claim(is_cut(denied, denied_there), NAMED("settled: so is what no rule allows"));
	claim(talks(allowed, allowed_there), NAMED("settled: what one allows goes on"));
	claim(dialled(C, to, PATIENT) == -EPERM, NAMED("settled: and nothing new is let in"));
	close(older);
	close(its);
	close(denied);
	close(denied_there);
	close(allowed);
	close(allowed_there);
	close(listening);
}

/* A request on a connection that began before connect() redirected. */
static void without_engine(void)
{
	int listening = listener(B, AF_INET, 8000), client, server;
	union address to = address_of(B, AF_INET, 8000);

	policy_reset();
	client = dialled(A, to, PATIENT);
	server = accepted(listening, PATIENT);
	policy_flags(ID_A, DB_EP_SETTLING);
	policy_flags(ID_B, DB_EP_CLOSED_INGRESS | DB_EP_SETTLING);
	policy_rule(ID_B, DB_INGRESS, ID_A, IPPROTO_TCP, 8000, 8000, DB_ENGINE, 5);
	generation_next();
	claim(talks(client, server), "layer 7: goes on while both settle");
	policy_flags(ID_B, DB_EP_CLOSED_INGRESS);
	generation_next();
	claim(is_cut(client, server), "layer 7: not where the callee's rules are in force, whatever its caller does");
	close(client);
	close(server);
	close(listening);
}

/* A socket whose options leave no room for our state: nobody's rule may be got around so, and no one else is harmed. */
static void without_room(void)
{
	int listening = listener(B, AF_INET, 7000), client, server;
	union address to = address_of(B, AF_INET, 7000);

	if (access("/proc/sys/net/core/optmem_max", W_OK) || lab_run(A, "test -w /proc/sys/net/core/optmem_max")) {
		skip("no room for state", "net.core.optmem_max is the host's");
		return;
	}
	policy_reset();
	lab_sysctl(A, "net/core/optmem_max", "16");
	events_forget();
	client = dialled(A, to, PATIENT);
	server = client < 0 ? client : accepted(listening, PATIENT);
	claim(client >= 0 && server >= 0 && talks(client, server), "no room for state: what no rule speaks of passes", "%d",
		client);
	claim(events_count(DB_REASON_STATE_FULL, ID_A) == 0, "no room for state: and is no denial");
	close(client);
	close(server);
	policy_flags(ID_B, DB_EP_CLOSED_INGRESS);
	policy_rule(ID_B, DB_INGRESS, ID_A, IPPROTO_TCP, 7000, 7000, DB_ALLOW, 1);
	generation_next();
	client = dialled(A, to, PATIENT);
	claim(client == -EPERM && event_await(DB_REASON_STATE_FULL, ID_A, PATIENT),
		"no room for state: where a rule speaks it is denied", "%d", client);
	close(client);
	lab_sysctl(A, "net/core/optmem_max", "131072");
	close(listening);
}

void settle_cases(void)
{
	own_loopback(AF_INET, "loopback IPv4");
	own_loopback(AF_INET6, "loopback IPv6");
	settling(AF_INET, "settling IPv4");
	settling(AF_INET6, "settling IPv6");
	without_engine();
	without_room();
}
