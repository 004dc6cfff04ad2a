// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Every IP packet that is about to reach a socket of a guarded container, in
 * this order (skb->sk is the receiver; nothing here knows the sender but the
 * record in `flows`):
 *   1. loopback: passes, unless another container lives in this namespace: see
 *      include/loopback.h. A listener from before the programs gets its owner by it.
 *   2. TCP on a socket judged by this generation: its stored verdict.
 *   3. TCP judged by an older one: judged again; a denial cuts it (LATE_DENY).
 *   4. no name for the cgroup yet (`self`): UNKNOWN_SELF. What cannot be read: its
 *      reason (packet.h). A raw socket's copy of TCP or UDP: RAW_SOCKET.
 *   5. TCP at a listener: judged as include/inbound.h says.
 *   6. TCP on a connection without state: the record of a container's own
 *      egress program explains it, else UNJUDGED_SOCKET, unless we have no rules.
 *   7. anything else: an answer to what we sent passes, so does what was
 *      admitted by this generation, the rest is judged as inbound.
 * ICMP errors about TCP and UDP do not come here: the kernel hands them to
 * their sockets. What comes is a raw or ping socket's copy.
 */
#include "include/inbound.h"
#include "include/loopback.h"
#include "include/sockets.h"

#define WHERE_INBOUND DB_WHERE(DB_HOOK_SKB_INGRESS, DB_INGRESS)

DB_INLINE void judge_inbound(const struct db_flow_key *key, __u32 me, struct db_inbound *inbound)
{
	db_judge_inbound(key, me, inbound);
	if (inbound->answer.verdict == DB_ENGINE)
		db_without_engine(inbound->caller, me, &inbound->answer);
}

/* A container's connection was recorded when it connected: only outsiders' beginnings are news. */
DB_INLINE int is_news(const struct db_inbound *inbound, int begins)
{
	return inbound->answer.verdict == DB_DENY || (begins && !db_is_endpoint(inbound->caller));
}

DB_INLINE enum db_fate ingress_listener(const struct db_packet *packet, __u32 me, struct db_inbound *inbound)
{
	int begins = (packet->tcp_flags & (DB_TCP_SYN | DB_TCP_ACK)) == DB_TCP_SYN;

	/* A reset opens nothing. */
	if (packet->tcp_flags & DB_TCP_RST)
		return DB_PASS;
	judge_inbound(&packet->key, me, inbound);
	return db_as_judged(is_news(inbound, begins), &packet->key, &inbound->answer, me, inbound->caller, WHERE_INBOUND);
}

/*
 * The server's side of a connection whose state is missing, because the record
 * was lost while sock_ops looked for it, or because the server was attached
 * later than its client. A client whose packets are not acknowledged goes on
 * recording them.
 */
DB_INLINE enum db_fate ingress_unknown(struct bpf_sock *sk, const struct db_packet *packet, __u32 me, struct db_inbound *inbound)
{
	struct db_socket state __attribute__((aligned(8))) = {};
	const struct db_flow *flow = db_fresh_flow(&packet->key);
	int news;

	if (!flow || flow->flags & DB_FLOW_OUTSIDER) {
		if (packet->tcp_flags & DB_TCP_RST)
			return DB_PASS;
		news = db_unjudged(sk, me, &inbound->answer);
		return db_as_judged(news, &packet->key, &inbound->answer, me, db_peer_of(&packet->key.source), WHERE_INBOUND);
	}
	judge_inbound(&packet->key, me, inbound);
	db_socket_begins(&state, DB_ROLE_SERVER, &packet->key, &inbound->answer, me, inbound->caller);
	state.flags = inbound->from_engine ? DB_SOCKET_FROM_ENGINE : 0;
	if (db_socket_replace(sk, &state) && !db_no_rule_speaks(inbound->caller, me))
		db_deny(&inbound->answer, DB_REASON_STATE_FULL);
	return db_as_judged(is_news(inbound, 0), &packet->key, &inbound->answer, me, inbound->caller, WHERE_INBOUND);
}

/* An answer to what we sent to the same place less than a minute ago, if we still may. */
DB_INLINE int is_reply(const struct db_flow_key *sent, __u32 me, struct db_answer *answer)
{
	const struct db_flow *known = db_fresh_flow(sent);
	struct db_question question = {};
	struct db_flow flow;

	if (!known || known->sender != me || known->flags)
		return 0;
	if (known->generation && known->generation == db_generation())
		return 1;
	question.caller = me;
	question.callee = db_peer_again(me, known->callee, &sent->destination);
	question.protocol = sent->protocol;
	question.port = sent->destination_port;
	question.at_caller = 1;
	if (db_judge(&question, answer) != DB_ALLOW)
		return 0;
	flow = *known;
	flow.generation = answer->generation;
	/* A lost update costs another judgement. */
	db_keep(sent, &flow, 0);
	return 1;
}

/* An ICMP error that quotes a packet of ours. */
DB_INLINE int is_error_of_ours(struct __sk_buff *skb, const struct db_packet *packet, struct db_packet *quoted, __u32 me)
{
	const struct db_flow *known;

	if (!db_is_icmp_error(packet) || db_parse(skb, packet->payload + 8, quoted))
		return 0;
	known = db_fresh_flow(&quoted->key);
	return known && known->sender == me;
}

/* Remembers that a flow's datagrams are let in, so that the answers may leave and the next is not judged again. */
DB_INLINE void admit(struct bpf_sock *sk, const struct db_flow_key *key, __u32 me, const struct db_inbound *inbound)
{
	const struct db_flow *known = db_fresh_flow(key);
	struct db_socket *socket;
	struct db_flow flow = {};

	if (known && !(known->flags & DB_FLOW_OUTSIDER)) {
		flow = *known;
	} else {
		flow.seen_ns = db_now();
		flow.sender = inbound->caller;
		flow.callee = me;
		flow.flags = DB_FLOW_OUTSIDER;
		flow.generation = inbound->answer.generation;
	}
	flow.admitted_by = me;
	flow.admitted_generation = inbound->answer.generation;
	/* A lost update costs another judgement, or an answer that is judged by our own rules. */
	db_keep(key, &flow, !known);
	socket = bpf_sk_storage_get(&sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (socket && !(socket->flags & DB_SOCKET_ANSWERS))
		socket->flags |= DB_SOCKET_ANSWERS;
}

DB_INLINE enum db_fate ingress_datagram(struct __sk_buff *skb, struct bpf_sock *sk, const struct db_packet *packet,
	struct db_packet *other, __u32 me, struct db_inbound *inbound)
{
	struct db_flow *known;
	enum db_fate fate;
	int begins = 1;

	db_reverse(&other->key, &packet->key);
	if (!db_is_icmp_request(packet) && is_reply(&other->key, me, &inbound->answer))
		return DB_PASS;
	known = db_fresh_flow(&packet->key);
	if (known && known->admitted_by == me) {
		begins = 0;
		if (known->admitted_generation && known->admitted_generation == db_generation()) {
			if (known->flags & DB_FLOW_OUTSIDER)
				db_refresh(known, db_now());
			return DB_PASS;
		}
	}
	if (is_error_of_ours(skb, packet, other, me))
		return DB_PASS;
	judge_inbound(&packet->key, me, inbound);
	fate = db_as_judged(is_news(inbound, begins), &packet->key, &inbound->answer, me, inbound->caller, WHERE_INBOUND);
	if (fate == DB_PASS)
		admit(sk, &packet->key, me, inbound);
	return fate;
}

DB_INLINE enum db_fate ingress_slowly(struct __sk_buff *skb, struct bpf_sock *sk, struct db_socket *socket, __u32 me)
{
	struct db_packet packet __attribute__((aligned(8))) = {};
	struct db_packet other __attribute__((aligned(8))) = {};
	struct db_inbound inbound = {};
	int reason;

	/* 1. */
	if (skb->ifindex == 1) {
		if (!db_is_shared(me))
			return DB_PASS;
		if (sk && db_is_listener(sk)) {
			const struct db_socket *known = db_socket_of(sk);

			if (!known || known->role != DB_ROLE_LISTENER)
				db_own_listener(sk, me);
		}
		return loopback_arrives(skb, me, &packet, &other, &inbound.answer);
	}
	if (sk)
		sk = bpf_sk_fullsock(sk);
	if (!sk)
		return db_drop(DB_REASON_UNJUDGED_SOCKET, &packet.key, &inbound.answer, me, DB_PEER_WORLD, WHERE_INBOUND);
	if (socket && sk->protocol == IPPROTO_TCP && sk->type == DB_SOCK_STREAM) {
		union db_socket_state state = db_socket_state(socket);

		if (state.role != DB_ROLE_NONE) {
			__u32 generation = db_generation();

			/* 2. */
			if (generation && state.generation == generation)
				return state.verdict == DB_ALLOW ? DB_PASS : db_drop_again(0, WHERE_INBOUND);
			/* 3. */
			db_judge_again(socket, me, &inbound.answer);
			if (inbound.answer.verdict == DB_ALLOW)
				return DB_PASS;
			if (state.verdict == DB_DENY)
				return db_drop_again(inbound.answer.reason, WHERE_INBOUND);
			db_parse(skb, 0, &packet);
			return db_drop_judged(&packet.key, &inbound.answer, me, socket->peer,
				DB_WHERE(DB_HOOK_SKB_INGRESS, state.role == DB_ROLE_SERVER ? DB_INGRESS : DB_EGRESS));
		}
	}
	/* 4. */
	reason = db_parse(skb, 0, &packet);
	if (!me)
		reason = DB_REASON_UNKNOWN_SELF;
	else if (!reason && sk->type == DB_SOCK_RAW && db_has_ports(packet.key.protocol))
		reason = DB_REASON_RAW_SOCKET;
	if (reason) {
		if (!db_first_refusal(sk, db_generation()))
			return db_drop_again(reason, WHERE_INBOUND);
		return db_drop(reason, &packet.key, &inbound.answer, me, db_peer_of(&packet.key.source), WHERE_INBOUND);
	}
	/* 7. */
	if (packet.key.protocol != IPPROTO_TCP)
		return ingress_datagram(skb, sk, &packet, &other, me, &inbound);
	/* 5. */
	if (db_is_listener(sk))
		return ingress_listener(&packet, me, &inbound);
	/* 6. */
	return ingress_unknown(sk, &packet, me, &inbound);
}

/* What a packet of a settled connection pays. Calls of helpers are most of it. */
SEC("cgroup_skb/ingress")
int skb_ingress(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;
	__u32 me = db_self_endpoint();
	struct db_socket *socket = db_connection_of(skb, sk, me);

	if (socket) {
		union db_socket_state state = db_socket_state(socket);

		if (db_is_current(state))
			return state.verdict == DB_ALLOW ? DB_PASS : db_drop_again(0, WHERE_INBOUND);
	}
	return ingress_slowly(skb, sk, socket, me);
}
