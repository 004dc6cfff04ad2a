/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Judging what arrives, in this order:
 *   1. a fresh record of the engine: it must name me as the callee, else
 *      WRONG_CALLEE; layer 4 must not deny it; the engine judged the rest.
 *   2. a fresh record of a container: judged as that container.
 *   3. no record, and the source address is a container's: UNVOUCHED_ADDRESS,
 *      but WORLD for an endpoint that lets everybody in anyway: a host's NAT may
 *      have changed the flow after its sender recorded it. Likewise while it settles.
 *   4. otherwise judged as HOST or WORLD.
 * The verdict may be ENGINE: skb_ingress denies that (NEEDS_ENGINE), sk_lookup
 * hands the connection to the engine.
 */
#ifndef DRAWBRIDGE_INBOUND_H
#define DRAWBRIDGE_INBOUND_H

#include "flows.h"

/*
 * For whom a connection is that arrives at an address of `owner`, before any
 * socket has it. Where containers share the address: whom a container meant when
 * it connected, else who listened there last. 0: it can't be told, and arrival
 * judges for whose socket it is.
 */
DB_INLINE __u32 db_receiver_of(const struct db_flow_key *key, __u32 owner)
{
	const struct db_endpoint *endpoint = bpf_map_lookup_elem(&endpoints, &owner);
	struct db_port_key at = {};
	const struct db_flow *flow;
	const __u32 *last;
	__u32 callee;

	if (!endpoint || !(endpoint->flags & DB_EP_SHARED))
		return owner;
	flow = db_fresh_flow(key);
	if (flow && !(flow->flags & DB_FLOW_OUTSIDER)) {
		callee = flow->callee;
	} else {
		at.netns = endpoint->netns;
		at.port = key->destination_port;
		last = bpf_map_lookup_elem(&ports, &at);
		if (!last)
			return 0;
		callee = *last & ~DB_PORT_SEVERAL;
	}
	/* Another's before: numbers of namespaces come again. */
	return db_live_together(owner, callee) ? callee : 0;
}

/* Whether several have listened at that port of a namespace, one of whom may let in whom the last does not. */
DB_INLINE int db_several_listen(__u32 member, __u16 port)
{
	const struct db_endpoint *endpoint = bpf_map_lookup_elem(&endpoints, &member);
	struct db_port_key at = {};
	const __u32 *last;

	if (!endpoint)
		return 0;
	at.netns = endpoint->netns;
	at.port = port;
	last = bpf_map_lookup_elem(&ports, &at);
	return last && *last & DB_PORT_SEVERAL;
}

struct db_inbound {
	struct db_answer answer;
	__u32 caller;
	__u32 from_engine; /* the packet was sent by a socket of the engine */
};

__attribute__((noinline)) int db_judge_inbound(const struct db_flow_key *key, __u32 me, struct db_inbound *inbound)
{
	struct db_question question = { .callee = me };
	struct db_flow_key at __attribute__((aligned(8)));
	const struct db_flow *flow;

	if (!key || !inbound)
		return DB_DENY;
	__builtin_memset(inbound, 0, sizeof(*inbound));
	question.protocol = key->protocol;
	question.port = key->destination_port;
	at = *key;
	flow = db_fresh_flow(&at);
	if (flow && !(flow->flags & DB_FLOW_OUTSIDER)) {
		inbound->caller = flow->sender;
		inbound->from_engine = (flow->flags & DB_FLOW_ENGINE) != 0;
		if (inbound->from_engine && flow->callee != me) {
			inbound->answer.generation = db_generation();
			db_deny(&inbound->answer, DB_REASON_WRONG_CALLEE);
			return DB_DENY;
		}
	} else {
		inbound->caller = db_peer_of(&key->source);
		if (db_is_endpoint(inbound->caller)) {
			const struct db_endpoint *endpoint = bpf_map_lookup_elem(&endpoints, &me);
			__u32 flags = endpoint ? endpoint->flags : DB_EP_CLOSED_INGRESS;

			inbound->answer.generation = db_generation();
			if (!inbound->answer.generation ||
				(flags & (DB_EP_CLOSED_INGRESS | DB_EP_SETTLING)) == DB_EP_CLOSED_INGRESS) {
				db_deny(&inbound->answer, DB_REASON_UNVOUCHED_ADDRESS);
				if (inbound->answer.generation && flags & DB_EP_AUDIT && !(flags & DB_EP_FIRM_INGRESS)) {
					inbound->caller = DB_PEER_WORLD;
					inbound->answer.verdict = DB_ALLOW;
					inbound->answer.audited = 1;
					inbound->answer.side = DB_SIDE_CALLEE;
				}
				return inbound->answer.verdict;
			}
			inbound->caller = DB_PEER_WORLD;
		}
	}
	question.caller = inbound->caller;
	db_judge_here(&question, &inbound->answer);
	if (inbound->from_engine && inbound->answer.verdict == DB_ENGINE)
		inbound->answer.verdict = DB_ALLOW;
	return inbound->answer.verdict;
}

#endif
