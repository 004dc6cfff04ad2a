/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A datagram's way to the engine: it goes to the listener, in the sender's own
 * namespace, that stands for its destination. Which that is, and whose, is in
 * map slots; the answer's source is put back from there (recvmsg). A place that
 * nothing was sent to for a while gives up its listener to another.
 */
#ifndef DRAWBRIDGE_DATAGRAMS_H
#define DRAWBRIDGE_DATAGRAMS_H

#include "sockets.h"

#define DB_SLOT_IDLE_NS 10000000000ull /* 10 s: longer than an answer is waited for */
#define DB_PORT_DNS 53
#define DB_NO_SLOT 0x10000 /* all are in use */

/* Whatever it was that the program asked for: the engine's listener on loopback. */
DB_INLINE void db_go_to_engine4(struct bpf_sock_addr *ctx, __u16 port)
{
	ctx->user_ip4 = bpf_htonl(0x7f000001);
	ctx->user_port = bpf_htons(port);
}

DB_INLINE void db_go_to_engine6(struct bpf_sock_addr *ctx, int v4, __u16 port)
{
	ctx->user_ip6[0] = 0;
	ctx->user_ip6[1] = 0;
	ctx->user_ip6[2] = v4 ? bpf_htonl(0xffff) : 0;
	ctx->user_ip6[3] = v4 ? bpf_htonl(0x7f000001) : bpf_htonl(1);
	ctx->user_port = bpf_htons(port);
}

/* The flags of an endpoint for which what goes there is a question for names; else 0. */
DB_INLINE __u32 db_asks_names(__u32 me, __u32 protocol, const struct db_address *to, __u16 port)
{
	const struct db_endpoint *endpoint;

	if (protocol != IPPROTO_UDP && protocol != IPPROTO_TCP)
		return 0;
	/* Any other resolver on loopback is a process of the namespace's own. */
	if (!db_is_engines_resolver(to) && (port != DB_PORT_DNS || db_address_is_loopback(to)))
		return 0;
	endpoint = bpf_map_lookup_elem(&endpoints, &me);
	return endpoint && endpoint->flags & DB_EP_NAMES ? endpoint->flags : 0;
}

/* The listener's port while it is open: it leaves the map when it is closed, however the agent ended. */
DB_INLINE __u16 db_listener_of(struct db_slot_key *key)
{
	struct bpf_sock *listener = bpf_map_lookup_elem(&datagram_listeners, key);
	__u16 port;

	if (!listener)
		return 0;
	port = listener->src_port;
	bpf_sk_release(listener);
	return port;
}

DB_INLINE int db_slot_is(const struct db_slot *slot, __u32 owner, const struct db_address *to, __u16 port)
{
	return slot->owner == owner && slot->port == port && db_address_equal(&slot->destination, to);
}

/* The port of the listener for what `owner` sends there; 0: nobody listens; DB_NO_SLOT: all stand for other places. */
DB_INLINE __u32 db_claim_slot(__u32 owner, __u32 callee, const struct db_address *to, __u16 port)
{
	const struct db_endpoint *endpoint = bpf_map_lookup_elem(&endpoints, &owner);
	__u64 now = bpf_ktime_get_ns();
	struct db_slot_key key = {};
	struct db_slot *slot;
	__u32 v6 = !db_address_is_v4(to);
	__u16 listener;

	if (!endpoint)
		return 0;
	key.netns = endpoint->netns;
	for (int i = 0; i < DB_SLOTS; i++) {
		key.slot = i << 1 | v6;
		slot = bpf_map_lookup_elem(&slots, &key);
		if (!slot || !db_slot_is(slot, owner, to, port))
			continue;
		listener = db_listener_of(&key);
		if (listener != slot->listener)
			break; /* an older agent's */
		slot->seen_ns = now;
		slot->callee = callee;
		return listener;
	}
	for (int i = 0; i < DB_SLOTS; i++) {
		struct db_slot fresh __attribute__((aligned(8))) = {};

		key.slot = i << 1 | v6;
		listener = db_listener_of(&key);
		if (!listener)
			return 0;
		slot = bpf_map_lookup_elem(&slots, &key);
		if (slot && slot->listener == listener) {
			__u64 seen = slot->seen_ns;

			/* One of those who want it gets it. */
			if (now - seen < DB_SLOT_IDLE_NS || __sync_val_compare_and_swap(&slot->seen_ns, seen, now) != seen)
				continue;
		}
		fresh.seen_ns = now;
		fresh.owner = owner;
		fresh.callee = callee;
		fresh.port = port;
		fresh.listener = listener;
		db_address_copy(&fresh.destination, to);
		if (bpf_map_update_elem(&slots, &key, &fresh, slot ? BPF_ANY : BPF_NOEXIST))
			continue;
		return listener;
	}
	return DB_NO_SLOT;
}

/* Where what comes from that listener was sent, if `me` sent it. */
DB_INLINE struct db_slot *db_slot_at(__u32 me, __u32 v6, __u16 listener)
{
	const struct db_endpoint *endpoint = bpf_map_lookup_elem(&endpoints, &me);
	struct db_slot_key key = {};

	if (!endpoint)
		return NULL;
	key.netns = endpoint->netns;
	for (int i = 0; i < DB_SLOTS; i++) {
		struct db_slot *slot;

		key.slot = i << 1 | v6;
		slot = bpf_map_lookup_elem(&slots, &key);
		/* They are claimed in order: who asks no names pays for one look. */
		if (!slot)
			return NULL;
		if (slot->listener == listener)
			return slot;
	}
	return NULL;
}

/*
 * Nobody sends to a listener by himself: it would be taken for what the slot's owner sent. What is sent to the unspecified
 * address goes to loopback.
 */
DB_INLINE int db_is_datagram_listener(__u32 me, const struct db_address *to, __u16 port)
{
	const struct db_slot *slot;
	int v4 = db_address_is_v4(to);

	if (!db_address_is_loopback(to))
		return 0;
	slot = db_slot_at(me, !v4, port);
	return slot != NULL;
}

#endif
