/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who is called at an address that several containers have, because they share
 * a network namespace: whoever listens there. The search is that of
 * include/listening.h; whose a listener is, its own sock_ops program has written
 * into its storage (sock_ops.bpf.c).
 *   1. no container's address, or one that lives alone: whose the address is.
 *   2. a listener that bears an owner: that one, wherever it lives.
 *   3. within the caller's own namespace, nobody listens, or somebody of whom
 *      nothing is known (the host's, an exempt container's, older than the
 *      programs): the caller itself, as on a loopback of its own. Arrival judges.
 *   4. nobody listens elsewhere: NOBODY.
 *   5. otherwise UNKNOWN: a listener that bears nothing, or that the search
 *      would not find, or a namespace that cannot be asked.
 * It may be another's by the time that the SYN arrives: arrival judges for whose
 * it is, and what an engine judged for another is refused there.
 */
#ifndef DRAWBRIDGE_MEMBERS_H
#define DRAWBRIDGE_MEMBERS_H

#include "listening.h"

enum db_called { DB_CALLED_ADDRESS, DB_CALLED_MEMBER, DB_CALLED_NOBODY, DB_CALLED_UNKNOWN };

/* `callee`: whose the address is; becomes who is called, if that is known. */
DB_INLINE enum db_called db_who_is_called(struct bpf_sock_addr *ctx, const struct db_flow_key *key, __u32 caller,
	__u32 *callee)
{
	const struct db_endpoint *mine, *theirs;
	const struct db_socket *state;
	struct bpf_sock *found;
	__u64 where;
	__u32 at = *callee, netns, owner = 0;
	int within, heard = 0;

	/* 1. */
	if (!db_is_endpoint(at))
		return DB_CALLED_ADDRESS;
	theirs = bpf_map_lookup_elem(&endpoints, &at);
	if (!theirs || !(theirs->flags & DB_EP_SHARED))
		return DB_CALLED_ADDRESS;
	mine = bpf_map_lookup_elem(&endpoints, &caller);
	if (!mine)
		return DB_CALLED_ADDRESS;
	netns = theirs->netns;
	within = mine->netns == netns;
	where = db_netns_id(mine->netns, netns);
	if (where != DB_UNKNOWN_NETNS) {
		found = db_listener_there(ctx, key, where);
		if (found) {
			heard = 1;
			state = db_socket_of(found);
			if (state && state->role == DB_ROLE_LISTENER)
				owner = state->owner;
			bpf_sk_release(found);
		}
	}
	/* 2. */
	if (owner) {
		*callee = owner;
		return DB_CALLED_MEMBER;
	}
	/* 3. */
	if (within) {
		*callee = caller;
		return DB_CALLED_MEMBER;
	}
	/* 4. 5. */
	return heard || where == DB_UNKNOWN_NETNS || db_search_misses(netns) ? DB_CALLED_UNKNOWN : DB_CALLED_NOBODY;
}

#endif
