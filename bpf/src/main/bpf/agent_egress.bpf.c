// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The agent's own cgroup. The engine enters each socket it dials onward with,
 * and whom it speaks for and to; the receiver then admits that flow for that
 * callee alone. Judges nothing and stops nothing: what is not recorded, the
 * receiver refuses.
 */
#include "include/sockets.h"

SEC("cgroup_skb/egress")
int agent_egress(struct __sk_buff *skb)
{
	struct db_packet packet __attribute__((aligned(8))) = {};
	struct bpf_sock *sk = skb->sk;
	const struct db_socket *socket;
	const struct bpf_tcp_sock *tcp;

	if (!sk)
		return 1;
	sk = bpf_sk_fullsock(sk);
	if (!sk)
		return 1;
	socket = db_socket_of(sk);
	if (!socket || socket->role != DB_ROLE_ENGINE)
		return 1;
	tcp = bpf_tcp_sock(sk);
	if (tcp && (tcp->bytes_acked > 1 || tcp->data_segs_in > 0))
		return 1;
	if (db_parse(skb, 0, &packet))
		return 1;
	db_record(&packet.key, socket->owner, socket->peer, DB_FLOW_ENGINE, db_generation());
	return 1;
}
