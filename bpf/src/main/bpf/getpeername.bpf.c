// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What a redirected socket says of its two ends: getpeername() gives what the
 * program asked for, not the engine's listener, and getsockname() the
 * container's own address on the way there (map sources), not loopback. The
 * port is the socket's own. Who was bound to an address keeps it, and a socket
 * that is no connection any more (AF_UNSPEC) says what it is bound to now.
 *
 * An MPTCP socket has no state of its own: connect saw its first subflow, a TCP
 * socket with the same addresses and ports.
 */
#include "include/sockets.h"

#define DB_MPTCP 262

DB_INLINE const struct db_socket *redirected(struct bpf_sock *sk)
{
	const struct db_socket *socket = db_socket_of(sk);

	return socket && socket->flags & DB_SOCKET_REDIRECTED ? socket : NULL;
}

/* Our address on the way to where the socket wanted to go. */
DB_INLINE const struct db_address *own_address(const struct db_socket *socket)
{
	__u32 owner = socket->owner;
	const struct db_endpoint *endpoint = bpf_map_lookup_elem(&endpoints, &owner);
	struct db_source_key key = { .prefix_bits = 160 };

	if (!endpoint)
		return NULL;
	key.netns = endpoint->netns;
	db_address_copy(&key.destination, &socket->address);
	return bpf_map_lookup_elem(&sources, &key);
}

DB_INLINE int peer4(struct bpf_sock_addr *ctx, struct bpf_sock *sk)
{
	const struct db_socket *socket = redirected(sk);

	if (!socket)
		return 0;
	ctx->user_ip4 = db_address_word(&socket->address, 3);
	ctx->user_port = bpf_htons(socket->port);
	return 1;
}

DB_INLINE int own4(struct bpf_sock_addr *ctx, struct bpf_sock *sk)
{
	const struct db_socket *socket = redirected(sk);
	const struct db_address *own = socket ? own_address(socket) : NULL;

	if (own && db_address_is_v4(own))
		ctx->user_ip4 = db_address_word(own, 3);
	return socket != NULL;
}

DB_INLINE void put6(struct bpf_sock_addr *ctx, const struct db_address *address)
{
	ctx->user_ip6[0] = db_address_word(address, 0);
	ctx->user_ip6[1] = db_address_word(address, 1);
	ctx->user_ip6[2] = db_address_word(address, 2);
	ctx->user_ip6[3] = db_address_word(address, 3);
}

DB_INLINE int peer6(struct bpf_sock_addr *ctx, struct bpf_sock *sk)
{
	const struct db_socket *socket = redirected(sk);

	if (!socket)
		return 0;
	put6(ctx, &socket->address);
	ctx->user_port = bpf_htons(socket->port);
	return 1;
}

DB_INLINE int own6(struct bpf_sock_addr *ctx, struct bpf_sock *sk)
{
	const struct db_socket *socket = redirected(sk);
	const struct db_address *own = socket ? own_address(socket) : NULL;

	if (own)
		put6(ctx, own);
	return socket != NULL;
}

/* The first subflow's socket, by both ends as they are on loopback; released by the caller. */
DB_INLINE struct bpf_sock *subflow4(struct bpf_sock_addr *ctx, __u32 peer, __u16 peer_port, __u32 own, __u16 own_port)
{
	struct bpf_sock_tuple tuple = {};

	/* As its packets would have it: from the peer, to us. */
	tuple.ipv4.saddr = peer;
	tuple.ipv4.sport = peer_port;
	tuple.ipv4.daddr = own;
	tuple.ipv4.dport = own_port;
	return bpf_sk_lookup_tcp(ctx, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0);
}

DB_INLINE struct bpf_sock *subflow6(struct bpf_sock_addr *ctx, const struct db_address *peer, __u16 peer_port,
	const struct db_address *own, __u16 own_port)
{
	struct bpf_sock_tuple tuple = {};

	for (int word = 0; word < 4; word++) {
		tuple.ipv6.saddr[word] = db_address_word(peer, word);
		tuple.ipv6.daddr[word] = db_address_word(own, word);
	}
	tuple.ipv6.sport = peer_port;
	tuple.ipv6.dport = own_port;
	return bpf_sk_lookup_tcp(ctx, &tuple, sizeof(tuple.ipv6), BPF_F_CURRENT_NETNS, 0);
}

DB_INLINE int is_mapped(struct bpf_sock_addr *ctx)
{
	return ctx->user_ip6[0] == 0 && ctx->user_ip6[1] == 0 && ctx->user_ip6[2] == bpf_htonl(0xffff);
}

SEC("cgroup/getpeername4")
int getpeername4(struct bpf_sock_addr *ctx)
{
	struct bpf_sock *sk = ctx->sk, *found;

	if (!sk || peer4(ctx, sk) || sk->protocol != DB_MPTCP)
		return DB_PASS;
	found = subflow4(ctx, ctx->user_ip4, ctx->user_port, sk->src_ip4, bpf_htons(sk->src_port));
	if (found) {
		peer4(ctx, found);
		bpf_sk_release(found);
	}
	return DB_PASS;
}

SEC("cgroup/getsockname4")
int getsockname4(struct bpf_sock_addr *ctx)
{
	struct bpf_sock *sk = ctx->sk, *found;

	/* The state outlives the connection: a socket that was unconnected has no peer's port, nor has a listener. */
	if (!sk || !sk->dst_port || (ctx->user_ip4 & bpf_htonl(0xff000000)) != bpf_htonl(0x7f000000) || own4(ctx, sk) ||
		sk->protocol != DB_MPTCP)
		return DB_PASS;
	found = subflow4(ctx, sk->dst_ip4, sk->dst_port, ctx->user_ip4, ctx->user_port);
	if (found) {
		own4(ctx, found);
		bpf_sk_release(found);
	}
	return DB_PASS;
}

SEC("cgroup/getpeername6")
int getpeername6(struct bpf_sock_addr *ctx)
{
	struct bpf_sock *sk = ctx->sk, *found;

	if (!sk || peer6(ctx, sk) || sk->protocol != DB_MPTCP)
		return DB_PASS;
	if (is_mapped(ctx)) {
		found = subflow4(ctx, ctx->user_ip6[3], ctx->user_port, sk->src_ip4, bpf_htons(sk->src_port));
	} else {
		struct db_address peer __attribute__((aligned(8)));
		struct db_address own __attribute__((aligned(8)));

		db_address_words(&peer, ctx->user_ip6[0], ctx->user_ip6[1], ctx->user_ip6[2], ctx->user_ip6[3]);
		db_address_words(&own, sk->src_ip6[0], sk->src_ip6[1], sk->src_ip6[2], sk->src_ip6[3]);
		found = subflow6(ctx, &peer, ctx->user_port, &own, bpf_htons(sk->src_port));
	}
	if (found) {
		peer6(ctx, found);
		bpf_sk_release(found);
	}
	return DB_PASS;
}

SEC("cgroup/getsockname6")
int getsockname6(struct bpf_sock_addr *ctx)
{
	struct bpf_sock *sk = ctx->sk, *found;
	struct db_address local __attribute__((aligned(8)));

	/* As above: who has a peer's port is bound to no unspecified address. */
	if (!sk || !sk->dst_port)
		return DB_PASS;
	db_address_words(&local, ctx->user_ip6[0], ctx->user_ip6[1], ctx->user_ip6[2], ctx->user_ip6[3]);
	if (!db_address_is_loopback(&local) || own6(ctx, sk) || sk->protocol != DB_MPTCP)
		return DB_PASS;
	if (is_mapped(ctx)) {
		found = subflow4(ctx, sk->dst_ip4, sk->dst_port, ctx->user_ip6[3], ctx->user_port);
	} else {
		struct db_address peer __attribute__((aligned(8)));

		db_address_words(&peer, sk->dst_ip6[0], sk->dst_ip6[1], sk->dst_ip6[2], sk->dst_ip6[3]);
		found = subflow6(ctx, &peer, sk->dst_port, &local, ctx->user_port);
	}
	if (found) {
		own6(ctx, found);
		bpf_sk_release(found);
	}
	return DB_PASS;
}
