/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whether anybody listens, and who, where a connection that goes to the engine, or
 * to an address that containers share, wants to go: the callee's kernel's own search for a listener, in the callee's network
 * namespace, whoever opened it and when. It is asked for a client at loopback,
 * whom no sk_lookup program of ours takes anywhere.
 *   1. what is no container's address: it can't be asked; nor can a namespace
 *      that the caller's has no id for (map neighbours).
 *   2. where somebody may redirect packets to another port (map rewriters): the
 *      search would say too little. Can't be asked.
 *   3. a listener that is bound to an interface is found by no search without
 *      one: whoever has one in the callee's namespace (map bound) can't be asked.
 */
#ifndef DRAWBRIDGE_LISTENING_H
#define DRAWBRIDGE_LISTENING_H

#include "sockets.h"

/* Or, from DB_FIRST_ENDPOINT on, whose the listener is, as its own sock_ops program has written into its storage. */
enum db_listening { DB_NOBODY = 0, DB_CANNOT_ASK = 1, DB_SOMEBODY = 2 };

/* The socket that a SYN would come to, to be released; NULL: none. */
DB_INLINE struct bpf_sock *db_listener_there(struct bpf_sock_addr *ctx, const struct db_flow_key *key, __u64 where)
{
	struct bpf_sock_tuple tuple = {};

	if (db_address_is_v4(&key->destination)) {
		tuple.ipv4.saddr = bpf_htonl(0x7f000001);
		/* The unspecified address is loopback to connect(). */
		tuple.ipv4.daddr = db_address_word(&key->destination, 3);
		if (!tuple.ipv4.daddr)
			tuple.ipv4.daddr = tuple.ipv4.saddr;
		tuple.ipv4.dport = bpf_htons(key->destination_port);
		return bpf_sk_lookup_tcp(ctx, &tuple, sizeof(tuple.ipv4), where, 0);
	}
	tuple.ipv6.saddr[3] = bpf_htonl(1);
	for (int word = 0; word < 4; word++)
		tuple.ipv6.daddr[word] = db_address_word(&key->destination, word);
	if (!(tuple.ipv6.daddr[0] | tuple.ipv6.daddr[1] | tuple.ipv6.daddr[2] | tuple.ipv6.daddr[3]))
		tuple.ipv6.daddr[3] = bpf_htonl(1);
	tuple.ipv6.dport = bpf_htons(key->destination_port);
	return bpf_sk_lookup_tcp(ctx, &tuple, sizeof(tuple.ipv6), where, 0);
}

/* Who listens in namespace `other`, asked from `mine`. */
__attribute__((noinline)) __u32 db_ask(struct bpf_sock_addr *ctx, const struct db_flow_key *key, __u32 mine, __u32 other)
{
	struct db_neighbour pair = { .netns = mine, .other = other };
	const struct db_socket *state;
	struct bpf_sock *found;
	__u64 where = BPF_F_CURRENT_NETNS;
	__u32 whose = DB_SOMEBODY;

	if (!key)
		return DB_CANNOT_ASK;
	if (mine != other) {
		const __u32 *known = bpf_map_lookup_elem(&neighbours, &pair);

		/* 1. */
		if (!known)
			return DB_CANNOT_ASK;
		where = *known;
	}
	found = db_listener_there(ctx, key, where);
	if (!found)
		/* 2. 3. */
		return bpf_map_lookup_elem(&rewriters, &other) || bpf_map_lookup_elem(&bound, &other) ? DB_CANNOT_ASK : DB_NOBODY;
	state = db_socket_of(found);
	if (state && state->role == DB_ROLE_LISTENER)
		whose = state->owner;
	bpf_sk_release(found);
	return whose;
}

/* Whether nobody listens for who calls that container. */
DB_INLINE int db_nobody_listens(struct bpf_sock_addr *ctx, const struct db_flow_key *key, __u32 caller, __u32 callee)
{
	const struct db_endpoint *mine, *theirs;

	if (!db_is_endpoint(callee))
		return 0;
	mine = bpf_map_lookup_elem(&endpoints, &caller);
	theirs = bpf_map_lookup_elem(&endpoints, &callee);
	return mine && theirs && db_ask(ctx, key, mine->netns, theirs->netns) == DB_NOBODY;
}

#endif
