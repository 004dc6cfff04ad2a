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

/* The question's callee is whose the address is; becomes who is called, if that is known. */
DB_INLINE enum db_called db_who_is_called(struct bpf_sock_addr *ctx, const struct db_flow_key *key, struct db_question *question)
{
	const struct db_endpoint *mine, *theirs;
	__u32 at = question->callee, caller = question->caller, listening;

	/* 1. */
	if (!db_is_endpoint(at))
		return DB_CALLED_ADDRESS;
	theirs = bpf_map_lookup_elem(&endpoints, &at);
	if (!theirs || !(theirs->flags & DB_EP_SHARED))
		return DB_CALLED_ADDRESS;
	mine = bpf_map_lookup_elem(&endpoints, &caller);
	if (!mine)
		return DB_CALLED_ADDRESS;
	listening = db_ask(ctx, key, mine->netns, theirs->netns);
	/* 2. */
	if (listening >= DB_FIRST_ENDPOINT) {
		question->callee = listening;
		return DB_CALLED_MEMBER;
	}
	/* 3. */
	if (mine->netns == theirs->netns) {
		question->callee = caller;
		return DB_CALLED_MEMBER;
	}
	/* 4. 5. */
	return listening == DB_NOBODY ? DB_CALLED_NOBODY : DB_CALLED_UNKNOWN;
}

/*
 * Finds out who is called and judges; the question gets its callee. On loopback
 * that is the caller itself unless another's listener is there. Gives an enum db_called.
 */
__attribute__((noinline)) int db_judge_call(struct bpf_sock_addr *ctx, const struct db_flow_key *key,
	struct db_question *question, struct db_answer *answer)
{
	enum db_called called = DB_CALLED_ADDRESS;

	if (!key || !question || !answer)
		return DB_CALLED_ADDRESS;
	question->callee =
		db_address_is_loopback(&key->destination) ? question->caller : db_callee_of(question->caller, &key->destination);
	if (!question->caller) {
		answer->generation = db_generation();
		db_deny(answer, DB_REASON_UNKNOWN_SELF);
		return DB_CALLED_ADDRESS;
	}
	if (question->protocol == IPPROTO_TCP && !db_is_engines_resolver(&key->destination))
		called = db_who_is_called(ctx, key, question);
	if (called == DB_CALLED_NOBODY || called == DB_CALLED_UNKNOWN) {
		question->callee = db_judge_members(question, answer, called == DB_CALLED_UNKNOWN);
		if (called == DB_CALLED_UNKNOWN && answer->verdict == DB_ENGINE)
			db_deny(answer, DB_REASON_LISTENER_UNKNOWN);
	} else {
		question->at_caller = called == DB_CALLED_ADDRESS;
		db_judge(question, answer);
	}
	return called;
}

#endif
