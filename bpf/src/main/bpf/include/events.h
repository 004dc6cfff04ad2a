/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One record a decision, for people and for the API. Never decides anything. */
#ifndef DRAWBRIDGE_EVENTS_H
#define DRAWBRIDGE_EVENTS_H

#include "maps.h"
#include "reasons.h"

/*
 * A global function, so that the verifier walks it once and BTF holds the
 * struct. A full ring counts and denies nothing.
 */
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
		*count += 1; /* per CPU; a nested program may lose one, the number is a hint */
	return 0;
}

#endif
