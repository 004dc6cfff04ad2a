/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whether anybody listens where a connection that goes to the engine wants to
 * go: the callee's kernel's own search for a listener, in the callee's network
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

enum db_listening { DB_CANNOT_ASK, DB_NOBODY, DB_SOMEBODY };

/* By which id one namespace knows another; DB_UNKNOWN_NETNS: by none. */
#define DB_UNKNOWN_NETNS (1ull << 32)

DB_INLINE __u64 db_netns_id(__u32 mine, __u32 other)
{
	struct db_neighbour pair = { .netns = mine, .other = other };
	const __u32 *known;

	if (mine == other)
		return BPF_F_CURRENT_NETNS;
	known = bpf_map_lookup_elem(&neighbours, &pair);
	return known ? *known : DB_UNKNOWN_NETNS;
}

/* The socket that a SYN would come to, to be released; NULL: none. */
DB_INLINE struct bpf_sock *db_listener_there(struct bpf_sock_addr *ctx, const struct db_flow_key *key, __u64 where)
{
	struct bpf_sock_tuple tuple = {};

	if (db_address_is_v4(&key->destination)) {
		tuple.ipv4.saddr = bpf_htonl(0x7f000001);
		tuple.ipv4.daddr = db_address_word(&key->destination, 3);
		tuple.ipv4.dport = bpf_htons(key->destination_port);
		return bpf_sk_lookup_tcp(ctx, &tuple, sizeof(tuple.ipv4), where, 0);
	}
	tuple.ipv6.saddr[3] = bpf_htonl(1);
	for (int word = 0; word < 4; word++)
		tuple.ipv6.daddr[word] = db_address_word(&key->destination, word);
	tuple.ipv6.dport = bpf_htons(key->destination_port);
	return bpf_sk_lookup_tcp(ctx, &tuple, sizeof(tuple.ipv6), where, 0);
}

/* Whether a search without an interface says too little there. */
DB_INLINE int db_search_misses(__u32 netns)
{
	return bpf_map_lookup_elem(&rewriters, &netns) || bpf_map_lookup_elem(&bound, &netns);
}

DB_INLINE enum db_listening db_listens(struct bpf_sock_addr *ctx, const struct db_flow_key *key, __u32 caller,
	__u32 callee)
{
	const struct db_endpoint *mine, *theirs;
	struct bpf_sock *found;
	__u64 where;

	if (!db_is_endpoint(callee))
		return DB_CANNOT_ASK;
	mine = bpf_map_lookup_elem(&endpoints, &caller);
	theirs = bpf_map_lookup_elem(&endpoints, &callee);
	if (!mine || !theirs)
		return DB_CANNOT_ASK;
	if (db_search_misses(theirs->netns))
		return DB_CANNOT_ASK;
	where = db_netns_id(mine->netns, theirs->netns);
	if (where == DB_UNKNOWN_NETNS)
		return DB_CANNOT_ASK;
	found = db_listener_there(ctx, key, where);
	if (!found)
		return DB_NOBODY;
	bpf_sk_release(found);
	return DB_SOMEBODY;
}

#endif
