/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One record a decision, for people and for the API, and one count a refusal. Never decides anything. */
#ifndef DRAWBRIDGE_EVENTS_H
#define DRAWBRIDGE_EVENTS_H

#include "judge.h"

#define DB_EVENT_INTERVAL_NS 5000000ull /* 200 a second */
#define DB_EVENT_BURST_NS (1000 * DB_EVENT_INTERVAL_NS)
#define DB_EVENTS_WAITING (256 * 1024) /* bytes; while passing it, and not for ever beyond, records wake the reader */
#define DB_EVENTS_WAKING 4096

DB_INLINE int db_lost(void)
{
	__u32 zero = 0;
	__u64 *count = bpf_map_lookup_elem(&lost, &zero);

	if (count)
		*count += 1; /* per CPU; a nested program may lose one: it is a hint, not a ledger */
	return 0;
}

/*
 * Whether this endpoint may record one more. What one container causes must not
 * push out the records of the others, nor what it was allowed those of what it
 * was denied: each has a bucket. Two CPUs at once may take one token together.
 */
DB_INLINE int db_within_budget(__u32 owner, int denied, __u64 now)
{
	__u32 key = owner << 1 | denied;
	struct db_budget *known = bpf_map_lookup_elem(&budgets, &key);
	__u64 until;

	if (!known) {
		struct db_budget fresh = { .spent_until_ns = now + DB_EVENT_INTERVAL_NS };

		/* No room for the bucket: the ring's own limit is left. */
		bpf_map_update_elem(&budgets, &key, &fresh, BPF_ANY);
		return 1;
	}
	until = known->spent_until_ns;
	if (until < now)
		until = now;
	if (until - now > DB_EVENT_BURST_NS - DB_EVENT_INTERVAL_NS)
		return 0;
	known->spent_until_ns = until + DB_EVENT_INTERVAL_NS;
	return 1;
}

/* Where something was decided: hook, direction and, put in by drops.h, file and line (DB_HERE). */
#define DB_WHERE(hook, direction) ((__u32)(hook) | (__u32)(direction) << 8)
#define DB_WHERE_HOOK(where) ((__u8)(where))
#define DB_WHERE_DIRECTION(where) ((where) >> 8 & 1)
#define DB_WHERE_FILE(where) ((where) >> 9 & 0x7f)
#define DB_WHERE_LINE(where) ((where) >> 16)

/* A nested program on this CPU may lose one: it is a hint, not a ledger. */
__attribute__((noinline)) int db_count_drop(__u32 reason, __u32 where)
{
	struct db_drop key = {};
	__u64 one = 1, *count;

	key.reason = reason;
	key.hook = DB_WHERE_HOOK(where);
	key.file = DB_WHERE_FILE(where);
	key.line = DB_WHERE_LINE(where);
	count = bpf_map_lookup_elem(&drops, &key);
	if (count)
		*count += 1;
	else
		/* Of this CPU alone, also where another was first. */
		bpf_map_update_elem(&drops, &key, &one, BPF_ANY);
	return 0;
}

/* Not inlined: its parameter brings the layout of the struct into the object, for the test that compares. */
static __attribute__((noinline)) int db_describe(struct db_event *event, const struct db_answer *answer)
{
	event->rule = answer->rule;
	event->generation = answer->generation;
	event->reason = answer->reason;
	event->verdict = answer->audited ? DB_AUDIT : answer->verdict;
	event->side = answer->side;
	return 0;
}

/*
 * `key` is the flow as the packet or the call has it; an address not yet known is zero.
 * A full ring counts and denies nothing. An allowed connection does not wake the
 * reader, which looks every 100 ms anyway: the wake-up would cost the caller
 * more than the judgement.
 */
__attribute__((noinline)) int db_report(const struct db_flow_key *key, const struct db_answer *answer, __u32 owner, __u32 peer,
	__u32 where)
{
	struct db_event *event;
	__u64 now, wake = 0;

	if (!key || !answer)
		return 0;
	if (answer->verdict == DB_DENY)
		db_count_drop(answer->reason, where);
	now = bpf_ktime_get_ns();
	if (!db_within_budget(owner, answer->verdict != DB_ALLOW || answer->audited, now))
		return db_lost();
	if (answer->verdict == DB_ALLOW && !answer->audited)
		wake = bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) - DB_EVENTS_WAITING < DB_EVENTS_WAKING ?
			       BPF_RB_FORCE_WAKEUP :
			       BPF_RB_NO_WAKEUP;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event)
		return db_lost();
	db_describe(event, answer);
	event->time_ns = now;
	event->owner = owner;
	event->peer = peer;
	event->direction = DB_WHERE_DIRECTION(where);
	event->hook = DB_WHERE_HOOK(where);
	event->file = DB_WHERE_FILE(where);
	event->line = DB_WHERE_LINE(where);
	event->reserved = 0;
	event->protocol = key->protocol;
	event->source_port = key->source_port;
	event->destination_port = key->destination_port;
	db_address_copy(&event->source, &key->source);
	db_address_copy(&event->destination, &key->destination);
	bpf_ringbuf_submit(event, wake);
	return 0;
}

#endif
