/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Addresses of both families as 16 bytes. Every lookup by address goes through
 * here, so that ::ffff:a.b.c.d and a.b.c.d can never be two things.
 */
#ifndef DRAWBRIDGE_ADDRESS_H
#define DRAWBRIDGE_ADDRESS_H

#include <linux/types.h>
#include <bpf/bpf_endian.h>

#include "maps.h"

#define DB_INLINE static __always_inline

/*
 * A context field, loaded here and nowhere else: the compiler may not merge two
 * branches' loads into one through a computed pointer, which the verifier
 * refuses. The counter keeps the branches' asm statements from being merged.
 */
#define db_load(field) \
	({ \
		__u32 loaded_ = (field); \
		asm volatile("# %1" : "+r"(loaded_) : "i"(__COUNTER__)); \
		loaded_; \
	})

/* The address's four words in network order. The pointer must be aligned to four bytes. */
DB_INLINE void db_address_words(struct db_address *to, __u32 w0, __u32 w1, __u32 w2, __u32 w3)
{
	__u8 *bytes = __builtin_assume_aligned(to->bytes, 4);

	__builtin_memcpy(bytes, &w0, 4);
	__builtin_memcpy(bytes + 4, &w1, 4);
	__builtin_memcpy(bytes + 8, &w2, 4);
	__builtin_memcpy(bytes + 12, &w3, 4);
}

DB_INLINE void db_address_v4(struct db_address *to, __u32 address)
{
	db_address_words(to, 0, 0, bpf_htonl(0xffff), address);
}

DB_INLINE __u32 db_address_word(const struct db_address *from, int index)
{
	const __u8 *bytes = __builtin_assume_aligned(from->bytes, 4);
	__u32 word;

	__builtin_memcpy(&word, bytes + 4 * index, 4);
	return word;
}

DB_INLINE void db_address_copy(struct db_address *to, const struct db_address *from)
{
	db_address_words(to, db_address_word(from, 0), db_address_word(from, 1), db_address_word(from, 2),
		db_address_word(from, 3));
}

DB_INLINE int db_address_equal(const struct db_address *a, const struct db_address *b)
{
	return db_address_word(a, 0) == db_address_word(b, 0) && db_address_word(a, 1) == db_address_word(b, 1) &&
	       db_address_word(a, 2) == db_address_word(b, 2) && db_address_word(a, 3) == db_address_word(b, 3);
}

DB_INLINE int db_address_is_v4(const struct db_address *address)
{
	return db_address_word(address, 0) == 0 && db_address_word(address, 1) == 0 &&
	       db_address_word(address, 2) == bpf_htonl(0xffff);
}

/* 127.0.0.0/8, ::1, and the unspecified addresses, which Linux connects to loopback. */
DB_INLINE int db_address_is_loopback(const struct db_address *address)
{
	__u32 last = db_address_word(address, 3);

	if (db_address_is_v4(address))
		return last == 0 || (last & bpf_htonl(0xff000000)) == bpf_htonl(0x7f000000);
	return db_address_word(address, 0) == 0 && db_address_word(address, 1) == 0 && db_address_word(address, 2) == 0 &&
	       (last == 0 || last == bpf_htonl(1));
}

/* 127.0.0.11: the container engine's resolver, at any port, because its rules translate 53 to one of its own. */
DB_INLINE int db_is_engines_resolver(const struct db_address *address)
{
	return db_address_is_v4(address) && db_address_word(address, 3) == bpf_htonl(0x7f00000b);
}

DB_INLINE int db_is_endpoint(__u32 peer)
{
	return peer >= DB_FIRST_ENDPOINT && peer < DB_FIRST_NETWORK;
}

/* Who has the address: an endpoint, DB_PEER_HOST, or DB_PEER_WORLD for what nobody told us. */
DB_INLINE __u32 db_peer_of(const struct db_address *address)
{
	struct db_address_key key = { .prefix_bits = 128 };
	const __u32 *peer;

	db_address_copy(&key.address, address);
	peer = bpf_map_lookup_elem(&addresses, &key);
	return peer ? *peer : DB_PEER_WORLD;
}

/* Whom `me` calls there: what it learned of an address outside by name says more than the address. */
DB_INLINE __u32 db_callee_of(__u32 me, const struct db_address *address)
{
	__u32 peer = db_peer_of(address);
	struct db_learned_key key = {};
	struct db_learned *known;
	__u64 now;

	if (peer != DB_PEER_WORLD && peer < DB_FIRST_NETWORK)
		return peer;
	key.owner = me;
	db_address_copy(&key.address, address);
	known = bpf_map_lookup_elem(&learned, &key);
	if (!known)
		return peer;
	now = bpf_ktime_get_ns();
	if (now >= known->until_ns)
		return peer;
	known->used_ns = now;
	return known->peer ? known->peer : peer;
}

/*
 * Whom to judge a known flow by. A container stays who it was, whatever has its
 * address now; host, world and address ranges are what policy calls an address,
 * and it may call it otherwise now. An outsider never becomes a container. What
 * `me`, who opened the flow by a name, has learned of the address is asked even
 * when its time is over: the agent writes anew there what names mean when rules
 * change. What nothing is known of any more stays who it was. `me` is 0 where
 * the other end opened the flow.
 */
DB_INLINE __u32 db_peer_again(__u32 me, __u32 peer, const struct db_address *address)
{
	struct db_learned_key key = { .owner = me };
	const struct db_learned *known;
	__u32 now;

	if (db_is_endpoint(peer))
		return peer;
	now = db_peer_of(address);
	if (peer >= DB_FIRST_NAMED || now == DB_PEER_WORLD || now >= DB_FIRST_NETWORK) {
		db_address_copy(&key.address, address);
		known = bpf_map_lookup_elem(&learned, &key);
		if (known) {
			/* What was not opened by a name gains nothing by one whose time is over. */
			__u32 by = peer >= DB_FIRST_NAMED ? known->again : bpf_ktime_get_ns() < known->until_ns ? known->peer : 0;

			if (by)
				return by;
		}
	}
	return db_is_endpoint(now) || peer >= DB_FIRST_NAMED ? peer : now;
}

#endif
