// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * connect() of what opens a connection by it. The only place where a refusal
 * reaches the program that asked before anything is sent, as EPERM, and the
 * only one where a connection can be sent to the engine.
 *
 *   1. a question for names, of who has rules about names: to the engine, where
 *      there is one; without, on to whom it was meant for, or denied
 *      (ENGINE_UNAVAILABLE) where rules say which names may be asked for.
 *   2. loopback: never judged, unless another container of this namespace
 *      listens there; forget what the socket was before. But nobody
 *      sends to the engine's listeners for datagrams by himself (NO_ORIGIN).
 *   3. no stream: passes. To connect it sends nothing, and is often done to
 *      learn one's own address alone; skb_egress judges what is sent.
 *   4. no room for the socket's state: DENY STATE_FULL, if any rule speaks of it.
 *   5. both sides judged; the judgement is stored with its generation. Where
 *      containers share the address, the callee is who listens (members.h). If that
 *      can't be known, all of them are asked, the strictest answers, and what the
 *      engine would have to judge is denied (LISTENER_UNKNOWN).
 *      (MPTCP calls this with its first subflow, a TCP socket; later subflows
 *      are judged at their SYN.)
 *   6. ENGINE: a datagram only to ask for names, only if the engine listens here,
 *      only if the socket can reach loopback, which one that is bound to an
 *      interface cannot (BOUND_DEVICE); then the destination becomes the engine's
 *      listener.
 *      From a namespace whose packets can be changed on their way only to a
 *      container of another, whose own side judges what arrives (agent_egress).
 *   7. nobody listens where it wants to go: ECONNREFUSED, as the callee's kernel
 *      would answer (listening.h). It was allowed, and is recorded as that.
 */
#include "include/datagrams.h"
#include "include/members.h"

/*
 * Where the engine listens in our namespace; 0: nowhere. Asked of the socket itself, which leaves the map when it is
 * closed, however the agent ended: the number that an agent wrote may be anybody's port by now.
 */
DB_INLINE __u16 engine_port(__u32 me, int v4)
{
	const struct db_endpoint *endpoint = bpf_map_lookup_elem(&endpoints, &me);
	struct bpf_sock *listener;
	__u32 number;
	__u16 port;

	if (!endpoint || !(v4 ? endpoint->engine_port4 : endpoint->engine_port6))
		return 0;
	number = endpoint->netns << 1 | !v4;
	listener = bpf_map_lookup_elem(&listeners, &number);
	if (!listener)
		return 0;
	port = listener->src_port;
	bpf_sk_release(listener);
	return port;
}

/* A datagram socket that asked the engine, and is connected elsewhere now. */
DB_INLINE void forget_redirection(struct bpf_sock *sk)
{
	const struct db_socket *before = db_socket_of(sk);

	if (before && before->flags & DB_SOCKET_REDIRECTED)
		bpf_sk_storage_delete(&sockets, sk);
}

DB_INLINE enum db_fate unheard(struct bpf_sock *sk, const struct db_flow_key *key, struct db_answer *answer,
	const struct db_question *question, __u32 hook)
{
	bpf_sk_storage_delete(&sockets, sk);
	answer->verdict = DB_ALLOW;
	return db_unheard(key, answer, question->caller, question->callee, DB_WHERE(hook, DB_EGRESS));
}

/* DB_PASS with a *port: go to the engine's listener there. */
DB_INLINE enum db_fate judge_connect(struct bpf_sock_addr *ctx, struct db_flow_key *key, __u32 hook, __u16 *port)
{
	struct bpf_sock *sk = ctx->sk;
	struct db_question question = {};
	struct db_answer answer = {};
	struct db_socket state __attribute__((aligned(8))) = {};
	const struct db_socket *before;
	__u32 type = ctx->type, protocol = ctx->protocol, names, slot = 0;
	int called = DB_CALLED_ADDRESS, on_loopback = db_address_is_loopback(&key->destination);

	if (!sk)
		return db_drop(DB_REASON_UNJUDGED_SOCKET, key, &answer, db_self_endpoint(), DB_PEER_WORLD,
			DB_WHERE(hook, DB_EGRESS));
	question.caller = db_self_endpoint();
	names = type == DB_SOCK_STREAM || type == DB_SOCK_DGRAM ?
			db_asks_names(question.caller, protocol, &key->destination, key->destination_port) :
			0;
	key->protocol = protocol;
	key->source_port = sk->src_port;
	/* 2. */
	if (!names && on_loopback && protocol != IPPROTO_TCP) {
		if (protocol == IPPROTO_UDP && db_is_datagram_listener(question.caller, &key->destination, key->destination_port))
			return db_drop(DB_REASON_NO_ORIGIN, key, &answer, question.caller, question.caller,
				DB_WHERE(hook, DB_EGRESS));
		/* ENOENT: there was nothing to forget. */
		bpf_sk_storage_delete(&sockets, sk);
		return DB_PASS;
	}
	/* 3. */
	if (type != DB_SOCK_STREAM && !names) {
		forget_redirection(sk);
		return DB_PASS;
	}
	if (!db_has_ports(protocol))
		key->destination_port = 0;
	question.protocol = protocol;
	question.port = key->destination_port;
	/* 5. */
	if (names && on_loopback) {
		question.callee = db_callee_of(question.caller, &key->destination);
		answer.generation = db_generation();
		answer.verdict = answer.generation ? DB_ALLOW : DB_DENY;
		answer.reason = answer.generation ? DB_REASON_OPEN : DB_REASON_NO_POLICY;
	} else {
		called = db_judge_call(ctx, key, &question, &answer);
		/* 2. */
		if (on_loopback && question.callee == question.caller) {
			bpf_sk_storage_delete(&sockets, sk);
			return DB_PASS;
		}
		/* 7. Nothing is sent, so it makes no difference which of them would have it. */
		if (called == DB_CALLED_NOBODY && answer.verdict != DB_DENY)
			return unheard(sk, key, &answer, &question, hook);
	}
	/* 1. */
	if (names && answer.verdict != DB_DENY) {
		if (sk->bound_dev_if <= 1)
			slot = protocol == IPPROTO_TCP ?
				       engine_port(question.caller, db_address_is_v4(&key->destination)) :
				       db_claim_slot(question.caller, question.callee, &key->destination, key->destination_port);
		if (slot == DB_NO_SLOT)
			db_deny(&answer, DB_REASON_STATE_FULL);
		else if (slot)
			answer.verdict = DB_ENGINE;
		else if (names & DB_EP_RESOLVES || answer.verdict == DB_ENGINE)
			db_deny(&answer, DB_REASON_ENGINE_UNAVAILABLE);
		else if (on_loopback) {
			bpf_sk_storage_delete(&sockets, sk);
			return DB_PASS;
		}
		*port = slot;
	} else if (answer.verdict == DB_ENGINE) {
		/* 6. */
		*port = engine_port(question.caller, db_address_is_v4(&key->destination));
		if (protocol != IPPROTO_TCP)
			db_deny(&answer, DB_REASON_NEEDS_ENGINE);
		else if (!*port)
			db_deny(&answer, DB_REASON_ENGINE_UNAVAILABLE);
		else if (sk->bound_dev_if > 1)
			db_deny(&answer, DB_REASON_BOUND_DEVICE);
		else if (db_is_rewriter(question.caller) &&
			 (!db_is_endpoint(question.callee) || db_live_together(question.caller, question.callee)))
			db_deny(&answer, DB_REASON_CALLER_REWRITES);
	}
	/* Nothing has been sent by a datagram socket; what it sends is skb_egress's to store and record. */
	if (type != DB_SOCK_STREAM && answer.verdict == DB_ALLOW) {
		forget_redirection(sk);
		return DB_PASS;
	}
	/* 7. */
	if (answer.verdict == DB_ENGINE && protocol == IPPROTO_TCP && called == DB_CALLED_ADDRESS &&
		db_nobody_listens(ctx, key, question.caller, question.callee)) {
		*port = 0;
		return unheard(sk, key, &answer, &question, hook);
	}
	db_socket_begins(&state, DB_ROLE_CLIENT, key, &answer, question.caller, question.callee);
	before = db_socket_of(sk);
	state.flags = (before ? before->flags & DB_SOCKET_ANSWERS : 0) | (answer.verdict == DB_ENGINE ? DB_SOCKET_REDIRECTED : 0);
	/* A datagram has no SYN that tells the engine where it goes: the listener does. */
	if (protocol != IPPROTO_TCP && answer.verdict == DB_ENGINE)
		state.peer_port = *port;
	if (before)
		bpf_sk_storage_delete(&sockets, sk);
	/* 4. */
	if (!bpf_sk_storage_get(&sockets, sk, &state, BPF_SK_STORAGE_GET_F_CREATE) &&
		(answer.verdict != DB_ALLOW || !db_no_rule_speaks(question.caller, question.callee)))
		db_deny(&answer, DB_REASON_STATE_FULL);
	if (answer.verdict == DB_ENGINE)
		return DB_PASS; /* the engine records what becomes of it */
	*port = 0;
	return db_as_judged(1, key, &answer, question.caller, question.callee, DB_WHERE(hook, DB_EGRESS));
}

SEC("cgroup/connect4")
int connect4(struct bpf_sock_addr *ctx)
{
	struct db_flow_key key __attribute__((aligned(8))) = {};
	__u16 port = 0;
	enum db_fate fate;

	db_address_v4(&key.destination, ctx->user_ip4);
	key.destination_port = bpf_ntohs(ctx->user_port);
	fate = judge_connect(ctx, &key, DB_HOOK_CONNECT4, &port);
	if (port)
		db_go_to_engine4(ctx, port);
	return fate;
}

SEC("cgroup/connect6")
int connect6(struct bpf_sock_addr *ctx)
{
	struct db_flow_key key __attribute__((aligned(8))) = {};
	__u16 port = 0;
	enum db_fate fate;

	db_address_words(&key.destination, ctx->user_ip6[0], ctx->user_ip6[1], ctx->user_ip6[2], ctx->user_ip6[3]);
	key.destination_port = bpf_ntohs(ctx->user_port);
	fate = judge_connect(ctx, &key, DB_HOOK_CONNECT6, &port);
	if (port)
		db_go_to_engine6(ctx, db_address_is_v4(&key.destination), port);
	return fate;
}
