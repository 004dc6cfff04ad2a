// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Every IP packet of a guarded container's sockets, in this order:
 *   1. loopback: passes, but a redirected connection's SYN leaves its origin
 *      for the engine, and a connection to the engine's listener that connect
 *      did not redirect finds none.
 *   2. TCP on a socket judged by this generation: its stored verdict, for the
 *      peer it was judged for: what goes elsewhere (NAT of the container's
 *      own) is REWRITTEN. What a tunnel makes of it comes here no more.
 *   3. TCP judged by an older one: judged again; a denial cuts it (LATE_DENY).
 *   4. what cannot be read: its reason (packet.h). A raw socket's TCP or UDP: RAW_SOCKET.
 *   5. TCP without state: a SYN is judged as connect would (MPTCP's subflows
 *      come this way), a listener's SYN+ACK and any RST pass, the rest is a
 *      connection older than the attachment: UNJUDGED_SOCKET, unless we have
 *      no rules.
 *   6. what keeps an IPv6 link going (packet.h): passes.
 *   7. anything else: the socket's last judgement, if it allowed this
 *      destination; the flow's record, if it is ours and of this generation; an
 *      answer to an admitted datagram, which is refused if that would not be
 *      admitted any more; then the rules.
 * Without a name for the cgroup yet (`self`): UNKNOWN_SELF, after 1.
 * What passes as ours is recorded in `flows` first, for the receiver.
 */
#include "include/datagrams.h"
#include "include/loopback.h"

#define WHERE_OUT DB_WHERE(DB_HOOK_SKB_EGRESS, DB_EGRESS)

/* Until the peer has sent or acknowledged anything after the handshake it may still need the record. */
DB_INLINE int peer_has_the_connection(struct bpf_sock *sk)
{
	const struct bpf_tcp_sock *tcp = bpf_tcp_sock(sk);

	/* bytes_acked counts the SYN. */
	return tcp && (tcp->bytes_acked > 1 || tcp->data_segs_in > 0);
}

/* The server knows its client by now, for good: a map full of what nobody needs is slow to insert into. */
DB_INLINE void settle(struct db_socket *socket, const struct db_flow_key *key)
{
	union db_socket_state state = db_socket_state(socket);

	state.flags |= DB_SOCKET_SETTLED;
	*(volatile __u64 *)socket = state.word;
	db_forget(key);
}

/*
 * A redirected connection's first packet: tells the engine where it wanted to go. 0, or the reason why it must not
 * leave. What is not redirected is not judged on loopback, whoever sends it; but it finds no origin.
 */
DB_INLINE int leave_origin(const struct db_packet *packet, const struct db_socket *socket, __u32 me)
{
	const struct db_endpoint *endpoint = bpf_map_lookup_elem(&endpoints, &me);
	struct db_origin_key at __attribute__((aligned(8))) = {};
	struct db_origin origin __attribute__((aligned(8))) = {};

	if (!endpoint)
		return socket ? DB_REASON_UNKNOWN_ENDPOINT : 0;
	at.netns = endpoint->netns;
	at.peer_port = packet->key.source_port;
	at.local_port = packet->key.destination_port;
	db_address_copy(&at.peer, &packet->key.source);
	if (!socket) {
		if (at.local_port == endpoint->engine_port4 || at.local_port == endpoint->engine_port6)
			bpf_map_delete_elem(&origins, &at);
		return 0;
	}
	db_address_copy(&origin.destination, &socket->address);
	origin.port = socket->port;
	origin.caller = me;
	origin.callee = socket->peer;
	origin.generation = socket->generation;
	return bpf_map_update_elem(&origins, &at, &origin, BPF_ANY) ? DB_REASON_STATE_FULL : 0;
}

/* A connected socket's datagrams go to the listener that stood for their destination: while it still does. */
DB_INLINE int holds_its_slot(struct bpf_sock *sk, __u32 me)
{
	const struct db_socket *socket = db_socket_of(sk);
	struct db_slot *slot;

	if (!socket || !(socket->flags & DB_SOCKET_REDIRECTED) || socket->protocol != IPPROTO_UDP)
		return 1;
	slot = db_slot_at(me, !db_address_is_v4(&socket->address), socket->peer_port);
	if (!slot || !db_slot_is(slot, me, &socket->address, socket->port))
		return 0;
	slot->seen_ns = bpf_ktime_get_ns();
	return 1;
}

/* Whether it goes to a listener that stands for what another asks, or for nobody: it would be taken for his, or for who claims it next. */
DB_INLINE int is_anothers_question(struct __sk_buff *skb, __u32 me, struct db_packet *packet)
{
	const struct db_slot *slot;

	if (db_parse(skb, 0, packet))
		return 0;
	slot = db_slot_at(me, !db_address_is_v4(&packet->key.destination), packet->key.destination_port);
	return slot && slot->owner != me;
}

DB_INLINE enum db_fate egress_loopback_alone(struct __sk_buff *skb, struct bpf_sock *sk, __u32 me, struct db_packet *packet,
	struct db_answer *answer)
{
	struct db_socket *socket;
	union db_socket_state state = {};
	int reason;

	if (sk->type == DB_SOCK_RAW) {
		const struct db_endpoint *endpoint = bpf_map_lookup_elem(&endpoints, &me);

		/* Loopback is not judged, but nobody forges a handshake with the engine, or another's question. */
		if (!endpoint || db_parse(skb, 0, packet))
			return DB_PASS;
		if ((packet->key.protocol == IPPROTO_TCP && (packet->key.destination_port == endpoint->engine_port4 ||
								    packet->key.destination_port == endpoint->engine_port6)) ||
			(packet->key.protocol == IPPROTO_UDP &&
				db_is_datagram_listener(me, &packet->key.destination, packet->key.destination_port)))
			return db_drop(DB_REASON_RAW_SOCKET, &packet->key, answer, me, me, WHERE_OUT);
		return DB_PASS;
	}
	if (sk->protocol == IPPROTO_UDP) {
		int holds = holds_its_slot(sk, me);

		if (holds && !is_anothers_question(skb, me, packet))
			return DB_PASS;
		reason = db_parse(skb, 0, packet);
		return db_drop(reason ? reason : DB_REASON_NO_ORIGIN, &packet->key, answer, me, me, WHERE_OUT);
	}
	if (sk->protocol != IPPROTO_TCP)
		return DB_PASS;
	socket = db_socket_of(sk);
	if (socket)
		state = db_socket_state(socket);
	if (!(state.flags & DB_SOCKET_REDIRECTED))
		socket = NULL;
	if (socket) {
		__u32 generation = db_generation();

		if (!generation || state.generation != generation) {
			db_judge_again(socket, me, answer);
			if (answer->verdict == DB_DENY && state.verdict != DB_DENY) {
				db_parse(skb, 0, packet);
				return db_drop_judged(&packet->key, answer, me, socket->peer, WHERE_OUT);
			}
			state.verdict = answer->verdict;
		}
		if (state.verdict == DB_DENY)
			return db_drop_again(0, WHERE_OUT);
	}
	if (sk->state != BPF_TCP_SYN_SENT)
		return DB_PASS;
	reason = db_parse(skb, 0, packet);
	if (reason)
		return db_drop(reason, &packet->key, answer, me, me, WHERE_OUT);
	if ((packet->tcp_flags & (DB_TCP_SYN | DB_TCP_ACK)) != DB_TCP_SYN)
		return DB_PASS;
	reason = leave_origin(packet, socket, me);
	if (reason)
		return db_drop(reason, &packet->key, answer, me, me, WHERE_OUT);
	return DB_PASS;
}

DB_INLINE enum db_fate egress_loopback(struct __sk_buff *skb, struct bpf_sock *sk, __u32 me, struct db_packet *packet,
	struct db_answer *answer)
{
	enum db_fate fate = egress_loopback_alone(skb, sk, me, packet, answer);

	return fate == DB_PASS && db_is_shared(me) ? loopback_leaves(skb, me, packet, answer) : fate;
}

/*
 * Makes the judgement of a packet that no state covers, stores it, reports it.
 * `before_allowed`: the flow was allowed by an older generation, so only a
 * change is news. Negative: it was an answer, and is refused whatever the rules
 * say of a question that it would be.
 */
DB_INLINE enum db_fate judge_and_store(struct bpf_sock *sk, const struct db_packet *packet, __u32 me, struct db_answer *answer,
	__u32 *callee, int before_allowed)
{
	struct db_question question = {};
	struct db_socket state __attribute__((aligned(8))) = {};
	struct db_socket *before = db_socket_of(sk);
	int quiet = 0;

	question.caller = me;
	question.callee = db_callee_of(me, &packet->key.destination);
	question.protocol = packet->key.protocol;
	question.port = packet->key.destination_port;
	question.at_caller = 1;
	*callee = question.callee;
	db_judge(&question, answer);
	if (answer->verdict == DB_ENGINE)
		db_without_engine(me, question.callee, answer);
	if (before_allowed < 0)
		db_deny(answer, DB_REASON_LATE_DENY);
	if (before && before->role == DB_ROLE_CLIENT && before->verdict == DB_ALLOW && before->protocol == packet->key.protocol &&
		before->port == question.port && db_address_equal(&before->address, &packet->key.destination))
		before_allowed = 1;
	if (before_allowed && answer->verdict == DB_DENY)
		answer->reason = DB_REASON_LATE_DENY;
	quiet = before_allowed && answer->verdict == DB_ALLOW;
	db_socket_begins(&state, DB_ROLE_CLIENT, &packet->key, answer, me, question.callee);
	state.flags = before ? before->flags & DB_SOCKET_ANSWERS : 0;
	if (db_socket_replace(sk, &state)) {
		if (packet->key.protocol == IPPROTO_TCP && !db_no_rule_speaks(me, question.callee))
			db_deny(answer, DB_REASON_STATE_FULL);
		quiet = 0;
	}
	return db_as_judged(!quiet, &packet->key, answer, me, question.callee, WHERE_OUT);
}

/*
 * 1: the packet is an answer to a datagram that was admitted to us, and would still be. -1: it would not be any more.
 * Taken for a question of our own, the answer would begin an exchange in which every later question is an answer.
 */
DB_INLINE int is_answer(const struct db_packet *packet, __u32 me, struct db_answer *answer)
{
	struct db_flow_key asked __attribute__((aligned(8)));
	struct db_flow flow;
	const struct db_flow *known;
	struct db_question question = {};

	if (db_is_icmp_request(packet))
		return 0;
	db_reverse(&asked, &packet->key);
	known = db_fresh_flow(&asked);
	if (!known || known->admitted_by != me || known->sender == me)
		return 0;
	if (known->admitted_generation == db_generation())
		return 1;
	question.caller = db_peer_again(0, known->sender, &asked.source);
	question.callee = me;
	question.protocol = asked.protocol;
	question.port = asked.destination_port;
	if (db_judge(&question, answer) == DB_DENY || (answer->verdict == DB_ENGINE && !(known->flags & DB_FLOW_ENGINE)))
		return -1;
	flow = *known;
	flow.admitted_generation = answer->generation;
	/* A lost update costs another judgement. */
	db_keep(&asked, &flow, 0);
	return 1;
}

DB_INLINE enum db_fate egress_tcp_unknown(struct bpf_sock *sk, const struct db_packet *packet, __u32 me, struct db_answer *answer)
{
	__u8 handshake = packet->tcp_flags & (DB_TCP_SYN | DB_TCP_ACK);
	__u32 callee = DB_PEER_WORLD;
	int reason, news;

	if (handshake == DB_TCP_SYN) {
		enum db_fate fate = judge_and_store(sk, packet, me, answer, &callee, 0);

		if (fate != DB_PASS)
			return fate;
		reason = db_record(&packet->key, me, callee, 0, answer->generation);
		if (reason)
			return db_drop(reason, &packet->key, answer, me, callee, WHERE_OUT);
		return DB_PASS;
	}
	if (handshake == (DB_TCP_SYN | DB_TCP_ACK) && db_is_listener(sk))
		return DB_PASS;
	if (packet->tcp_flags & DB_TCP_RST)
		return DB_PASS;
	news = db_unjudged(sk, me, answer);
	return db_as_judged(news, &packet->key, answer, me, db_peer_of(&packet->key.destination), WHERE_OUT);
}

DB_INLINE enum db_fate egress_datagram(struct bpf_sock *sk, const struct db_packet *packet, __u32 me, struct db_answer *answer)
{
	const struct db_socket *socket = db_socket_of(sk);
	__u32 generation = db_generation(), callee = DB_PEER_WORLD;
	int known = 0, allowed = 0, reason;
	enum db_fate fate;

	if (socket) {
		union db_socket_state state = db_socket_state(socket);

		known = generation && state.generation == generation && state.role == DB_ROLE_CLIENT &&
			state.protocol == packet->key.protocol && socket->port == packet->key.destination_port &&
			db_address_equal(&socket->address, &packet->key.destination);
		allowed = known && state.verdict == DB_ALLOW;
		if (known)
			callee = socket->peer;
	}
	if (!allowed) {
		struct db_flow *flow = db_fresh_flow(&packet->key);
		int ours = flow && flow->sender == me && flow->flags == 0, answers;

		if (ours && generation && flow->generation == generation) {
			/* One socket, many places: each has its own record, and was judged. */
			db_refresh(flow, db_now());
			return DB_PASS;
		}
		answers = is_answer(packet, me, answer);
		if (answers > 0)
			return DB_PASS;
		if (known)
			return db_drop_again(0, WHERE_OUT);
		/* Who has asked there himself asks again. */
		fate = judge_and_store(sk, packet, me, answer, &callee, ours ? 1 : answers);
		if (fate != DB_PASS)
			return fate;
		generation = answer->generation;
	}
	reason = db_record(&packet->key, me, callee, 0, generation);
	if (reason)
		return db_drop(reason, &packet->key, answer, me, callee, WHERE_OUT);
	return DB_PASS;
}

DB_INLINE enum db_fate egress_slowly(struct __sk_buff *skb, struct bpf_sock *sk, struct db_socket *socket, __u32 me)
{
	struct db_packet packet __attribute__((aligned(8))) = {};
	struct db_answer answer = {};
	int reason;

	if (sk)
		sk = bpf_sk_fullsock(sk);
	if (!sk)
		return db_drop(DB_REASON_UNJUDGED_SOCKET, &packet.key, &answer, me, DB_PEER_WORLD, WHERE_OUT);
	/* 1. */
	if (skb->ifindex == 1)
		return egress_loopback(skb, sk, me, &packet, &answer);
	if (!me) {
		if (!db_first_refusal(sk, db_generation()))
			return db_drop_again(DB_REASON_UNKNOWN_SELF, WHERE_OUT);
		db_parse(skb, 0, &packet);
		return db_drop(DB_REASON_UNKNOWN_SELF, &packet.key, &answer, me, 0, WHERE_OUT);
	}
	if (socket && sk->protocol == IPPROTO_TCP && sk->type == DB_SOCK_STREAM) {
		union db_socket_state state = db_socket_state(socket);

		if (state.role != DB_ROLE_NONE) {
			__u32 generation = db_generation();

			/* 2. */
			if (!db_is_plain_tcp_to(skb, &socket->address, socket->peer_port)) {
				/* Source routing can be added to a socket that is already connected. */
				reason = db_parse(skb, 0, &packet);
				if (!reason &&
					(packet.key.protocol != IPPROTO_TCP || packet.key.destination_port != socket->peer_port ||
						!db_address_equal(&packet.key.destination, &socket->address)))
					reason = DB_REASON_REWRITTEN;
				if (reason)
					return db_drop(reason, &packet.key, &answer, me, socket->peer, WHERE_OUT);
			}
			/* 3. */
			if (!generation || state.generation != generation) {
				db_judge_again(socket, me, &answer);
				generation = answer.generation;
			} else {
				answer.verdict = state.verdict;
				/* An un-redirected socket can't have passed the engine. */
				if (state.verdict == DB_ENGINE)
					db_socket_judged(socket, DB_DENY, generation);
			}
			if (answer.verdict == DB_ALLOW) {
				if (state.role == DB_ROLE_SERVER || state.flags & DB_SOCKET_SETTLED)
					return DB_PASS;
				reason = db_parse(skb, 0, &packet);
				if (!reason && peer_has_the_connection(sk)) {
					settle(socket, &packet.key);
					return DB_PASS;
				}
				if (!reason && packet.tcp_flags & DB_TCP_RST) {
					db_forget(&packet.key);
					return DB_PASS;
				}
				if (!reason)
					reason = db_record(&packet.key, me, socket->peer, 0, generation);
				if (reason)
					return db_drop(reason, &packet.key, &answer, me, socket->peer, WHERE_OUT);
				return DB_PASS;
			}
			if (state.verdict == DB_DENY)
				return db_drop_again(answer.reason, WHERE_OUT);
			db_parse(skb, 0, &packet);
			if (answer.verdict == DB_ENGINE)
				return db_drop(DB_REASON_NEEDS_ENGINE, &packet.key, &answer, me, socket->peer, WHERE_OUT);
			return db_drop_judged(&packet.key, &answer, me, socket->peer,
				DB_WHERE(DB_HOOK_SKB_EGRESS, state.role == DB_ROLE_SERVER ? DB_INGRESS : DB_EGRESS));
		}
	}
	/* 4. */
	reason = db_parse(skb, 0, &packet);
	if (!reason && sk->type == DB_SOCK_RAW && db_has_ports(packet.key.protocol))
		reason = DB_REASON_RAW_SOCKET;
	if (reason) {
		if (!db_first_refusal(sk, db_generation()))
			return db_drop_again(reason, WHERE_OUT);
		return db_drop(reason, &packet.key, &answer, me, DB_PEER_WORLD, WHERE_OUT);
	}
	/* 5. */
	if (packet.key.protocol == IPPROTO_TCP)
		return egress_tcp_unknown(sk, &packet, me, &answer);
	/* 6. */
	if (db_keeps_the_link(skb, 0, &packet))
		return DB_PASS;
	/* 7. */
	return egress_datagram(sk, &packet, me, &answer);
}

/* What a packet of a settled connection pays. Calls of helpers are most of it. */
SEC("cgroup_skb/egress")
int skb_egress(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;
	__u32 me = db_self_endpoint();
	struct db_socket *socket = db_connection_of(skb, sk, me);

	if (socket) {
		union db_socket_state state = db_socket_state(socket);

		if (db_is_current(state) && state.verdict == DB_ALLOW &&
			(state.role == DB_ROLE_SERVER || state.flags & DB_SOCKET_SETTLED) &&
			db_is_plain_tcp_to(skb, &socket->address, socket->peer_port))
			return DB_PASS;
	}
	return egress_slowly(skb, sk, socket, me);
}
