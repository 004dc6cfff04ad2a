// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * sendto() and sendmsg() with an address, of UDP: refuses early what
 * skb_egress would refuse, with EPERM. A question for names, of who has rules
 * about names, goes to the engine as connect has it.
 *   1. loopback: never judged, but nobody writes to the engine's own listener.
 *   2. datagrams were admitted to the socket: it may be answering them, and only
 *      skb_egress, which sees both ends of the packet, can tell.
 *   3. the socket's last judgement, if it was of this destination.
 *   4. judged; a denial is stored and recorded. What is allowed is skb_egress's
 *      to record, once a flow.
 */
#include "include/datagrams.h"

/* DB_PASS with a *listener: go to the engine's there. */
DB_INLINE enum db_fate judge_sendmsg(struct bpf_sock_addr *ctx, struct db_flow_key *key, __u32 hook, __u16 *listener)
{
	struct bpf_sock *sk = ctx->sk;
	struct db_question question = {};
	struct db_answer answer = {};
	struct db_socket state __attribute__((aligned(8))) = {};
	const struct db_socket *socket;
	__u32 me = db_self_endpoint(), names, slot = 0;

	if (!sk)
		return db_drop(DB_REASON_UNJUDGED_SOCKET, key, &answer, me, DB_PEER_WORLD, DB_WHERE(hook, DB_EGRESS));
	key->protocol = ctx->protocol;
	names = db_asks_names(me, key->protocol, &key->destination, key->destination_port);
	if (!names && db_address_is_loopback(&key->destination))
		return db_is_datagram_listener(me, &key->destination, key->destination_port) ?
			       db_drop(DB_REASON_NO_ORIGIN, key, &answer, me, me, DB_WHERE(hook, DB_EGRESS)) :
			       DB_PASS;
	key->source_port = sk->src_port;
	socket = db_socket_of(sk);
	if (!names && socket) {
		union db_socket_state known = db_socket_state(socket);

		/* 2. */
		if (known.flags & DB_SOCKET_ANSWERS)
			return DB_PASS;
		/* 3. */
		if (known.role == DB_ROLE_CLIENT && known.protocol == key->protocol && socket->port == key->destination_port &&
			db_address_equal(&socket->address, &key->destination) && known.generation &&
			known.generation == db_generation())
			return known.verdict == DB_ALLOW ? DB_PASS : db_drop_again(0, DB_WHERE(hook, DB_EGRESS));
	}
	question.caller = me;
	question.callee = db_callee_of(me, &key->destination);
	question.protocol = key->protocol;
	question.port = key->destination_port;
	question.at_caller = 1;
	/* 4. */
	if (names && db_address_is_loopback(&key->destination)) {
		answer.generation = db_generation();
		answer.verdict = answer.generation ? DB_ALLOW : DB_DENY;
		answer.reason = DB_REASON_NO_POLICY;
	} else if (!question.caller) {
		answer.generation = db_generation();
		db_deny(&answer, DB_REASON_UNKNOWN_SELF);
	} else {
		db_judge(&question, &answer);
	}
	if (answer.verdict == DB_ENGINE && !names)
		db_deny(&answer, DB_REASON_NEEDS_ENGINE);
	if (names && answer.verdict != DB_DENY) {
		if (sk->bound_dev_if <= 1)
			slot = db_claim_slot(me, question.callee, &key->destination, key->destination_port);
		if (slot && slot != DB_NO_SLOT) {
			*listener = slot;
			return DB_PASS;
		}
		if (slot)
			db_deny(&answer, DB_REASON_STATE_FULL);
		else if (names & DB_EP_RESOLVES || answer.verdict == DB_ENGINE)
			db_deny(&answer, DB_REASON_ENGINE_UNAVAILABLE);
	}
	if (answer.verdict == DB_ALLOW)
		return DB_PASS;
	db_socket_begins(&state, DB_ROLE_CLIENT, key, &answer, question.caller, question.callee);
	/* Without room for it, the next datagram is judged, refused and recorded again. */
	db_socket_replace(sk, &state);
	return db_drop_judged(key, &answer, question.caller, question.callee, DB_WHERE(hook, DB_EGRESS));
}

SEC("cgroup/sendmsg4")
int sendmsg4(struct bpf_sock_addr *ctx)
{
	struct db_flow_key key __attribute__((aligned(8))) = {};
	__u16 listener = 0;
	enum db_fate fate;

	db_address_v4(&key.destination, ctx->user_ip4);
	key.destination_port = bpf_ntohs(ctx->user_port);
	fate = judge_sendmsg(ctx, &key, DB_HOOK_SENDMSG4, &listener);
	if (listener)
		db_go_to_engine4(ctx, listener);
	return fate;
}

SEC("cgroup/sendmsg6")
int sendmsg6(struct bpf_sock_addr *ctx)
{
	struct db_flow_key key __attribute__((aligned(8))) = {};
	__u16 listener = 0;
	enum db_fate fate;

	db_address_words(&key.destination, ctx->user_ip6[0], ctx->user_ip6[1], ctx->user_ip6[2], ctx->user_ip6[3]);
	key.destination_port = bpf_ntohs(ctx->user_port);
	fate = judge_sendmsg(ctx, &key, DB_HOOK_SENDMSG6, &listener);
	/* An address of IPv4 comes to sendmsg4. */
	if (listener)
		db_go_to_engine6(ctx, 0, listener);
	return fate;
}
