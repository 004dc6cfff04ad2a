/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Room in `flows`. Every flow has a place, and every place a holder: the
 * endpoint that sends it, or the outsiders of the endpoint that let them in. A
 * new flow looks at places at random:
 *   1. one that is free, or whose flow is gone or too old to prove anything: takes it.
 *   2. none among DB_LOOKS: takes the one whose holder has most.
 * So who floods pushes out his own. Nobody waits: a place that somebody
 * changes is passed over.
 *
 * A flow is written while its place is busy, and a change keeps the place: a
 * flow without one would stay for ever.
 */
#ifndef DRAWBRIDGE_SHARES_H
#define DRAWBRIDGE_SHARES_H

#include "judge.h"

#define DB_FLOW_FRESH_NS (60ull * 1000 * 1000 * 1000) /* an older record proves nothing */
#define DB_FLOW_REFRESH_NS (10ull * 1000 * 1000 * 1000) /* how late seen_ns may be */
#define DB_LOOKS 16
#define DB_TRIES 8 /* more looks, when the place was taken meanwhile */
#define DB_SPARE_FLOWS 128 /* without a place: for CPUs that write at once */

/* The tick's time, a third of the price of the precise one. CPUs may differ by a tick: hence the signs below. */
DB_INLINE __u64 db_now(void)
{
	return bpf_ktime_get_coarse_ns();
}

DB_INLINE int db_is_fresh(const struct db_flow *flow)
{
	return (__s64)(db_now() - flow->seen_ns) < (__s64)DB_FLOW_FRESH_NS;
}

/* Of the kernel's own, as much as is read here. */
struct bpf_map {
	__u32 max_entries;
} __attribute__((preserve_access_index));

DB_INLINE __u32 db_places(void)
{
	return ((struct bpf_map *)(void *)&flow_places)->max_entries - DB_SPARE_FLOWS;
}

DB_INLINE void db_count(__u32 holder, int change)
{
	__u32 *held = bpf_map_lookup_elem(&flow_holders, &holder);

	if (held)
		__sync_fetch_and_add(held, change);
}

DB_INLINE __u32 db_held(__u32 holder)
{
	const __u32 *held = bpf_map_lookup_elem(&flow_holders, &holder);

	return held ? *held : 0;
}

DB_INLINE int db_claim(struct db_flow_place *place)
{
	return __sync_val_compare_and_swap(&place->busy, 0, 1) == 0;
}

DB_INLINE void db_let_go(struct db_flow_place *place)
{
	*(volatile __u32 *)&place->busy = 0;
}

DB_INLINE const struct db_flow *db_flow_at(const struct db_flow_place *place, __u32 number)
{
	const struct db_flow *flow = bpf_map_lookup_elem(&flows, &place->flow);

	return flow && flow->place == number + 1 ? flow : NULL;
}

/* Claims a place: its number from 1, or 0. */
DB_INLINE __u32 db_find_place(void)
{
	__u32 places = db_places(), best = 0, most = 0;

	for (int look = 0; look < DB_LOOKS + DB_TRIES; look++) {
		__u32 number = bpf_get_prandom_u32() % places, held;
		struct db_flow_place *place = bpf_map_lookup_elem(&flow_places, &number);
		const struct db_flow *flow;

		if (!place || *(volatile __u32 *)&place->busy)
			continue;
		flow = place->holder ? db_flow_at(place, number) : NULL;
		if (!flow || !db_is_fresh(flow)) {
			if (db_claim(place))
				return number + 1;
			continue;
		}
		held = db_held(place->holder);
		if (!best || held > most) {
			best = number + 1;
			most = held;
		}
		if (look < DB_LOOKS - 1)
			continue;
		number = best - 1;
		place = bpf_map_lookup_elem(&flow_places, &number);
		if (place && db_claim(place))
			return best;
		best = 0;
	}
	return 0;
}

/*
 * Writes a flow that is there, or gives a new one room. Not 0: there was none. `is_new`: the caller has just looked.
 * Both must be on the caller's own stack: to Linux 6.1 what an argument points to is no key and no value of a map.
 */
DB_INLINE int db_keep_here(const struct db_flow_key *flow, struct db_flow *fresh, __u32 is_new)
{
	const struct db_flow *known = NULL;
	struct db_flow_place *place;
	__u32 number, holder;
	long failed;

	if (!is_new)
		known = bpf_map_lookup_elem(&flows, flow);
	if (known) {
		fresh->place = known->place;
		if (!bpf_map_update_elem(&flows, flow, fresh, BPF_EXIST))
			return 0;
	}
	number = db_find_place();
	if (!number)
		return -1;
	fresh->place = number--;
	place = bpf_map_lookup_elem(&flow_places, &number);
	if (!place)
		return -1;
	if (place->holder) {
		/* ENOENT: it was taken back. */
		if (db_flow_at(place, number))
			bpf_map_delete_elem(&flows, &place->flow);
		db_count(place->holder, -1);
	}
	holder = fresh->flags & DB_FLOW_OUTSIDER ? DB_HOLDER(fresh->callee, 1) : DB_HOLDER(fresh->sender, 0);
	place->flow = *flow;
	place->holder = holder;
	failed = bpf_map_update_elem(&flows, flow, fresh, BPF_ANY);
	if (failed)
		place->holder = 0;
	else
		db_count(holder, 1);
	db_let_go(place);
	return failed;
}

__attribute__((noinline)) int db_keep(const struct db_flow_key *key, const struct db_flow *value, __u32 is_new)
{
	struct db_flow_key flow __attribute__((aligned(8)));
	struct db_flow fresh __attribute__((aligned(8)));

	if (!key || !value)
		return -1;
	flow = *key;
	fresh = *value;
	return db_keep_here(&flow, &fresh, is_new);
}

DB_INLINE int db_is_same_flow(const struct db_flow_key *a, const struct db_flow_key *b)
{
	const __u64 *left = (const __u64 *)a, *right = (const __u64 *)b;

	return left[0] == right[0] && left[1] == right[1] && left[2] == right[2] && left[3] == right[3] && left[4] == right[4];
}

/* A flow whose receiver needs its record no longer. The key must be on the caller's stack, at eight bytes. */
DB_INLINE void db_forget(const struct db_flow_key *flow)
{
	const struct db_flow *known = bpf_map_lookup_elem(&flows, flow);
	struct db_flow_place *place;
	__u32 number;

	if (!known)
		return;
	number = known->place - 1;
	place = bpf_map_lookup_elem(&flow_places, &number);
	if (!place || !db_claim(place)) {
		/* The place will be found to be free. */
		bpf_map_delete_elem(&flows, flow);
		return;
	}
	bpf_map_delete_elem(&flows, flow);
	if (place->holder && db_is_same_flow(&place->flow, flow)) {
		db_count(place->holder, -1);
		place->holder = 0;
	}
	db_let_go(place);
}

#endif
