/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The policy itself. Both sides of a flow must allow it, and the smaller
 * verdict wins: DENY < ENGINE < ALLOW.
 *
 * One side, in this order:
 *   1. HOST, WORLD, its address ranges and exempt containers have no rules of their own: ALLOW.
 *   2. an endpoint without an entry: DENY UNKNOWN_ENDPOINT.
 *   3. not closed in this direction: ALLOW.
 *   4. the table of (owner, peer), else the one of (owner, ANY), else DENY. What is known by name
 *      is never anybody: without a table of its own it is denied.
 *   5. the range that holds (protocol, port), else DENY.
 *   6. mode audit: this side's DENY becomes ALLOW and is marked, unless it is the host's own.
 *   7. settling: this side's DENY becomes ALLOW.
 * Mode off needs no step: the container's own rules are in no table then.
 */
#ifndef DRAWBRIDGE_JUDGE_H
#define DRAWBRIDGE_JUDGE_H

#include <linux/in.h>

#include "address.h"
#include "reasons.h"
#include "self.h"

struct db_question {
	__u32 caller, callee; /* endpoint, HOST or WORLD */
	__u32 protocol; /* IPPROTO_* */
	__u32 port; /* the callee's */
	__u32 at_caller; /* asked where the flow leaves: in a shared namespace the callee's denial is then left to arrival */
};

struct db_answer {
	__u32 generation; /* the one judged by */
	__u32 rule;
	__u16 reason;
	__u8 verdict;
	__u8 side; /* DB_SIDE_* that denied, also if only audited */
	__u8 audited;
	__u8 reserved[3];
};

/* One side's finding in a register. */
#define DB_SIDE(verdict, reason, rule) ((__u64)(verdict) | (__u64)(reason) << 8 | (__u64)(rule) << 32)
#define DB_SIDE_VERDICT(side) ((__u8)(side))
#define DB_SIDE_REASON(side) ((__u16)((side) >> 8 & 0xff))
#define DB_SIDE_RULE(side) ((__u32)((side) >> 32))
#define DB_SIDE_AUDITED (1ull << 24)
#define DB_SIDE_FIRM (1ull << 25)

DB_INLINE int db_protocol_has_rules(__u32 protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_ICMP || protocol == 58 /* ICMPv6 */ ||
	       protocol == IPPROTO_SCTP;
}

DB_INLINE int db_is_shared(__u32 number)
{
	const struct db_endpoint *endpoint = bpf_map_lookup_elem(&endpoints, &number);

	return endpoint && endpoint->flags & DB_EP_SHARED;
}

/* Whether two endpoints live in one network namespace, so that what one sends the other goes over its loopback. */
DB_INLINE int db_live_together(__u32 one, __u32 other)
{
	const struct db_endpoint *first = bpf_map_lookup_elem(&endpoints, &one);
	const struct db_endpoint *second = bpf_map_lookup_elem(&endpoints, &other);

	return first && second && first->netns == second->netns;
}

/* Whether somebody in its namespace may change packets on their way. */
DB_INLINE int db_is_rewriter(__u32 number)
{
	const struct db_endpoint *endpoint = bpf_map_lookup_elem(&endpoints, &number);
	__u32 netns;

	if (!endpoint)
		return 0;
	netns = endpoint->netns;
	return bpf_map_lookup_elem(&rewriters, &netns) != NULL;
}

/* Ranges are disjoint and sorted by (protocol, low): a binary search of at most six steps. */
DB_INLINE __u64 db_search(const struct db_table *table, __u32 protocol, __u32 port)
{
	__u32 wanted = protocol << 16 | (port & 0xffff);
	__u32 low = 0, high = table->count;
	__u64 none = DB_SIDE(DB_DENY, db_protocol_has_rules(protocol) ? DB_REASON_NO_RULE : DB_REASON_PROTOCOL, 0);

	if (table->flags & DB_TABLE_FIRM)
		none |= DB_SIDE_FIRM;
	if (high > DB_MAX_RANGES)
		return none | DB_SIDE_FIRM;
	for (int step = 0; step < 6; step++) {
		__u32 middle = (low + high) / 2;
		const struct db_range *range;

		if (low >= high || middle >= DB_MAX_RANGES)
			break;
		range = &table->ranges[middle];
		if (wanted < ((__u32)range->protocol << 16 | range->low)) {
			high = middle;
		} else if (wanted > ((__u32)range->protocol << 16 | range->high)) {
			low = middle + 1;
		} else {
			if (range->verdict == DB_ALLOW || range->verdict == DB_ENGINE)
				return DB_SIDE(range->verdict, DB_REASON_RULE_ALLOWS, range->rule);
			none = DB_SIDE(DB_DENY, DB_SIDE_REASON(none), 0);
			if (range->rule)
				none = DB_SIDE(DB_DENY, DB_REASON_RULE_DENIES, range->rule);
			return range->flags & DB_RANGE_FIRM ? none | DB_SIDE_FIRM : none;
		}
	}
	return none;
}

/* Global functions are verified once, whatever number of programs and branches call them. */
__attribute__((noinline)) __u64 db_judge_side(__u32 owner, __u32 peer, __u32 direction, __u32 protocol, __u32 port)
{
	struct db_pair pair = { .owner = owner, .peer = peer, .direction = direction };
	const struct db_endpoint *endpoint;
	const struct db_table *table = NULL;
	const __u32 *number;
	__u64 found;

	if (owner == DB_PEER_HOST || owner == DB_PEER_WORLD || owner == DB_PEER_EXEMPT || owner >= DB_FIRST_NETWORK)
		return DB_SIDE(DB_ALLOW, DB_REASON_OPEN, 0);
	endpoint = bpf_map_lookup_elem(&endpoints, &owner);
	if (!endpoint)
		return DB_SIDE(DB_DENY, DB_REASON_UNKNOWN_ENDPOINT, 0);
	if (!(endpoint->flags & (direction == DB_EGRESS ? DB_EP_CLOSED_EGRESS : DB_EP_CLOSED_INGRESS)))
		return DB_SIDE(DB_ALLOW, DB_REASON_OPEN, 0);
	number = bpf_map_lookup_elem(&pairs, &pair);
	if (!number && peer < DB_FIRST_NAMED) {
		pair.peer = DB_PEER_ANY;
		number = bpf_map_lookup_elem(&pairs, &pair);
	}
	if (number) {
		__u32 key = *number;

		table = bpf_map_lookup_elem(&tables, &key);
	}
	found = table ? db_search(table, protocol, port) :
			DB_SIDE(DB_DENY, db_protocol_has_rules(protocol) ? DB_REASON_NO_RULE : DB_REASON_PROTOCOL, 0);
	if (!table && endpoint->flags & (direction == DB_EGRESS ? DB_EP_FIRM_EGRESS : DB_EP_FIRM_INGRESS))
		found |= DB_SIDE_FIRM;
	if (DB_SIDE_VERDICT(found) == DB_DENY && endpoint->flags & DB_EP_AUDIT && !(found & DB_SIDE_FIRM))
		found = (found & ~0xffull) | DB_ALLOW | DB_SIDE_AUDITED;
	if (DB_SIDE_VERDICT(found) == DB_DENY && endpoint->flags & DB_EP_SETTLING)
		found = DB_SIDE(DB_ALLOW, DB_REASON_OPEN, 0);
	return found;
}

DB_INLINE int db_has_no_rules(__u32 number, __u32 closed)
{
	const struct db_endpoint *endpoint;

	if (!db_is_endpoint(number))
		return 1;
	endpoint = bpf_map_lookup_elem(&endpoints, &number);
	return endpoint && !(endpoint->flags & closed);
}

/* No rule speaks of what one calls the other: then it needs no state, and none that finds no room denies it. */
__attribute__((noinline)) int db_no_rule_speaks(__u32 caller, __u32 callee)
{
	return db_has_no_rules(caller, DB_EP_CLOSED_EGRESS) && db_has_no_rules(callee, DB_EP_CLOSED_INGRESS);
}

DB_INLINE int db_settles(__u32 number)
{
	const struct db_endpoint *endpoint;

	if (!db_is_endpoint(number))
		return 1;
	endpoint = bpf_map_lookup_elem(&endpoints, &number);
	return endpoint && endpoint->flags & DB_EP_SETTLING;
}

/* What needs the engine and did not come by it passes while everybody settles whose rule that may be. */
__attribute__((noinline)) int db_may_do_without_engine(__u32 caller, __u32 callee)
{
	return db_settles(caller) && db_settles(callee);
}

/*
 * A judgement depends on nothing but its question, the maps, and the
 * generation that says that they changed: so one connection, which is judged
 * at connect, at its SYN and up to four times at its callee, pays for it once.
 * Programs of one CPU interrupt each other: the sequence is odd while somebody
 * writes, and a reader that it changed under has read nothing. Denials are
 * not kept: an endpoint that is not there yet must be seen when it comes.
 */
DB_INLINE struct db_memo *db_memo_of(const struct db_question *question)
{
	__u32 at = (question->caller * 31 + question->callee * 17 + question->port + question->protocol) % DB_MEMOS;

	return bpf_map_lookup_elem(&memos, &at);
}

/*
 * One answer serves both ends, except the one that leaves a denial to arrival
 * (DB_LEFT_TO_ARRIVAL): that is the caller's end's alone.
 */
#define DB_LEFT_TO_ARRIVAL (1u << 31)

DB_INLINE __u32 db_memo_what(const struct db_question *question)
{
	return question->protocol << 16 | question->port;
}

DB_INLINE int db_recall(struct db_memo *memo, const struct db_question *question, struct db_answer *answer)
{
	volatile struct db_memo *known = memo;
	__u32 sequence = known->sequence, what = known->what;

	if (sequence & 1 || known->generation != answer->generation || known->caller != question->caller ||
		known->callee != question->callee || (what & ~DB_LEFT_TO_ARRIVAL) != db_memo_what(question) ||
		(what & DB_LEFT_TO_ARRIVAL && !question->at_caller))
		return 0;
	answer->rule = known->rule;
	answer->reason = known->reason;
	answer->verdict = known->verdict;
	answer->side = known->side;
	answer->audited = known->audited;
	return known->sequence == sequence;
}

DB_INLINE void db_remember(struct db_memo *memo, const struct db_question *question, const struct db_answer *answer,
	__u32 left_to_arrival)
{
	volatile struct db_memo *known = memo;
	__u32 sequence = known->sequence;

	if (sequence & 1 || __sync_val_compare_and_swap(&memo->sequence, sequence, sequence + 1) != sequence)
		return;
	known->generation = answer->generation;
	known->caller = question->caller;
	known->callee = question->callee;
	known->what = db_memo_what(question) | left_to_arrival;
	known->rule = answer->rule;
	known->reason = answer->reason;
	known->verdict = answer->verdict;
	known->side = answer->side;
	known->audited = answer->audited;
	known->sequence = sequence + 2;
}

/* Both sides' rules, without the memo. Gives DB_LEFT_TO_ARRIVAL or 0; the verdict is in the answer. */
__attribute__((noinline)) __u32 db_judge_rules(const struct db_question *question, struct db_answer *answer)
{
	__u64 caller, callee, decisive;
	__u8 verdict, side = DB_SIDE_NONE;
	__u32 left_to_arrival = 0;

	if (!question || !answer)
		return 0;
	caller = db_judge_side(question->caller, question->callee, DB_EGRESS, question->protocol, question->port);
	callee = db_judge_side(question->callee, question->caller, DB_INGRESS, question->protocol, question->port);
	if (DB_SIDE_VERDICT(callee) == DB_DENY && question->at_caller && db_is_shared(question->callee)) {
		callee = DB_SIDE(DB_ALLOW, DB_REASON_OPEN, 0);
		left_to_arrival = DB_LEFT_TO_ARRIVAL;
	}
	verdict = DB_SIDE_VERDICT(caller) < DB_SIDE_VERDICT(callee) ? DB_SIDE_VERDICT(caller) : DB_SIDE_VERDICT(callee);
	if (DB_SIDE_VERDICT(caller) == DB_DENY) {
		decisive = caller;
		side = DB_SIDE_CALLER;
	} else if (DB_SIDE_VERDICT(callee) == DB_DENY) {
		decisive = callee;
		side = DB_SIDE_CALLEE;
	} else if (caller & DB_SIDE_AUDITED) {
		decisive = caller;
		side = DB_SIDE_CALLER;
	} else if (callee & DB_SIDE_AUDITED) {
		decisive = callee;
		side = DB_SIDE_CALLEE;
	} else if (DB_SIDE_VERDICT(callee) == verdict && DB_SIDE_RULE(callee)) {
		decisive = callee;
	} else {
		decisive = caller;
		if (!DB_SIDE_RULE(caller) && DB_SIDE_RULE(callee))
			decisive = callee;
	}
	answer->verdict = verdict;
	answer->side = side;
	answer->audited = (decisive & DB_SIDE_AUDITED) != 0;
	answer->reason = DB_SIDE_REASON(decisive);
	answer->rule = DB_SIDE_RULE(decisive);
	return left_to_arrival;
}

/*
 * Whether rules are to be asked; the answer is there without them if not. A
 * container that talks to itself is not judged. The generation is read first: a
 * policy applied in between leads to a second judgement, never to an old verdict
 * under the new number.
 */
DB_INLINE int db_begin_judging(const struct db_question *question, struct db_answer *answer)
{
	answer->generation = db_generation();
	answer->rule = 0;
	answer->audited = 0;
	answer->side = DB_SIDE_NONE;
	answer->verdict = DB_DENY;
	answer->reason = DB_REASON_NO_POLICY;
	if (answer->generation == 0)
		return 0;
	if (question->caller == question->callee) {
		answer->verdict = DB_ALLOW;
		answer->reason = DB_REASON_OPEN;
		return 0;
	}
	return 1;
}

/* Both sides. */
DB_INLINE int db_judge_here(const struct db_question *question, struct db_answer *answer)
{
	struct db_memo *memo;
	__u32 left_to_arrival;

	if (!db_begin_judging(question, answer))
		return answer->verdict;
	memo = db_memo_of(question);
	if (memo && db_recall(memo, question, answer))
		return answer->verdict;
	left_to_arrival = db_judge_rules(question, answer);
	if (memo && answer->verdict != DB_DENY)
		db_remember(memo, question, answer, left_to_arrival);
	return answer->verdict;
}

/* The same, called: for programs with many places that judge. */
__attribute__((noinline)) int db_judge(const struct db_question *question, struct db_answer *answer)
{
	if (!question || !answer)
		return DB_DENY;
	return db_judge_here(question, answer);
}

/* Who lives in a namespace together; of more than these nobody is asked for one and all. */
#define DB_MEMBERS 8

/*
 * For callees of whom it is not known which one is called: the callee of the
 * question and all that live with it. Gives the member whose verdict it is,
 * the smallest of all if `strictly`, else the greatest. If not all could be
 * asked the smallest is DENY.
 */
__attribute__((noinline)) __u32 db_judge_members(const struct db_question *question, struct db_answer *answer, __u32 strictly)
{
	struct db_question one = {};
	struct db_answer found = {};
	__u32 member, chosen = 0;

	if (!question || !answer)
		return 0;
	one = *question;
	one.at_caller = 0;
	member = question->callee;
	for (int i = 0; i < DB_MEMBERS; i++) {
		const struct db_endpoint *endpoint;

		one.callee = member;
		/* Without a memo: Linux 6.1 counts 512 bytes of stack for all who stand below connect(), 32 for each at least. */
		if (db_begin_judging(&one, &found))
			db_judge_rules(&one, &found);
		if (!chosen || (strictly ? found.verdict < answer->verdict : found.verdict > answer->verdict)) {
			*answer = found;
			chosen = member;
		}
		endpoint = bpf_map_lookup_elem(&endpoints, &member);
		member = endpoint ? endpoint->next : 0;
		if (member == question->callee)
			return chosen;
		if (!member)
			break;
	}
	if (strictly && answer->verdict != DB_DENY) {
		answer->verdict = DB_DENY;
		answer->reason = DB_REASON_LISTENER_UNKNOWN;
		answer->audited = 0;
	}
	return chosen;
}

DB_INLINE void db_deny(struct db_answer *answer, __u16 reason)
{
	answer->verdict = DB_DENY;
	answer->reason = reason;
	answer->audited = 0;
}

/* An ENGINE where no engine is in between. */
DB_INLINE void db_without_engine(__u32 caller, __u32 callee, struct db_answer *answer)
{
	if (db_may_do_without_engine(caller, callee))
		answer->verdict = DB_ALLOW;
	else
		db_deny(answer, DB_REASON_NEEDS_ENGINE);
}

#endif
