// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Somebody listens by an interface: remembered.
 * A connection was accepted: the new socket learns who its client is, once, so
 * that the flow's record is not needed again. skb_ingress has let its handshake
 * in; it is judged here too, because the policy may have changed since.
 *   1. loopback, and connections to ourselves: nothing to learn.
 *   2. a client that cannot be told (its record was lost): no state, and
 *      skb_ingress waits for the record.
 */
#include "include/accepted.h"
#include "include/inbound.h"
#include "include/sockets.h"

/* A search for listeners without an interface does not find this one: see include/listening.h. */
DB_INLINE enum db_fate listens(struct bpf_sock_ops *ctx)
{
	struct bpf_sock *sk = ctx->sk;
	const struct db_endpoint *endpoint;
	__u32 me = db_self_endpoint(), one = 1, netns;

	if (!sk || sk->bound_dev_if <= 1)
		return DB_PASS;
	endpoint = bpf_map_lookup_elem(&endpoints, &me);
	if (!endpoint)
		return DB_PASS;
	netns = endpoint->netns;
	/* Without room for it, who calls is refused as if nobody listened. */
	bpf_map_update_elem(&bound, &netns, &one, BPF_ANY);
	return DB_PASS;
}

DB_INLINE enum db_fate accepted(struct bpf_sock_ops *ctx)
{
	struct db_flow_key key __attribute__((aligned(8))) = {};
	struct db_socket state __attribute__((aligned(8))) = {};
	struct db_inbound inbound = {}; /* Linux 6.1 lets no function fill what was not initialised */
	struct bpf_sock *sk;
	__u32 me;

	sk = ctx->sk;
	me = db_self_endpoint();
	if (!sk || !me)
		return DB_PASS;
	db_accepted_flow(ctx, &key);
	/* 1. */
	if (db_address_is_loopback(&key.source) || db_address_equal(&key.source, &key.destination))
		return DB_PASS;
	db_judge_inbound(&key, me, &inbound);
	/* 2. */
	if (inbound.answer.verdict == DB_DENY && inbound.answer.reason == DB_REASON_UNVOUCHED_ADDRESS)
		return DB_PASS;
	if (inbound.answer.verdict == DB_ENGINE)
		db_without_engine(inbound.caller, me, &inbound.answer);
	state.generation = inbound.answer.generation;
	state.role = DB_ROLE_SERVER;
	state.verdict = inbound.answer.verdict;
	state.protocol = IPPROTO_TCP;
	state.flags = inbound.from_engine ? DB_SOCKET_FROM_ENGINE : 0;
	state.owner = me;
	state.peer = inbound.caller;
	state.port = key.destination_port;
	state.peer_port = key.source_port;
	db_address_copy(&state.address, &key.source);
	/* Without state a server that has rules is refused every packet, as UNJUDGED_SOCKET. */
	if (db_socket_replace(sk, &state))
		return DB_PASS;
	/* What the new socket sends or is sent, the packet programs refuse by what it bears now. */
	if (inbound.answer.verdict == DB_DENY)
		db_report(&key, &inbound.answer, me, inbound.caller, DB_WHERE(DB_HOOK_SOCK_OPS, DB_INGRESS) | DB_HERE);
	return DB_PASS;
}

/* Called some nine times for a connection; once for something. */
SEC("sockops")
int sock_ops(struct bpf_sock_ops *ctx)
{
	if (ctx->op == BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB)
		return accepted(ctx);
	return ctx->op == BPF_SOCK_OPS_TCP_LISTEN_CB ? listens(ctx) : DB_PASS;
}
