/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every map, once. Keys and values are those of abi.h. The sizes are the
 * defaults: user space may set others before the load. A full map never lets
 * anything pass: `flows` makes room by include/shares.h, `origins` is LRU because
 * a lost entry denies (and `budgets`, which decides nothing), all others refuse
 * the insertion, and the agent then fails closed. Of those that judge nobody:
 * without an entry in `sources` a socket says that it is on loopback, without one
 * in `neighbours` the engine finds out whether somebody listens, without one in
 * `bound` who listens by an interface is refused to callers, and `drops` does not
 * count. `ports` is LRU because without an entry arrival judges alone.
 */
#ifndef DRAWBRIDGE_MAPS_H
#define DRAWBRIDGE_MAPS_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "abi.h"

/*
 * Keyed by the cgroup alone, so that all programs attached to one cgroup share
 * one entry. It is the entry of the cgroup a program is attached to, also when
 * the socket belongs to a cgroup below it.
 */
struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_STORAGE);
	__type(key, __u64);
	__type(value, struct db_self);
} self SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct db_endpoint);
} endpoints SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct db_address_key);
	__type(value, __u32);
} addresses SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 262144);
	__type(key, struct db_pair);
	__type(value, __u32);
} pairs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, struct db_table);
} tables SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct db_flow_key);
	__type(value, struct db_flow);
} flows SEC(".maps");

/* As many as flows: every flow has one; who holds it, so that nobody's flows push out another's; not for user space. */
struct db_flow_place {
	__u32 busy; /* somebody changes it */
	__u32 holder; /* DB_HOLDER(); 0: free */
	struct db_flow_key flow; /* at eight bytes */
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 65536); /* as flows */
	__type(key, __u32);
	__type(value, struct db_flow_place);
} flow_places SEC(".maps");

/* How many places each holder has; not for user space. Endpoints that are 16,384 numbers apart share a count. */
#define DB_HOLDERS 32768
#define DB_HOLDER(endpoint, outsiders) (((endpoint) << 1 | (outsiders)) % DB_HOLDERS)
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, DB_HOLDERS);
	__type(key, __u32);
	__type(value, __u32);
} flow_holders SEC(".maps");

/*
 * Where a redirected connection wants to go, from its SYN to the handshake's end on loopback.
 * Then it is in the accepted socket's own storage, DB_ROLE_ACCEPTED. Not for user space.
 */
struct db_origin_key {
	__u32 netns; /* number of the namespace the listener is in */
	__u16 peer_port; /* the accepted socket's remote port */
	__u16 local_port; /* and its local port */
	struct db_address peer; /* and its remote address */
};
struct db_origin {
	struct db_address destination;
	__u16 port;
	__u16 reserved;
	__u32 caller; /* endpoint or DB_PEER_* */
	__u32 callee; /* endpoint or DB_PEER_* */
	__u32 generation;
};
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct db_origin_key);
	__type(value, struct db_origin);
} origins SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, __u32);
} namespaces SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __s32);
	__type(value, struct db_socket);
} sockets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct db_config);
} config SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20); /* bytes */
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} lost SEC(".maps");

/*
 * Every refusal, recorded or not. As many keys as there are lines that refuse, times the reasons they give: nobody but
 * who writes the programs can make more.
 */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct db_drop);
	__type(value, __u64);
} drops SEC(".maps");

/*
 * How far ahead of time an endpoint has spent its records; not for user space.
 * LRU: a lost entry gives a full bucket, which costs records of others and no verdict.
 */
struct db_budget {
	__u64 spent_until_ns; /* bpf_ktime_get_ns; beyond now by at most the burst */
};
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32); /* owner << 1 | denied */
	__type(value, struct db_budget);
} budgets SEC(".maps");

/*
 * Judgements of this generation that did not deny, by this CPU; not for user
 * space. See db_judge(). One that is lost is made again.
 */
#define DB_MEMOS 256
struct db_memo {
	__u32 sequence; /* odd while it is written */
	__u32 generation; /* 0: empty */
	__u32 caller, callee;
	__u32 what; /* DB_LEFT_TO_ARRIVAL | protocol << 16 | port */
	__u32 rule;
	__u16 reason;
	__u8 verdict, side, audited, reserved[3];
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, DB_MEMOS);
	__type(key, __u32);
	__type(value, struct db_memo);
} memos SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, __u64);
} listeners SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, 65536);
	__type(key, struct db_slot_key);
	__type(value, __u64);
} datagram_listeners SEC(".maps");

/* Full: an answer whose addresses found no room is not given to who asked. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct db_learned_key);
	__type(value, struct db_learned);
} learned SEC(".maps");

/* Full: what would go to the engine by a new one is denied. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct db_slot_key);
	__type(value, struct db_slot);
} slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, __u32);
} guarded SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct db_guard);
} guard SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct db_veth);
} veths SEC(".maps");

/*
 * What filter_to and filter_from (veth.bpf.c) go on with, by enum db_veth_program. A filter of an
 * interface cannot be pinned; this can, and the kernel empties it when nobody has it open and its
 * pin is gone (bpf_map_put_uref, kernel/bpf/syscall.c). The filters pass everything then, as if
 * they had been detached; and one write exchanges the program of every interface.
 */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, DB_VETH_PROGRAMS);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} veth_programs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct db_resolver_key);
	__type(value, __u32);
} resolvers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct db_source_key);
	__type(value, struct db_address);
} sources SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 262144);
	__type(key, struct db_neighbour);
	__type(value, __u32);
} neighbours SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, __u32);
} bound SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, __u32);
} rewriters SEC(".maps");

/*
 * Who listened last at a port of a namespace, beyond its loopback; not for user space. For sk_lookup, which can search
 * for no listener, where containers share the namespace: it may be wrong, and nobody is let in by it alone.
 */
#define DB_PORT_SEVERAL (1u << 31)
struct db_port_key {
	__u32 netns;
	__u16 port;
	__u16 reserved;
};
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct db_port_key);
	__type(value, __u32); /* endpoint, with DB_PORT_SEVERAL if another of that namespace listened there before */
} ports SEC(".maps");

#endif
