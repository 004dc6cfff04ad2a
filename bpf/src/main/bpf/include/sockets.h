/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is known of a socket, in its own storage: it can't be evicted, can't be
 * taken over by another socket, and dies with this one. The fast path of every
 * packet is this storage and one comparison of generations.
 */
#ifndef DRAWBRIDGE_SOCKETS_H
#define DRAWBRIDGE_SOCKETS_H

#include "flows.h"

#define DB_SOCK_STREAM 1
#define DB_SOCK_DGRAM 2
#define DB_SOCK_RAW 3

DB_INLINE struct db_socket *db_socket_of(struct bpf_sock *sk)
{
	return bpf_sk_storage_get(&sockets, sk, 0, 0);
}

/* The first eight bytes are read and written as one: a verdict never counts under another's generation. */
union db_socket_state {
	__u64 word;
	struct {
		__u32 generation;
		__u8 role, verdict, protocol, flags;
	};
};

DB_INLINE union db_socket_state db_socket_state(const struct db_socket *socket)
{
	return (union db_socket_state){ .word = *(const volatile __u64 *)socket };
}

DB_INLINE void db_socket_judged(struct db_socket *socket, __u8 verdict, __u32 generation)
{
	union db_socket_state state = db_socket_state(socket);

	state.verdict = verdict;
	state.generation = generation;
	*(volatile __u64 *)socket = state.word;
}

/* A TCP connection's, judged by the generation that is in force. */
DB_INLINE int db_is_current(union db_socket_state state)
{
	return state.role != DB_ROLE_NONE && state.protocol == IPPROTO_TCP && state.generation &&
	       state.generation == db_generation();
}

/*
 * A new peer is a new storage element, complete from the start: two threads
 * that send to two places by one socket must not make one entry out of both.
 * Afterwards only the state word changes. Not 0: no memory for it.
 */
DB_INLINE int db_socket_replace(struct bpf_sock *sk, struct db_socket *value)
{
	if (db_socket_of(sk))
		bpf_sk_storage_delete(&sockets, sk);
	return bpf_sk_storage_get(&sockets, sk, value, BPF_SK_STORAGE_GET_F_CREATE) ? 0 : -1;
}

/* What a connection's end bears, or a datagram's sender, from now on: whom it talks to, and what was judged of that. */
DB_INLINE void db_socket_begins(struct db_socket *state, __u8 role, const struct db_flow_key *key, const struct db_answer *answer,
	__u32 owner, __u32 peer)
{
	int server = role == DB_ROLE_SERVER;

	state->generation = answer->generation;
	state->role = role;
	state->verdict = answer->verdict;
	state->protocol = key->protocol;
	state->owner = owner;
	state->peer = peer;
	state->port = key->destination_port;
	state->peer_port = server ? key->source_port : key->destination_port;
	db_address_copy(&state->address, server ? &key->source : &key->destination);
}

/* A listener may still bear the storage of a connection it once was: that says nothing of who now comes in. */
DB_INLINE int db_is_listener(const struct bpf_sock *sk)
{
	return sk->state == BPF_TCP_LISTEN;
}

/* What is known of the connection that a packet of ours belongs to, but for loopback; NULL: of none. */
DB_INLINE struct db_socket *db_connection_of(const struct __sk_buff *skb, struct bpf_sock *sk, __u32 me)
{
	struct db_socket *socket;

	if (!me || !sk || skb->ifindex == 1)
		return NULL;
	socket = db_socket_of(sk);
	return socket && !db_is_listener(sk) ? socket : NULL;
}

/* Whose a listener is, for whoever calls where containers share an address (members.h). Without memory for it nobody knows. */
DB_INLINE void db_own_listener(struct bpf_sock *sk, __u32 me)
{
	struct db_socket state __attribute__((aligned(8))) = {};

	state.role = DB_ROLE_LISTENER;
	state.protocol = IPPROTO_TCP;
	state.owner = me;
	db_socket_replace(sk, &state);
}

/*
 * Judges a connection again with the identities learnt when it began, which
 * holds for it from now on. An
 * address that has since moved to another container changes nothing here, but
 * host, world and address ranges are looked up again.
 * ENGINE suffices for a redirected client and for a server whose client is the
 * engine; any other connection has bytes that no engine saw.
 */
__attribute__((noinline)) int db_judge_again(struct db_socket *socket, __u32 me, struct db_answer *answer)
{
	struct db_question question = {};
	__u32 peer;

	if (!socket || !answer)
		return DB_DENY;
	question.protocol = socket->protocol;
	question.port = socket->port;
	if (socket->flags & DB_SOCKET_REDIRECTED && db_is_engines_resolver(&socket->address)) {
		/* To the container engine's resolver: the engine judges each question. */
		answer->generation = db_generation();
		answer->verdict = DB_ENGINE;
		db_socket_judged(socket, DB_ENGINE, answer->generation);
		return DB_ENGINE;
	}
	peer = db_peer_again(socket->role == DB_ROLE_SERVER ? 0 : me, socket->peer, &socket->address);
	question.caller = socket->role == DB_ROLE_SERVER ? peer : me;
	question.callee = socket->role == DB_ROLE_SERVER ? me : peer;
	question.at_caller = socket->role != DB_ROLE_SERVER;
	db_judge(&question, answer);
	if (answer->verdict == DB_ENGINE && socket->role == DB_ROLE_SERVER && socket->flags & DB_SOCKET_FROM_ENGINE)
		answer->verdict = DB_ALLOW;
	if (answer->verdict == DB_ENGINE && !(socket->flags & DB_SOCKET_REDIRECTED))
		answer->verdict = db_may_do_without_engine(question.caller, question.callee) ? DB_ALLOW : DB_DENY;
	if (answer->verdict == DB_DENY && socket->verdict != DB_DENY)
		answer->reason = DB_REASON_LATE_DENY;
	db_socket_judged(socket, answer->verdict, answer->generation);
	return answer->verdict;
}

/*
 * For a packet that is refused without a judgement: remembers, for this
 * generation, that it was reported. False if it was before: then it is dropped
 * without a record.
 */
DB_INLINE int db_first_refusal(struct bpf_sock *sk, __u32 generation)
{
	struct db_socket *socket = bpf_sk_storage_get(&sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	union db_socket_state state;

	if (!socket)
		return 1;
	state = db_socket_state(socket);
	if (state.role != DB_ROLE_NONE && state.role != DB_ROLE_LISTENER)
		return 1;
	if (generation && state.generation == generation)
		return 0;
	db_socket_judged(socket, DB_DENY, generation);
	return 1;
}

/*
 * A TCP connection that began before its cgroup was attached: who called whom
 * cannot be told. Passes if this endpoint has no rules in either direction
 * (its peer's own programs enforce the peer's), settles, or only records them. The
 * verdict is kept for this generation. Gives whether it is news: 0 if it was recorded before.
 */
DB_INLINE int db_unjudged(struct bpf_sock *sk, __u32 me, struct db_answer *answer)
{
	struct db_socket *socket = bpf_sk_storage_get(&sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	const struct db_endpoint *endpoint;
	__u32 generation = db_generation();

	if (socket) {
		union db_socket_state state = db_socket_state(socket);

		if (generation && state.generation == generation) {
			db_deny(answer, DB_REASON_UNJUDGED_SOCKET);
			answer->verdict = state.verdict;
			return 0;
		}
	}
	answer->generation = generation;
	db_deny(answer, generation ? DB_REASON_UNJUDGED_SOCKET : DB_REASON_NO_POLICY);
	endpoint = bpf_map_lookup_elem(&endpoints, &me);
	if (!endpoint) {
		answer->reason = DB_REASON_UNKNOWN_ENDPOINT;
	} else if (generation) {
		__u32 firm = endpoint->flags & (DB_EP_FIRM_EGRESS | DB_EP_FIRM_INGRESS);
		int closed =
			endpoint->flags & (DB_EP_CLOSED_EGRESS | DB_EP_CLOSED_INGRESS) && !(endpoint->flags & DB_EP_SETTLING);

		if (!closed || (endpoint->flags & DB_EP_AUDIT && !firm))
			answer->verdict = DB_ALLOW;
		answer->audited = closed && answer->verdict == DB_ALLOW;
	}
	if (socket)
		db_socket_judged(socket, answer->verdict, generation);
	return answer->verdict == DB_DENY || answer->audited;
}

#endif
