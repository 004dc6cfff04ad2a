// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * getpeername() of a redirected socket gives what the program asked for, not
 * the engine's listener. An MPTCP socket has no state of its own: connect saw
 * its first subflow, a TCP socket with the same addresses and ports.
 */
#include "include/sockets.h"

#define DB_MPTCP 262

DB_INLINE int answer4(struct bpf_sock_addr *ctx, const struct db_socket *socket)
{
	if (!socket || !(socket->flags & DB_SOCKET_REDIRECTED))
		return 0;
	ctx->user_ip4 = db_address_word(&socket->address, 3);
	ctx->user_port = bpf_htons(socket->port);
	return 1;
}

DB_INLINE int answer6(struct bpf_sock_addr *ctx, const struct db_socket *socket)
{
	if (!socket || !(socket->flags & DB_SOCKET_REDIRECTED))
		return 0;
	ctx->user_ip6[0] = db_address_word(&socket->address, 0);
	ctx->user_ip6[1] = db_address_word(&socket->address, 1);
	ctx->user_ip6[2] = db_address_word(&socket->address, 2);
	ctx->user_ip6[3] = db_address_word(&socket->address, 3);
	ctx->user_port = bpf_htons(socket->port);
	return 1;
}

SEC("cgroup/getpeername4")
int getpeername4(struct bpf_sock_addr *ctx)
{
	struct bpf_sock_tuple subflow = {};
	struct bpf_sock *sk = ctx->sk, *found;

	if (!sk || answer4(ctx, db_socket_of(sk)) || sk->protocol != DB_MPTCP)
		return DB_PASS;
	/* As its packets would have it: from the peer, to us. */
	subflow.ipv4.saddr = ctx->user_ip4;
	subflow.ipv4.sport = ctx->user_port;
	subflow.ipv4.daddr = sk->src_ip4;
	subflow.ipv4.dport = bpf_htons(sk->src_port);
	found = bpf_sk_lookup_tcp(ctx, &subflow, sizeof(subflow.ipv4), BPF_F_CURRENT_NETNS, 0);
	if (found) {
		answer4(ctx, db_socket_of(found));
		bpf_sk_release(found);
	}
	return DB_PASS;
}

SEC("cgroup/getpeername6")
int getpeername6(struct bpf_sock_addr *ctx)
{
	struct bpf_sock_tuple subflow = {};
	struct bpf_sock *sk = ctx->sk, *found;

	if (!sk || answer6(ctx, db_socket_of(sk)) || sk->protocol != DB_MPTCP)
		return DB_PASS;
	if (ctx->user_ip6[0] == 0 && ctx->user_ip6[1] == 0 && ctx->user_ip6[2] == bpf_htonl(0xffff)) {
		subflow.ipv4.saddr = ctx->user_ip6[3];
		subflow.ipv4.sport = ctx->user_port;
		subflow.ipv4.daddr = sk->src_ip4;
		subflow.ipv4.dport = bpf_htons(sk->src_port);
		found = bpf_sk_lookup_tcp(ctx, &subflow, sizeof(subflow.ipv4), BPF_F_CURRENT_NETNS, 0);
	} else {
		for (int word = 0; word < 4; word++) {
			subflow.ipv6.saddr[word] = ctx->user_ip6[word];
			subflow.ipv6.daddr[word] = sk->src_ip6[word];
		}
		subflow.ipv6.sport = ctx->user_port;
		subflow.ipv6.dport = bpf_htons(sk->src_port);
		found = bpf_sk_lookup_tcp(ctx, &subflow, sizeof(subflow.ipv6), BPF_F_CURRENT_NETNS, 0);
	}
	if (found) {
		answer6(ctx, db_socket_of(found));
		bpf_sk_release(found);
	}
	return DB_PASS;
}
