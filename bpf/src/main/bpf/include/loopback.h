/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Loopback between containers that share a network namespace (`--network
 * container:x`). The sender's program records each of its packets under the
 * namespace's number, for 127.0.0.1 is many; the receiver's judges:
 *   1. neither TCP nor UDP: passes. Unreadable: dropped. A connection to the
 *      engine's port never gets here while the engine has it: who takes the port
 *      after it gets nothing, ENGINE_UNAVAILABLE.
 *   2. recorded by this container itself: passes. By the engine: for the callee
 *      that it judged for and no other, WRONG_CALLEE.
 *   3. a TCP packet that opens nothing: passes unless its sender is another
 *      container and neither may call the other any more.
 *   4. a datagram that answers one of ours: passes.
 *   5. unrecorded, and from Docker's resolver, 127.0.0.11 port 53: passes. Its
 *      answers are translated, so that no question of ours has their ports.
 *   6. otherwise judged as from its sender; unrecorded, as from the host: it
 *      was sent by a process that no container's program saw.
 * The engine's listener is the agent's: nothing here runs for it, and what it
 * answers belongs to a connection that our own SYN has begun.
 */
#ifndef DRAWBRIDGE_LOOPBACK_H
#define DRAWBRIDGE_LOOPBACK_H

#include "flows.h"

DB_INLINE int on_loopback_of(__u32 me, struct db_flow_key *key)
{
	const struct db_endpoint *endpoint = bpf_map_lookup_elem(&endpoints, &me);

	if (!endpoint)
		return 0;
	key->reserved[0] = endpoint->netns;
	key->reserved[1] = endpoint->netns >> 8;
	key->reserved[2] = endpoint->netns >> 16;
	return 1;
}

#define LOOPBACK_OUT DB_WHERE(DB_HOOK_SKB_EGRESS, DB_EGRESS)
#define LOOPBACK_IN DB_WHERE(DB_HOOK_SKB_INGRESS, DB_INGRESS)

DB_INLINE enum db_fate loopback_leaves(struct __sk_buff *skb, __u32 me, struct db_packet *packet, struct db_answer *answer)
{
	int reason = db_parse(skb, 0, packet);

	if (reason)
		return db_drop(reason, &packet->key, answer, me, me, LOOPBACK_OUT);
	if (packet->key.protocol != IPPROTO_TCP && packet->key.protocol != IPPROTO_UDP)
		return DB_PASS;
	if (!on_loopback_of(me, &packet->key))
		return db_drop(DB_REASON_UNKNOWN_ENDPOINT, &packet->key, answer, me, me, LOOPBACK_OUT);
	reason = db_record(&packet->key, me, me, 0, db_generation());
	if (reason)
		return db_drop(reason, &packet->key, answer, me, me, LOOPBACK_OUT);
	return DB_PASS;
}

/* What the engine sends needs no more than that layer 4 does not deny it. */
DB_INLINE int loopback_may(__u32 caller, __u32 callee, __u32 protocol, __u32 port, int by_engine, struct db_answer *answer)
{
	struct db_question question = { .caller = caller, .callee = callee, .protocol = protocol, .port = port };
	int verdict = db_judge(&question, answer);

	if (verdict == DB_ENGINE && db_may_do_without_engine(caller, callee))
		verdict = answer->verdict = DB_ALLOW;
	return verdict == DB_ALLOW || (by_engine && verdict == DB_ENGINE);
}

DB_INLINE int opens_to_engine(const struct db_packet *packet, __u32 me)
{
	const struct db_endpoint *endpoint;

	if (packet->key.protocol != IPPROTO_TCP || (packet->tcp_flags & (DB_TCP_SYN | DB_TCP_ACK)) != DB_TCP_SYN)
		return 0;
	endpoint = bpf_map_lookup_elem(&endpoints, &me);
	if (!endpoint || !packet->key.destination_port)
		return 0;
	if (db_address_is_v4(&packet->key.destination))
		return packet->key.destination_port == endpoint->engine_port4 &&
		       db_address_word(&packet->key.destination, 3) == bpf_htonl(0x7f000001);
	return packet->key.destination_port == endpoint->engine_port6;
}

DB_INLINE enum db_fate loopback_arrives(struct __sk_buff *skb, __u32 me, struct db_packet *packet, struct db_packet *other,
	struct db_answer *answer)
{
	const struct db_flow *known;
	__u32 caller, meant = me;
	int reason = db_parse(skb, 0, packet), by_engine = 0;

	/* 1. */
	if (reason)
		return db_drop(reason, &packet->key, answer, me, me, LOOPBACK_IN);
	if (packet->key.protocol != IPPROTO_TCP && packet->key.protocol != IPPROTO_UDP)
		return DB_PASS;
	db_reverse(&other->key, &packet->key);
	if (!on_loopback_of(me, &packet->key) || !on_loopback_of(me, &other->key))
		return db_drop(DB_REASON_UNKNOWN_ENDPOINT, &packet->key, answer, me, me, LOOPBACK_IN);
	known = db_fresh_flow(&packet->key);
	caller = known ? known->sender : DB_PEER_HOST;
	if (known && known->flags & DB_FLOW_ENGINE) {
		by_engine = 1;
		meant = known->callee;
	}
	if (opens_to_engine(packet, me)) {
		answer->generation = db_generation();
		db_deny(answer, DB_REASON_ENGINE_UNAVAILABLE);
	} else if (meant != me) {
		answer->generation = db_generation();
		db_deny(answer, DB_REASON_WRONG_CALLEE);
	} else if (caller == me) {
		/* 2. */
		return DB_PASS;
	} else if (packet->key.protocol == IPPROTO_TCP && (packet->tcp_flags & (DB_TCP_SYN | DB_TCP_ACK)) != DB_TCP_SYN) {
		/* 3. */
		if (!known || loopback_may(caller, me, IPPROTO_TCP, packet->key.destination_port, by_engine, answer))
			return DB_PASS;
		/* An answer, then? */
		if (loopback_may(me, caller, IPPROTO_TCP, packet->key.source_port, 0, answer))
			return DB_PASS;
	} else {
		if (packet->key.protocol == IPPROTO_UDP) {
			/* 4. */
			known = db_fresh_flow(&other->key);
			if (known && known->sender == me)
				return DB_PASS;
			/* 5. */
			if (caller == DB_PEER_HOST && packet->key.source_port == 53 && db_address_is_v4(&packet->key.source) &&
				db_address_word(&packet->key.source, 3) == bpf_htonl(0x7f00000b))
				return DB_PASS;
		}
		/* 6. */
		if (loopback_may(caller, me, packet->key.protocol, packet->key.destination_port, by_engine, answer))
			return DB_PASS;
	}
	if (answer->verdict == DB_ENGINE)
		db_deny(answer, DB_REASON_NEEDS_ENGINE);

	packet->key.reserved[0] = packet->key.reserved[1] = packet->key.reserved[2] = 0;
	return db_drop_judged(&packet->key, answer, me, caller, LOOPBACK_IN);
}

#endif
