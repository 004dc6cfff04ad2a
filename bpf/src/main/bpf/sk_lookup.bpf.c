// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Attached to a guarded container's network namespace; runs for TCP packets
 * that no established connection claims.
 *   1. other protocols, an address that is no container's: pass. One that
 *      containers share, and for whom it is can't be told: skb_ingress knows whose socket it is.
 *   2. ALLOW: pass; what the engine sent, skb_ingress looks at too.
 *   3. what comes from ourselves: passes. (By address, because kernels before 5.17
 *      do not tell the interface; who forges ours meets skb_ingress, which looks
 *      at the interface.)
 *   4. DENY: recorded, and the kernel answers with a reset, at once. What a
 *      container sends to an address that is shared passes: it was judged when
 *      it connected, and skb_ingress knows whose socket it is; so does what
 *      comes to a port at which several have listened.
 *   5. ENGINE: the connection goes to the engine's listener in this namespace,
 *      where agent_accept says who it is; without one, DENY ENGINE_UNAVAILABLE.
 */
#include "include/inbound.h"

_Static_assert((int)DB_PASS == (int)SK_PASS && (int)DB_DROPPED == (int)SK_DROP, "as the kernel has them");
#define WHERE_LOOKUP DB_WHERE(DB_HOOK_SK_LOOKUP, DB_INGRESS)

/* The assembler cannot give a section and a function one name: the Makefile renames the symbol to "sk_lookup". */
SEC("sk_lookup")
int sk_lookup_program(struct bpf_sk_lookup *ctx)
{
	struct db_flow_key key __attribute__((aligned(8))) = {};
	struct db_inbound inbound = {}; /* Linux 6.1 lets no function fill what was not initialised */
	const struct db_endpoint *endpoint;
	struct bpf_sock *listener;
	__u32 owner, me, number;
	long failed;

	/* 1. */
	if (ctx->protocol != IPPROTO_TCP)
		return DB_PASS;
	if (ctx->family == 2 /* AF_INET */) {
		db_address_v4(&key.source, db_load(ctx->remote_ip4));
		db_address_v4(&key.destination, db_load(ctx->local_ip4));
	} else {
		db_address_words(&key.source, db_load(ctx->remote_ip6[0]), db_load(ctx->remote_ip6[1]),
			db_load(ctx->remote_ip6[2]), db_load(ctx->remote_ip6[3]));
		db_address_words(&key.destination, db_load(ctx->local_ip6[0]), db_load(ctx->local_ip6[1]),
			db_load(ctx->local_ip6[2]), db_load(ctx->local_ip6[3]));
	}
	key.source_port = bpf_ntohs(ctx->remote_port);
	key.destination_port = ctx->local_port;
	key.protocol = IPPROTO_TCP;
	owner = db_peer_of(&key.destination);
	if (!db_is_endpoint(owner) || db_address_is_loopback(&key.source))
		return DB_PASS;
	me = db_receiver_of(&key, owner);
	if (!me)
		return DB_PASS;
	db_judge_inbound(&key, me, &inbound);
	/* 2. 3. From ourselves; asked last, because most connections never come here. */
	if (inbound.answer.verdict == DB_ALLOW || db_peer_of(&key.source) == owner)
		return DB_PASS;
	/* 5. */
	if (inbound.answer.verdict == DB_ENGINE) {
		endpoint = bpf_map_lookup_elem(&endpoints, &me);
		if (!endpoint)
			return db_drop(DB_REASON_UNKNOWN_ENDPOINT, &key, &inbound.answer, me, inbound.caller, WHERE_LOOKUP);
		number = endpoint->netns << 1 | (ctx->family != 2);
		listener = bpf_map_lookup_elem(&listeners, &number);
		if (listener) {
			failed = bpf_sk_assign(ctx, listener, 0);
			bpf_sk_release(listener);
			if (!failed)
				return DB_PASS;
		}
		db_deny(&inbound.answer, DB_REASON_ENGINE_UNAVAILABLE);
	} else if (db_is_shared(me) && (db_is_endpoint(inbound.caller) || db_several_listen(me, key.destination_port))) {
		/* 4. */
		return DB_PASS;
	}
	return db_drop_judged(&key, &inbound.answer, me, inbound.caller, WHERE_LOOKUP);
}
