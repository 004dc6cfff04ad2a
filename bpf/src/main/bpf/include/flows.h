/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who sent a flow's packets, as the sender's own egress program wrote it. The
 * receiver takes a container's identity from here and never from an address.
 * A record is written before its packet leaves, so it is there when the packet
 * arrives; one that is lost or old denies.
 */
#ifndef DRAWBRIDGE_FLOWS_H
#define DRAWBRIDGE_FLOWS_H

#include "drops.h"
#include "packet.h"
#include "shares.h"

DB_INLINE void db_refresh(struct db_flow *flow, __u64 now)
{
	if ((__s64)(now - flow->seen_ns) >= (__s64)DB_FLOW_REFRESH_NS)
		flow->seen_ns = now;
}

/*
 * The key must be on the caller's stack: a pointer that is a parameter of a
 * function of its own (noinline) is no map key for Linux 6.1; copy what it points to.
 */
DB_INLINE struct db_flow *db_fresh_flow(const struct db_flow_key *key)
{
	struct db_flow *flow = bpf_map_lookup_elem(&flows, key);

	return flow && db_is_fresh(flow) ? flow : NULL;
}

/* May `me` send from this address? Not from one that a live container in another network namespace has. */
DB_INLINE int db_source_is_ours(const struct db_address *source, __u32 me)
{
	__u32 has = db_peer_of(source);
	const struct db_endpoint *theirs, *mine;

	if (!db_is_endpoint(has) || has == me)
		return 1;
	theirs = bpf_map_lookup_elem(&endpoints, &has);
	mine = bpf_map_lookup_elem(&endpoints, &me);
	return !theirs || (mine && mine->netns == theirs->netns);
}

/*
 * Records that `sender` sends this flow to whom it takes for `callee`. 0, or
 * the reason why the packet must not leave. Cheap when nothing is new. Only
 * seen_ns is ever changed in place: an entry may become another key's at any
 * time, and a wrong time is the only harm that could do.
 */
__attribute__((noinline)) int db_record(const struct db_flow_key *key, __u32 sender, __u32 callee, __u32 flags, __u32 generation)
{
	struct db_flow *known, fresh = {};
	struct db_flow_key flow __attribute__((aligned(8)));
	__u64 now = db_now();

	if (!key)
		return DB_REASON_MALFORMED_PACKET;
	flow = *key;
	known = bpf_map_lookup_elem(&flows, &flow);
	if (known && known->sender == sender && known->callee == callee && known->flags == flags) {
		if (known->generation == generation) {
			db_refresh(known, now);
			return 0;
		}
		fresh.admitted_by = known->admitted_by;
		fresh.admitted_generation = known->admitted_generation;
	} else if (flags == 0 && !db_source_is_ours(&key->source, sender)) {
		return DB_REASON_UNVOUCHED_ADDRESS;
	}
	fresh.seen_ns = now;
	fresh.sender = sender;
	fresh.callee = callee;
	fresh.flags = flags;
	fresh.generation = generation;
	return db_keep_here(&flow, &fresh, !known) ? DB_REASON_STATE_FULL : 0;
}

#endif
