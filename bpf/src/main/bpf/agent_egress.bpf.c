// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The agent's own cgroup. The engine enters each socket it dials onward with,
 * and whom it speaks for and to; the receiver then admits that flow for that
 * callee alone. Judges nothing: what is not recorded, the receiver refuses.
 *
 * The engine dials from its caller's namespace, where a caller with
 * CAP_NET_ADMIN can change packets on their way:
 *   1. a packet that goes elsewhere than its socket: REWRITTEN, dropped; so is one that cannot be read.
 *   2. a flow out of such a namespace (map `rewriters`) is recorded as the
 *      caller's own: the callee's side gives it to the engine once more, which
 *      judges what has arrived.
 *   3. a connection over the loopback of containers that share it is recorded as
 *      theirs are (include/loopback.h). It has left no namespace.
 */
#include "include/loopback.h"
#include "include/sockets.h"

/* The socket's own idea of its peer is what no NAT has seen. */
DB_INLINE int goes_to_its_peer(const struct bpf_sock *sk, const struct db_packet *packet)
{
	struct db_address peer __attribute__((aligned(8)));

	if (packet->key.protocol != sk->protocol || packet->key.destination_port != bpf_ntohs(sk->dst_port))
		return 0;
	if (db_address_is_v4(&packet->key.destination))
		db_address_v4(&peer, db_load(sk->dst_ip4));
	else
		db_address_words(&peer, db_load(sk->dst_ip6[0]), db_load(sk->dst_ip6[1]), db_load(sk->dst_ip6[2]),
			db_load(sk->dst_ip6[3]));
	return db_address_equal(&peer, &packet->key.destination);
}

SEC("cgroup_skb/egress")
int agent_egress(struct __sk_buff *skb)
{
	struct db_packet packet __attribute__((aligned(8))) = {};
	struct db_answer answer = {};
	struct bpf_sock *sk = skb->sk;
	const struct db_socket *socket;
	const struct bpf_tcp_sock *tcp;
	__u32 flags;
	int reason;

	if (!sk)
		return DB_PASS;
	sk = bpf_sk_fullsock(sk);
	if (!sk)
		return DB_PASS;
	socket = db_socket_of(sk);
	if (!socket || socket->role != DB_ROLE_ENGINE)
		return DB_PASS;
	if (sk->protocol == IPPROTO_TCP && sk->state == BPF_TCP_CLOSE)
		return DB_PASS; /* a reset, at most, whose socket knows no peer any more */
	/* 1. */
	reason = db_parse(skb, 0, &packet);
	if (!reason && !goes_to_its_peer(sk, &packet))
		reason = DB_REASON_REWRITTEN;
	/* 2. */
	flags = db_is_rewriter(socket->owner) ? 0 : DB_FLOW_ENGINE;
	/* An interface that is guarded would drop it without a word. */
	if (!reason && packet.key.protocol == IPPROTO_UDP &&
		db_record(&packet.key, socket->owner, socket->peer, flags, db_generation()))
		reason = DB_REASON_STATE_FULL;
	if (reason)
		return db_drop(reason, &packet.key, &answer, socket->owner, socket->peer,
			DB_WHERE(DB_HOOK_SKB_EGRESS, DB_EGRESS));
	if (packet.key.protocol == IPPROTO_UDP)
		return DB_PASS;
	tcp = bpf_tcp_sock(sk);
	if (tcp && (tcp->bytes_acked > 1 || tcp->data_segs_in > 0))
		return DB_PASS;
	/* 3. */
	if (skb->ifindex == 1 && db_is_shared(socket->peer) && on_loopback_of(socket->peer, &packet.key))
		flags = DB_FLOW_ENGINE;
	/* What cannot be recorded goes out, and the receiver refuses it. */
	db_record(&packet.key, socket->owner, socket->peer, flags, db_generation());
	return DB_PASS;
}
