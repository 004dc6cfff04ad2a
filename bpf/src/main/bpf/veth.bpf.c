// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Attached to the host's end of a container's veth (tcx, Linux 6.6), for what
 * passes every cgroup hook: frames that no socket of a container sent, and
 * packets that the kernel answers before a socket is asked.
 *
 * to_container, in this order:
 *   1. everything but an ICMP request (echo, timestamp, address mask): passes.
 *   2. to an address that is no container's: passes.
 *   3. let in by this generation: passes.
 *   4. judged as include/inbound.h says; a denial is recorded and dropped.
 *
 * from_container, by map `veths`, which says whose veth it is:
 *   1. an interface that is not there: passes.
 *   2. without DB_VETH_FRAMES only the kernel makes anything but IP: it passes, and 3 and 6 are left out.
 *   3. ARP: from an address of this network namespace, or none; else UNVOUCHED_ADDRESS.
 *   4. neither IPv4, IPv6 nor ARP: RAW_SOCKET. Unreadable: its reason.
 *   5. IPv6 neighbour discovery and multicast membership (packet.h): pass.
 *   6. a source that is no address of this network namespace: UNVOUCHED_ADDRESS.
 *   7. a later fragment, a TCP segment that opens nothing, an ICMP message that
 *      asks nothing: pass. (The kernel makes these too, and no record says so.)
 *   8. a beginning or a datagram that a socket of this namespace has recorded,
 *      or that answers one it admitted: passes.
 *   9. DB_VETH_RESOLVER and port 53: passes.
 *  10. else RAW_SOCKET.
 */
#include "include/inbound.h"

#define VETH_PASS -1 /* TCX_NEXT */
#define VETH_DROP 2 /* TCX_DROP */
#define ETHERNET 14

DB_INLINE int asks_the_kernel(const struct db_packet *packet)
{
	if (packet->key.protocol == DB_ICMP)
		return packet->icmp_type == 8 || packet->icmp_type == 13 || packet->icmp_type == 17;
	return packet->key.protocol == DB_ICMPV6 && packet->icmp_type == 128;
}

/* The one look that every packet into a container pays for. */
DB_INLINE int may_be_icmp(struct __sk_buff *skb)
{
	const __u8 *data = (const __u8 *)(long)skb->data;
	const __u8 *end = (const __u8 *)(long)skb->data_end;
	__u8 next;

	if (skb->protocol == bpf_htons(0x0800)) {
		if (data + ETHERNET + 20 <= end)
			return data[ETHERNET + 9] == DB_ICMP;
		return bpf_skb_load_bytes(skb, ETHERNET + 9, &next, 1) || next == DB_ICMP;
	}
	if (skb->protocol != bpf_htons(0x86dd))
		return 0;
	if (data + ETHERNET + 40 <= end)
		next = data[ETHERNET + 6];
	else if (bpf_skb_load_bytes(skb, ETHERNET + 6, &next, 1))
		return 1;
	/* ICMPv6 may be behind any extension header. */
	return next != IPPROTO_TCP && next != IPPROTO_UDP;
}

DB_INLINE int judge_request(struct __sk_buff *skb)
{
	struct db_packet packet __attribute__((aligned(8))) = {};
	struct db_inbound inbound = {};
	struct db_flow *known;
	struct db_flow flow = {};
	__u32 me;

	/* What can't be read is nobody's request: the cgroup's own programs refuse it. */
	if (db_parse(skb, ETHERNET, &packet) || !asks_the_kernel(&packet))
		return VETH_PASS;
	me = db_peer_of(&packet.key.destination);
	if (!db_is_endpoint(me))
		return VETH_PASS;
	known = db_fresh_flow(&packet.key);
	if (known && known->admitted_by == me && known->admitted_generation &&
		known->admitted_generation == db_generation())
		return VETH_PASS;
	db_judge_inbound(&packet.key, me, &inbound);
	if (inbound.answer.verdict == DB_ENGINE)
		db_deny(&inbound.answer, DB_REASON_NEEDS_ENGINE);
	if (inbound.answer.verdict == DB_DENY || !db_is_endpoint(inbound.caller))
		db_report(&packet.key, &inbound.answer, me, inbound.caller, DB_WHERE(DB_HOOK_VETH, DB_INGRESS));
	if (inbound.answer.verdict == DB_DENY)
		return VETH_DROP;
	if (known && !(known->flags & DB_FLOW_OUTSIDER)) {
		flow = *known;
	} else {
		flow.seen_ns = bpf_ktime_get_ns();
		flow.sender = inbound.caller;
		flow.callee = me;
		flow.flags = DB_FLOW_OUTSIDER;
		flow.generation = inbound.answer.generation;
	}
	flow.admitted_by = me;
	flow.admitted_generation = inbound.answer.generation;
	/* A lost update costs another judgement. */
	bpf_map_update_elem(&flows, &packet.key, &flow, BPF_ANY);
	return VETH_PASS;
}

SEC("tc")
int to_container(struct __sk_buff *skb)
{
	return may_be_icmp(skb) ? judge_request(skb) : VETH_PASS;
}

DB_INLINE int is_of(const struct db_address *address, __u32 netns)
{
	__u32 has = db_peer_of(address);
	const struct db_endpoint *endpoint;

	if (!db_is_endpoint(has))
		return 0;
	endpoint = bpf_map_lookup_elem(&endpoints, &has);
	return endpoint && endpoint->netns == netns;
}

DB_INLINE int is_endpoint_of(__u32 endpoint, __u32 netns)
{
	const struct db_endpoint *entry = bpf_map_lookup_elem(&endpoints, &endpoint);

	return entry && entry->netns == netns;
}

DB_INLINE int drop(const struct db_packet *packet, __u16 reason)
{
	struct db_answer answer = { .generation = db_generation() };
	__u32 owner = db_peer_of(&packet->key.source);

	db_deny(&answer, reason);
	db_report(&packet->key, &answer, db_is_endpoint(owner) ? owner : 0, db_peer_of(&packet->key.destination),
		DB_WHERE(DB_HOOK_VETH, DB_EGRESS));
	return VETH_DROP;
}

DB_INLINE int is_recorded(const struct db_packet *packet, __u32 netns)
{
	struct db_flow_key asked __attribute__((aligned(8)));
	const struct db_flow *known = db_fresh_flow(&packet->key);

	if (known && !(known->flags & DB_FLOW_OUTSIDER) && is_endpoint_of(known->sender, netns))
		return 1;
	if (packet->key.protocol == IPPROTO_TCP)
		return 0;
	db_reverse(&asked, &packet->key);
	known = db_fresh_flow(&asked);
	return known && known->admitted_by && is_endpoint_of(known->admitted_by, netns);
}

SEC("tc")
int from_container(struct __sk_buff *skb)
{
	struct db_packet packet __attribute__((aligned(8))) = {};
	__u32 interface = skb->ifindex;
	const struct db_veth *veth = bpf_map_lookup_elem(&veths, &interface);
	int reason, frames;

	if (!veth)
		return VETH_PASS;
	frames = veth->flags & DB_VETH_FRAMES;
	if (!frames && skb->protocol != bpf_htons(0x0800) && skb->protocol != bpf_htons(0x86dd))
		return VETH_PASS;
	if (skb->protocol == bpf_htons(0x0806)) {
		__u32 sender;

		if (bpf_skb_load_bytes(skb, ETHERNET + 14, &sender, 4))
			return drop(&packet, DB_REASON_MALFORMED_PACKET);
		db_address_v4(&packet.key.source, sender);
		if (!sender || is_of(&packet.key.source, veth->netns))
			return VETH_PASS;
		return drop(&packet, DB_REASON_UNVOUCHED_ADDRESS);
	}
	if (skb->protocol != bpf_htons(0x0800) && skb->protocol != bpf_htons(0x86dd))
		return drop(&packet, DB_REASON_RAW_SOCKET);
	reason = db_parse(skb, ETHERNET, &packet);
	if (reason && reason != DB_REASON_FRAGMENT)
		return drop(&packet, reason);
	if (!reason && db_keeps_the_link(skb, ETHERNET, &packet))
		return VETH_PASS;
	if (frames && !is_of(&packet.key.source, veth->netns))
		return drop(&packet, DB_REASON_UNVOUCHED_ADDRESS);
	if (reason)
		return VETH_PASS;
	if (packet.key.protocol == IPPROTO_TCP) {
		__u8 flags;

		if (bpf_skb_load_bytes(skb, packet.payload + 13, &flags, 1))
			return drop(&packet, DB_REASON_MALFORMED_PACKET);
		if ((flags & (DB_TCP_SYN | DB_TCP_ACK)) != DB_TCP_SYN)
			return VETH_PASS;
	} else if (db_is_icmp(&packet) && !asks_the_kernel(&packet)) {
		return VETH_PASS;
	}
	if (is_recorded(&packet, veth->netns))
		return VETH_PASS;
	if (veth->flags & DB_VETH_RESOLVER && packet.key.destination_port == 53)
		return VETH_PASS;
	return drop(&packet, DB_REASON_RAW_SOCKET);
}
