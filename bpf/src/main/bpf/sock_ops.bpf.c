// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Somebody listens: the socket learns whose it is, for whoever calls where
 * containers share an address (include/members.h); so does the port, for
 * sk_lookup. By an interface: remembered.
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

DB_INLINE int is_on_loopback(struct bpf_sock *sk)
{
	struct db_address own __attribute__((aligned(8)));

	if (sk->family == 2 /* AF_INET */)
		return (sk->src_ip4 & bpf_htonl(0xff000000)) == bpf_htonl(0x7f000000);
	db_address_words(&own, db_load(sk->src_ip6[0]), db_load(sk->src_ip6[1]), db_load(sk->src_ip6[2]),
		db_load(sk->src_ip6[3]));
	return db_address_is_loopback(&own) && db_address_word(&own, 3) != 0;
}

DB_INLINE enum db_fate listens(struct bpf_sock_ops *ctx)
{
	struct bpf_sock *sk = ctx->sk;
	struct db_port_key at = {};
	const struct db_endpoint *endpoint;
	const __u32 *last;
	__u32 me = db_self_endpoint(), one = 1, netns, listening = me;

	if (!sk || !me)
		return DB_PASS;
	db_own_listener(sk, me);
	endpoint = bpf_map_lookup_elem(&endpoints, &me);
	if (!endpoint)
		return DB_PASS;
	netns = endpoint->netns;
	at.netns = netns;
	at.port = sk->src_port;
	/* Without room for it arrival judges alone. */
	if (!is_on_loopback(sk)) {
		last = bpf_map_lookup_elem(&ports, &at);
		if (last && (*last & DB_PORT_SEVERAL || (*last != me && db_live_together(me, *last))))
			listening |= DB_PORT_SEVERAL;
		bpf_map_update_elem(&ports, &at, &listening, BPF_ANY);
	}
	/* A search for listeners without an interface does not find this one: see include/listening.h. */
	if (sk->bound_dev_if > 1)
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
	db_socket_begins(&state, DB_ROLE_SERVER, &key, &inbound.answer, me, inbound.caller);
	state.flags = inbound.from_engine ? DB_SOCKET_FROM_ENGINE : 0;
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
