/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One record a decision, for people and for the API. Never decides anything. */
#ifndef DRAWBRIDGE_EVENTS_H
#define DRAWBRIDGE_EVENTS_H

#include "judge.h"

/* A full ring counts and denies nothing. */
__attribute__((noinline)) int db_emit(const struct db_event *event)
{
	__u32 zero = 0;
	__u64 *count;

	if (!event)
		return 0;
	if (bpf_ringbuf_output(&events, (void *)event, sizeof(*event), 0) == 0)
		return 0;
	count = bpf_map_lookup_elem(&lost, &zero);
	if (count)
		*count += 1; /* per CPU; a nested program may lose one: it is a hint, not a ledger */
	return 0;
}

#define DB_WHERE(hook, direction) ((hook) | (direction) << 8)

/* `key` is the flow as the packet or the call has it; an address not yet known is zero. */
__attribute__((noinline)) int db_report(const struct db_flow_key *key, const struct db_answer *answer, __u32 owner,
	__u32 peer, __u32 where)
{
	struct db_event event = {};

	if (!key || !answer)
		return 0;
	event.time_ns = bpf_ktime_get_ns();
	event.owner = owner;
	event.peer = peer;
	event.rule = answer->rule;
	event.generation = answer->generation;
	event.reason = answer->reason;
	event.verdict = answer->audited ? DB_AUDIT : answer->verdict;
	event.side = answer->side;
	event.direction = where >> 8;
	event.hook = where;
	event.protocol = key->protocol;
	event.source_port = key->source_port;
	event.destination_port = key->destination_port;
	db_address_copy(&event.source, &key->source);
	db_address_copy(&event.destination, &key->destination);
	return db_emit(&event);
}

#endif
