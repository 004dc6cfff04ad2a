// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Attached to a parent of containers' cgroups, for those that no hook
 * announced: another runtime name, a build, an agent that came late. The
 * kernel runs a container's own programs first and this one after; both must
 * let a packet pass.
 *   1. loopback passes; so does everything unless DB_GUARD_DENY is set.
 *   2. a socket that a container's own programs have judged passes.
 *   3. a cgroup in `guarded`, or below one, passes.
 *   4. otherwise: DENY UNKNOWN_SELF, with owner 0.
 * The packet programs decide; connect only lets a stream's refusal be seen at once.
 */
#include "include/sockets.h"

#define MAX_CGROUP_DEPTH 8 /* a deeper container is found by the id of its socket's own cgroup, or not at all */

DB_INLINE int guard_denies(void)
{
	__u32 zero = 0;
	const struct db_guard *entry = bpf_map_lookup_elem(&guard, &zero);

	return entry && entry->flags & DB_GUARD_DENY;
}

DB_INLINE int is_guarded(__u64 cgroup)
{
	return cgroup && bpf_map_lookup_elem(&guarded, &cgroup) != NULL;
}

DB_INLINE enum db_fate guard_packet(struct __sk_buff *skb, __u32 hook, __u32 direction)
{
	struct db_packet packet __attribute__((aligned(8))) = {};
	struct db_answer answer = {};
	struct bpf_sock *sk = skb->sk;
	const struct db_socket *socket;
	int reason;

	/* 1. */
	if (skb->ifindex == 1 || !guard_denies())
		return DB_PASS;
	if (sk)
		sk = bpf_sk_fullsock(sk);
	if (!sk)
		return db_drop(DB_REASON_UNKNOWN_SELF, &packet.key, &answer, 0, 0, DB_WHERE(hook, direction));
	/* 2. */
	socket = db_socket_of(sk);
	if (socket && socket->role != DB_ROLE_NONE)
		return DB_PASS;
	/* 3. */
	if (is_guarded(bpf_skb_cgroup_id(skb)))
		return DB_PASS;
	for (int level = 1; level <= MAX_CGROUP_DEPTH; level++) {
		__u64 cgroup = bpf_skb_ancestor_cgroup_id(skb, level);

		if (!cgroup)
			break;
		if (is_guarded(cgroup))
			return DB_PASS;
	}
	/* 4. */
	if (!db_first_refusal(sk, db_generation()))
		return db_drop_again(DB_REASON_UNKNOWN_SELF, DB_WHERE(hook, direction));
	reason = db_parse(skb, 0, &packet) ? DB_REASON_MALFORMED_PACKET : DB_REASON_UNKNOWN_SELF;
	return db_drop(reason, &packet.key, &answer, 0, 0, DB_WHERE(hook, direction));
}

/* By the calling task's cgroup: the socket's own can't be asked for here. */
DB_INLINE enum db_fate guard_connect(struct bpf_sock_addr *ctx, struct db_flow_key *key, __u32 hook)
{
	struct db_answer answer = {};
	struct bpf_sock *sk = ctx->sk;
	const struct db_socket *socket = sk ? db_socket_of(sk) : NULL;

	/* 1. */
	if (ctx->type != DB_SOCK_STREAM || db_address_is_loopback(&key->destination) || !guard_denies())
		return DB_PASS;
	/* 2. 3. */
	if ((socket && socket->role != DB_ROLE_NONE) || is_guarded(bpf_get_current_cgroup_id()))
		return DB_PASS;
	for (int level = 1; level <= MAX_CGROUP_DEPTH; level++) {
		__u64 cgroup = bpf_get_current_ancestor_cgroup_id(level);

		if (!cgroup)
			break;
		if (is_guarded(cgroup))
			return DB_PASS;
	}
	/* 4. */
	key->protocol = ctx->protocol;
	key->destination_port = bpf_ntohs(ctx->user_port);
	return db_drop(DB_REASON_UNKNOWN_SELF, key, &answer, 0, db_peer_of(&key->destination), DB_WHERE(hook, DB_EGRESS));
}

SEC("cgroup_skb/egress")
int guard_egress(struct __sk_buff *skb)
{
	return guard_packet(skb, DB_HOOK_SKB_EGRESS, DB_EGRESS);
}

SEC("cgroup_skb/ingress")
int guard_ingress(struct __sk_buff *skb)
{
	return guard_packet(skb, DB_HOOK_SKB_INGRESS, DB_INGRESS);
}

SEC("cgroup/connect4")
int guard_connect4(struct bpf_sock_addr *ctx)
{
	struct db_flow_key key __attribute__((aligned(8))) = {};

	db_address_v4(&key.destination, ctx->user_ip4);
	return guard_connect(ctx, &key, DB_HOOK_CONNECT4);
}

SEC("cgroup/connect6")
int guard_connect6(struct bpf_sock_addr *ctx)
{
	struct db_flow_key key __attribute__((aligned(8))) = {};

	db_address_words(&key.destination, ctx->user_ip6[0], ctx->user_ip6[1], ctx->user_ip6[2], ctx->user_ip6[3]);
	return guard_connect(ctx, &key, DB_HOOK_CONNECT6);
}
