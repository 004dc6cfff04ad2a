// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * connect() of what opens a connection by it. The only place where a refusal
 * reaches the program that asked before anything is sent, as EPERM, and the
 * only one where a connection can be sent to the engine.
 *
 *   1. a question for names, of who has rules about names: to the engine, where
 *      there is one; without, on to whom it was meant for, or denied
 *      (ENGINE_UNAVAILABLE) where rules say which names may be asked for.
 *   2. loopback: never judged; forget what the socket was before. But nobody
 *      sends to the engine's listeners for datagrams by himself (NO_ORIGIN).
 *   3. no stream: passes. To connect it sends nothing, and is often done to
 *      learn one's own address alone; skb_egress judges what is sent.
 *   4. no room for the socket's state: DENY STATE_FULL, if any rule speaks of it.
 *   5. both sides judged; the judgement is stored with its generation.
 *      (MPTCP calls this with its first subflow, a TCP socket; later subflows
 *      are judged at their SYN.)
 *   6. ENGINE: a datagram only to ask for names, only if the engine listens here,
 *      only if the socket can reach loopback, which one that is bound to an
 *      interface cannot (BOUND_DEVICE); then the destination becomes the engine's
 *      listener.
 *      From a namespace whose packets can be changed on their way only to a
 *      container, whose own side judges what arrives (agent_egress).
 *   7. nobody listens where it wants to go: ECONNREFUSED, as the callee's kernel
 *      would answer (listening.h). It was allowed, and is recorded as that.
 */
#include "include/datagrams.h"
#include "include/listening.h"

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

/* DB_PASS with a *port: go to the engine's listener there. */
DB_INLINE enum db_fate judge_connect(struct bpf_sock_addr *ctx, struct db_flow_key *key, __u32 hook, __u16 *port)
{
	struct bpf_sock *sk = ctx->sk;
	struct db_question question = {};
	struct db_answer answer = {};
	struct db_socket state __attribute__((aligned(8))) = {};
	const struct db_socket *before;
	__u32 type = ctx->type, protocol = ctx->protocol, names, slot = 0;

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
	if (!names && db_address_is_loopback(&key->destination)) {
		if (protocol == IPPROTO_UDP &&
			db_is_datagram_listener(question.caller, &key->destination, key->destination_port))
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
	question.callee = db_callee_of(question.caller, &key->destination);
	question.protocol = protocol;
	question.port = key->destination_port;
	question.at_caller = 1;
	/* 5. */
	if (names && db_address_is_loopback(&key->destination)) {
		answer.generation = db_generation();
		answer.verdict = answer.generation ? DB_ALLOW : DB_DENY;
		answer.reason = answer.generation ? DB_REASON_OPEN : DB_REASON_NO_POLICY;
	} else if (!question.caller) {
		answer.generation = db_generation();
		db_deny(&answer, DB_REASON_UNKNOWN_SELF);
	} else {
		db_judge_here(&question, &answer);
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
		else if (db_address_is_loopback(&key->destination)) {
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
		else if (!db_is_endpoint(question.callee) && db_is_rewriter(question.caller))
			db_deny(&answer, DB_REASON_CALLER_REWRITES);
	}
	/* Nothing has been sent by a datagram socket; what it sends is skb_egress's to store and record. */
	if (type != DB_SOCK_STREAM && answer.verdict == DB_ALLOW) {
		forget_redirection(sk);
		return DB_PASS;
	}
	/* 7. */
	if (answer.verdict == DB_ENGINE && protocol == IPPROTO_TCP &&
		db_listens(ctx, key, question.caller, question.callee) == DB_NOBODY) {
		bpf_sk_storage_delete(&sockets, sk);
		answer.verdict = DB_ALLOW;
		*port = 0;
		return db_unheard(key, &answer, question.caller, question.callee, DB_WHERE(hook, DB_EGRESS));
	}
	state.generation = answer.generation;
	state.role = DB_ROLE_CLIENT;
	state.verdict = answer.verdict;
	state.protocol = protocol;
	before = db_socket_of(sk);
	state.flags = (before ? before->flags & DB_SOCKET_ANSWERS : 0) |
		      (answer.verdict == DB_ENGINE ? DB_SOCKET_REDIRECTED : 0);
	state.owner = question.caller;
	state.peer = question.callee;
	state.port = question.port;
	/* A datagram has no SYN that tells the engine where it goes: the listener does. */
	state.peer_port = protocol != IPPROTO_TCP && answer.verdict == DB_ENGINE ? *port : question.port;
	db_address_copy(&state.address, &key->destination);
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
	if (port) {
		ctx->user_ip4 = bpf_htonl(0x7f000001);
		ctx->user_port = bpf_htons(port);
	}
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
	if (port) {
		int v4 = db_address_is_v4(&key.destination);

		ctx->user_ip6[0] = 0;
		ctx->user_ip6[1] = 0;
		ctx->user_ip6[2] = v4 ? bpf_htonl(0xffff) : 0;
		ctx->user_ip6[3] = v4 ? bpf_htonl(0x7f000001) : bpf_htonl(1);
		ctx->user_port = bpf_htons(port);
	}
	return fate;
}
