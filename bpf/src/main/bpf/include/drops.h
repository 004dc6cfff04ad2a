/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The only ways to refuse. A function whose answer a packet or a call lives by
 * gives an enum db_fate, and there is no other way to DB_DROPPED than these,
 * which a test holds (DropsTest). Each is counted with its file and line in map
 * `drops`, and the record bears them too:
 *   1. db_drop: refused without a judgement, for this reason. Recorded.
 *   2. db_drop_judged: refused by a judgement. Recorded.
 *   3. db_as_judged: passes or is refused, as judged; recorded if it is news.
 *   4. db_drop_again: refused as was recorded before. Counted, not recorded:
 *      the socket's first refusal of this generation has the record.
 *   5. db_unheard: allowed, but nobody listens: connect() says what the callee's
 *      kernel would. No drop of ours: recorded as allowed, counted nowhere.
 * sock_ops refuses nothing: it counts and records a connection that its server
 * must not have, once; the packets that fail by that are counted as `repeated`.
 */
#ifndef DRAWBRIDGE_DROPS_H
#define DRAWBRIDGE_DROPS_H

#include "events.h"

/* What a cgroup's program and sk_lookup return; veth.bpf.c translates. */
enum db_fate { DB_DROPPED = 0, DB_PASS = 1 };

#define DB_FILE_IS(name, number, file) !__builtin_strcmp(__FILE_NAME__, file) ? number:
#define DB_FILE (DB_FILES(DB_FILE_IS) 0)

/* The file and line in which this stands. */
#define DB_HERE \
	({ \
		_Static_assert(DB_FILE, "a file that refuses has a number in DB_FILES"); \
		(__u32)(DB_FILE << 9 | __LINE__ << 16); \
	})

DB_INLINE enum db_fate db_drop_judged_at(const struct db_flow_key *key, const struct db_answer *answer, __u32 owner, __u32 peer,
	__u32 where)
{
	db_report(key, answer, owner, peer, where);
	return DB_DROPPED;
}

DB_INLINE enum db_fate db_drop_at(__u16 reason, const struct db_flow_key *key, struct db_answer *answer, __u32 owner, __u32 peer,
	__u32 where)
{
	answer->generation = db_generation();
	db_deny(answer, reason);
	return db_drop_judged_at(key, answer, owner, peer, where);
}

DB_INLINE enum db_fate db_drop_again_at(__u16 reason, __u32 where)
{
	db_count_drop(reason, where);
	return DB_DROPPED;
}

DB_INLINE enum db_fate db_as_judged_at(int news, const struct db_flow_key *key, const struct db_answer *answer, __u32 owner,
	__u32 peer, __u32 where)
{
	if (answer->verdict != DB_ALLOW)
		return news ? db_drop_judged_at(key, answer, owner, peer, where) : db_drop_again_at(answer->reason, where);
	if (news)
		db_report(key, answer, owner, peer, where);
	return DB_PASS;
}

#define DB_ECONNREFUSED 111

DB_INLINE enum db_fate db_unheard(const struct db_flow_key *key, const struct db_answer *answer, __u32 owner, __u32 peer,
	__u32 where)
{
	db_report(key, answer, owner, peer, where);
	bpf_set_retval(-DB_ECONNREFUSED);
	return DB_DROPPED;
}

#define db_drop(reason, key, answer, owner, peer, where) db_drop_at(reason, key, answer, owner, peer, (where) | DB_HERE)
#define db_drop_judged(key, answer, owner, peer, where) db_drop_judged_at(key, answer, owner, peer, (where) | DB_HERE)
#define db_drop_again(reason, where) db_drop_again_at(reason, (where) | DB_HERE)
#define db_as_judged(news, key, answer, owner, peer, where) db_as_judged_at(news, key, answer, owner, peer, (where) | DB_HERE)

#endif
