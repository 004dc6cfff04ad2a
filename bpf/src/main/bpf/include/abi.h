/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What kernel and agent agree on: every struct that crosses the border, every
 * map's key and value, every number with a meaning. The Java layouts in
 * dev.drawbridge.bpf.abi and dev.drawbridge.bpf.key are compared with this
 * file's BTF by a test; change both.
 *
 * Addresses are always 16 bytes in network order, IPv4 as ::ffff:a.b.c.d, so
 * that no lookup exists that one family could miss. Ports are in host order.
 */
#ifndef DRAWBRIDGE_ABI_H
#define DRAWBRIDGE_ABI_H

#include <linux/types.h>

/* Peers below DB_FIRST_ENDPOINT are not containers. */
#define DB_PEER_ANY 0 /* as a pair's peer: every peer without an entry of its own */
#define DB_PEER_HOST 1 /* a process of the host, or traffic that the host relays */
#define DB_PEER_WORLD 2 /* everything that is neither host nor container */
#define DB_PEER_EXEMPT 3 /* a container that the operator lets run unguarded */
#define DB_FIRST_ENDPOINT 256 /* containers: 256 .. 2^31-1 */
#define DB_FIRST_NETWORK 0x80000000u /* address ranges that a rule names: parts of the world, without rules of their own */
#define DB_FIRST_NAMED 0xc0000000u /* likewise: addresses that a container knows by names that its rules speak of */

enum db_direction { DB_EGRESS = 0, DB_INGRESS = 1 };

/* Verdict of one side, and of both sides together: the smaller number wins. */
enum db_verdict { DB_DENY = 0, DB_ENGINE = 1, DB_ALLOW = 2, DB_AUDIT = 3 /* events only: denied, but let pass */ };

/* struct endpoint.flags */
#define DB_EP_CLOSED_EGRESS (1u << 0)
#define DB_EP_CLOSED_INGRESS (1u << 1)
#define DB_EP_AUDIT (1u << 2) /* denials that are not the host's own are recorded, not enforced */
#define DB_EP_OFF (1u << 3) /* drawbridge.mode=off: its own rules are in no table; no program asks for this */
/*
 * Another endpoint lives in the same network namespace and has the same
 * addresses. Whose rules a caller meets there depends on whose socket has the
 * port: connect() looks for it (include/members.h), and arrival judges for whose
 * it is; loopback is judged too.
 */
#define DB_EP_SHARED (1u << 4)
/* The host's policy alone denies something in that direction: what nobody can judge there is denied in audit mode too. */
#define DB_EP_FIRM_EGRESS (1u << 5)
#define DB_EP_FIRM_INGRESS (1u << 6)
#define DB_EP_NAMES (1u << 7) /* what it asks of resolvers goes through the engine, which learns from the answers */
#define DB_EP_RESOLVES (1u << 8) /* which names it may ask for is judged: without an engine it asks nobody */
/*
 * It ran before its programs were attached, which was a moment ago: what its rules deny, or would have gone through the
 * engine and did not, passes unrecorded. Connections that began unseen end meanwhile.
 */
#define DB_EP_SETTLING (1u << 9)

struct db_address {
	__u8 bytes[16];
};

/* map self (CGROUP_STORAGE, key __u64 cgroup id): whose cgroup a program is attached to. */
struct db_self {
	__u32 endpoint; /* 0: the agent has not written it yet: unknown, denied */
	__u32 kind; /* enum db_self_kind */
};
enum db_self_kind { DB_SELF_NONE = 0, DB_SELF_CONTAINER = 1, DB_SELF_AGENT = 2 };

/* map endpoints (HASH, key __u32 endpoint id). */
struct db_endpoint {
	__u32 flags; /* DB_EP_* */
	__u32 netns; /* the agent's number of the network namespace, never 0 */
	__u16 engine_port4; /* engine's listener on 127.0.0.1 in that namespace; 0: none, fail closed */
	__u16 engine_port6; /* and on ::1; 0: none */
	__u32 next; /* DB_EP_SHARED: the next endpoint of that namespace, and so on until the first again; else 0 */
};

/* map addresses (LPM_TRIE): who has an address. Containers as /128; CIDRs come later. */
struct db_address_key {
	__u32 prefix_bits; /* 0..128 over the 16 bytes */
	struct db_address address;
};
/* value: __u32 peer */

/* map pairs (HASH): which port table judges (owner's side, direction, peer). */
struct db_pair {
	__u32 owner; /* endpoint whose rule it is */
	__u32 peer; /* endpoint, DB_PEER_HOST, DB_PEER_WORLD, address range, DB_PEER_ANY */
	__u32 direction; /* enum db_direction, from the owner's point of view */
};
/* value: __u32 table; absent for the peer: look up DB_PEER_ANY; absent too: no rule, denied. */

/* map tables (HASH, key __u32 table). Ranges are disjoint and sorted by (protocol, low); no match: denied. */
#ifndef DB_MAX_RANGES
#define DB_MAX_RANGES 32 /* the tests of upgrading make another */
#endif
struct db_range {
	__u8 protocol; /* IPPROTO_*; ports are those of the callee; ICMP: low=high=0 */
	__u8 verdict; /* enum db_verdict, DENY, ENGINE or ALLOW */
	__u16 low; /* inclusive */
	__u16 high; /* inclusive */
	__u16 flags; /* DB_RANGE_* */
	__u32 rule; /* number of the deciding rule, for events */
};
#define DB_RANGE_FIRM (1u << 0) /* a denial of the host's own: no mode lets it pass */
struct db_table {
	__u16 count; /* 0..DB_MAX_RANGES */
	__u16 flags; /* DB_TABLE_* */
	struct db_range ranges[DB_MAX_RANGES];
};
#define DB_TABLE_FIRM (1u << 0) /* what no range holds is the host's own denial */

/* map flows (HASH): who sent the packets of a flow; written by the sender's egress program only. See include/shares.h. */
struct db_flow_key {
	struct db_address source, destination;
	__u16 source_port, destination_port;
	__u8 protocol;
	__u8 reserved[3]; /* on loopback, in a shared namespace: its number's low 24 bits; else 0 */
};
struct db_flow {
	__u64 seen_ns; /* monotonic time of the last packet, precise or of the tick, at most 10 s late */
	__u32 sender; /* endpoint, or the one the engine speaks for; DB_PEER_WORLD/HOST: admitted datagram of an outsider */
	__u32 callee; /* whom the sender took the destination to be; with DB_FLOW_ENGINE: whom the request was judged for */
	__u32 flags; /* DB_FLOW_* */
	__u32 generation; /* by which the sender's side judged it last */
	__u32 admitted_by; /* endpoint that let its datagrams in; 0: none yet */
	__u32 admitted_generation; /* and the generation it did so by */
	__u32 place; /* in map flow_places, from 1 */
	__u32 reserved;
};
#define DB_FLOW_ENGINE (1u << 0) /* written for a socket of the engine */
#define DB_FLOW_OUTSIDER (1u << 1) /* written by the receiver for an admitted outsider's datagram */

/* map namespaces (HASH, key __u64 the kernel's cookie of a network namespace, value __u32 the agent's number): those with a listener. */

/* map sockets (SK_STORAGE, fd as key from the agent): what is known of a socket. Lives and dies with it. */
enum db_role {
	DB_ROLE_NONE = 0,
	DB_ROLE_CLIENT = 1,
	DB_ROLE_SERVER = 2,
	DB_ROLE_ENGINE = 3,
	DB_ROLE_ACCEPTED = 4,
	DB_ROLE_LISTENER = 5,
};
/* DB_ROLE_LISTENER: `owner` listens there; who calls is in no listener. DB_ROLE_ACCEPTED, at the engine's listener: `owner` calls `peer` at `address` and `port`, the connection's destination. */
struct db_socket {
	__u32 generation; /* policy generation it was judged by; 0: never */
	__u8 role; /* enum db_role */
	__u8 verdict; /* enum db_verdict at that generation */
	__u8 protocol;
	__u8 flags; /* DB_SOCKET_* */
	__u32 owner; /* endpoint it belongs to, or that the engine speaks for */
	__u32 peer; /* the other side */
	__u16 port; /* the callee's port */
	__u16 peer_port; /* the peer's own port, to which its packets go */
	struct db_address address; /* the peer's address as the application gave it */
};
#define DB_SOCKET_REDIRECTED (1u << 0) /* connect() was rewritten to the engine's listener */
#define DB_SOCKET_FROM_ENGINE (1u << 1) /* a server's socket whose client is the engine: the request was judged */
#define DB_SOCKET_SETTLED (1u << 3) /* a client's whose server has answered beyond the handshake: its record was taken back */
#define DB_SOCKET_ARRIVED (1u << 4) /* accepted: taken by sk_lookup in the callee's namespace, not redirected at connect */
#define DB_SOCKET_ANSWERS (1u << 2) /* datagrams were admitted to it: what it sends may be answers, judged packet by packet */

/* map config (ARRAY, one entry). */
struct db_config {
	__u32 generation; /* current policy generation, never 0 once the agent has applied one */
	__u32 flags;
};

/* map events (RINGBUF): one a decision. A full ring counts in map lost, and denies nothing. */
struct db_event {
	__u64 time_ns; /* bpf_ktime_get_ns */
	__u32 owner; /* endpoint whose hook decided */
	__u32 peer;
	__u32 rule; /* 0: none */
	__u32 generation;
	__u16 reason; /* include/reasons.h */
	__u8 verdict; /* enum db_verdict */
	__u8 direction; /* enum db_direction, of the owner */
	__u8 protocol;
	__u8 hook; /* enum db_hook */
	__u16 source_port, destination_port;
	__u8 side; /* DB_SIDE_*: whose rules denied; DB_SIDE_NONE unless denied or audited */
	__u8 file; /* enum db_file: where it was decided */
	struct db_address source, destination;
	__u16 line; /* of that file */
	__u16 reserved;
};
#define DB_SIDE_NONE 0
#define DB_SIDE_CALLER 1 /* the caller's egress rules */
#define DB_SIDE_CALLEE 2 /* the callee's ingress rules */
enum db_hook {
	DB_HOOK_CONNECT4 = 1,
	DB_HOOK_CONNECT6 = 2,
	DB_HOOK_SENDMSG4 = 3,
	DB_HOOK_SENDMSG6 = 4,
	DB_HOOK_SKB_EGRESS = 5,
	DB_HOOK_SKB_INGRESS = 6,
	DB_HOOK_SK_LOOKUP = 7,
	DB_HOOK_SOCK_OPS = 8,
	DB_HOOK_VETH = 9,
};

/* map listeners (SOCKHASH, value __u64 fd from user space): engine listeners for sk_lookup, key __u32 (netns << 1 | ipv6). */

/*
 * map datagram_listeners (SOCKHASH, value __u64 fd from user space): the engine's sockets for datagrams. A socket takes
 * those for one place, which is in map slots, so that its port tells where they were sent: a datagram has no handshake
 * that could leave an origin.
 */
#define DB_SLOTS 4 /* places that one namespace asks at a time, of a family */
struct db_slot_key {
	__u32 netns;
	__u32 slot; /* 0..DB_SLOTS-1 << 1 | ipv6 */
};

/* map slots (HASH, key struct db_slot_key): where what arrives at that listener was sent. Written by the programs. */
struct db_slot {
	__u64 seen_ns; /* bpf_ktime_get_ns() of the last datagram */
	__u32 owner; /* endpoint that sends */
	__u32 callee; /* whom it took the destination to be */
	__u32 reserved;
	__u16 port; /* of the destination */
	__u16 listener; /* the listener's own port */
	struct db_address destination;
};

/* map learned (HASH): what an address outside is to one container, by the answers to its own questions for names. */
struct db_learned_key {
	__u32 owner; /* endpoint that asked */
	struct db_address address;
};
struct db_learned {
	__u64 until_ns; /* bpf_ktime_get_ns(); from then on nothing new opens by it */
	__u64 used_ns; /* when it was last looked up for something new; written by the programs */
	__u32 peer; /* from DB_FIRST_NAMED; 0: who has the address, names say nothing more */
	__u32 again; /* whom to judge by what was opened before: by every name, also one whose time is over; 0: nothing */
};

/* map guarded (HASH, key __u64 cgroup id, value __u32 endpoint; 0: exempt): the cgroups below a guarded parent that the agent knows. */

/* map guard (ARRAY, one entry): what the programs at a parent of containers do with a cgroup they don't know. */
struct db_guard {
	__u32 flags; /* DB_GUARD_* */
	__u32 reserved;
};
#define DB_GUARD_DENY (1u << 0) /* else it passes, unrecorded */

/*
 * A source address that the program at a veth has found to be the namespace's own, so that it is not looked for at
 * every packet. Written by the program alone; the agent writes zeros.
 */
struct db_vouched {
	__u32 sequence; /* odd while it is written */
	__u32 generation; /* 0: empty */
	struct db_address address;
};

/* map veths (HASH, key __u32 interface index in the host's namespace): whose veth's host end it is. */
struct db_veth {
	__u32 netns; /* the agent's number of the network namespace at the other end */
	__u8 mac[6]; /* of the interface at the other end; zeros: not known, and not looked at */
	__u16 reserved;
	struct db_vouched vouched[2]; /* IPv6, IPv4 */
	__u32 owner; /* the endpoint there that answers for addresses of the link; 0: none is known */
};

/* map veth_programs (PROG_ARRAY): its keys. */
enum db_veth_program { DB_VETH_TO = 0, DB_VETH_FROM = 1, DB_VETH_PROGRAMS };

/* map resolvers (HASH, value __u32 1): whom the container engine's resolver asks from within a namespace, at port 53, by sockets of its own. */
struct db_resolver_key {
	__u32 netns;
	struct db_address address;
};

/*
 * map sources (LPM_TRIE, value struct db_address): the container's own address from which its namespace reaches a
 * destination, as its routes have it. What a redirected socket says of itself; nobody is judged by it.
 */
struct db_source_key {
	__u32 prefix_bits; /* 32 and the bits of the destination's prefix, over the 16 bytes */
	__u32 netns;
	struct db_address destination;
};

/*
 * map neighbours (HASH, value __u32 id): by which id a network namespace knows another (ip-netns(8), netns ids), so
 * that a caller's program can ask whether anybody listens in the callee's. No entry: it cannot be asked.
 */
struct db_neighbour {
	__u32 netns, other; /* the agent's numbers */
};

/* map bound (HASH, key __u32 netns, value __u32 1): namespaces in which somebody listened by an interface; written by sock_ops. */

/* map rewriters (HASH, key __u32 netns, value __u32 1): namespaces in which somebody may change packets on their way (CAP_NET_ADMIN). */

/*
 * The files in which something is refused, by number. Numbers are never used again: an agent reads what the programs of
 * another build have written.
 */
/* clang-format off */
#define DB_FILES(is) \
	is(CONNECT, 1, "connect.bpf.c") \
	is(SENDMSG, 2, "sendmsg.bpf.c") \
	is(SKB_EGRESS, 3, "skb_egress.bpf.c") \
	is(SKB_INGRESS, 4, "skb_ingress.bpf.c") \
	is(SK_LOOKUP, 5, "sk_lookup.bpf.c") \
	is(SOCK_OPS, 6, "sock_ops.bpf.c") \
	is(AGENT_EGRESS, 7, "agent_egress.bpf.c") \
	is(GUARD, 8, "guard.bpf.c") \
	is(VETH, 9, "veth.bpf.c") \
	is(LOOPBACK, 10, "loopback.h")
/* clang-format on */
#define DB_FILE_NUMBER(name, number, file) DB_FILE_##name = number,
enum db_file { DB_FILES(DB_FILE_NUMBER) };

/* map drops (PERCPU_HASH, value __u64): refusals, by where they were made. */
struct db_drop {
	__u16 reason; /* include/reasons.h; 0: the verdict that the socket bears, whose record says why */
	__u8 hook; /* enum db_hook */
	__u8 file; /* enum db_file */
	__u16 line;
	__u16 reserved;
};

/* map lost (PERCPU_ARRAY, one __u64): events that found the ring full, or their endpoint's budget spent. */

#endif
