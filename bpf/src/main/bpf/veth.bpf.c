// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * At the host's end of a container's veth, for what passes every cgroup hook:
 * frames that no socket of a container sent, and packets that the kernel
 * answers before a socket is asked. filter_to and filter_from are attached (tc
 * filters of clsact), and go on with to_container and from_container, by map
 * `veth_programs`. Where another tool has the interface's filters, the latter
 * two are attached themselves (tcx, Linux 6.6).
 *
 * to_container, in this order:
 *   1. everything but an ICMP request (echo, timestamp, address mask): passes.
 *   2. to an address that is no container's: passes; but one of the link is the
 *      container's whose interface it is.
 *   3. let in by this generation: passes.
 *   4. judged as include/inbound.h says; a denial is recorded and dropped.
 *
 * from_container, by map `veths`, which says whose veth it is. What a process
 * there showed of its capabilities is not asked: all of it always runs.
 *   1. an interface that is not there: passes.
 *   2. a source MAC that is not the interface's: UNVOUCHED_ADDRESS. A VLAN tag: RAW_SOCKET.
 *   3. ARP: from an address of this network namespace, or none; else UNVOUCHED_ADDRESS.
 *   4. neither IPv4, IPv6 nor ARP: RAW_SOCKET. Unreadable: its reason.
 *   5. a source that is neither an address of this network namespace nor its
 *      link-local one: UNVOUCHED_ADDRESS. ICMPv6 may have none (::).
 *   6. IPv6 neighbour discovery and multicast membership (packet.h): solicitations,
 *      advertisements of the namespace's own addresses, and reports pass. What only
 *      a router says (advertisements, redirects, queries): RAW_SOCKET.
 *   7. an ICMP error about a packet that was not sent to us: RAW_SOCKET.
 *   8. a later fragment, a TCP segment that opens nothing, an ICMP message that
 *      asks nothing: pass. (The kernel makes these too, and no record says so.)
 *   9. a beginning or a datagram that a socket of this namespace has recorded,
 *      or that answers one it admitted: passes.
 *  10. port 53 of whom the container engine's resolver asks (map `resolvers`): passes.
 *  11. else RAW_SOCKET.
 */
#include "include/inbound.h"

#define TCX_ON -1 /* TCX_NEXT, TC_ACT_UNSPEC */
#define TCX_OFF 2 /* TCX_DROP, TC_ACT_SHOT */
#define ETHERNET 14

DB_INLINE int as_tcx(enum db_fate fate)
{
	return fate == DB_PASS ? TCX_ON : TCX_OFF;
}

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

/* Of the link, and so of whoever is at the other end of this interface. */
DB_INLINE int is_of_the_link(const struct db_address *address)
{
	__u32 first = bpf_ntohl(db_address_word(address, 0)), last = bpf_ntohl(db_address_word(address, 3));

	if (db_address_is_v4(address))
		return last >> 28 == 0xe || last >> 16 == 0xa9fe || last == 0xffffffff;
	return first >> 22 == 0xfe80 >> 6 || first >> 24 == 0xff;
}

/* Who answers a request that goes to this address by this interface. 0: nobody whom we know. */
DB_INLINE __u32 asked_of(struct __sk_buff *skb, const struct db_address *address)
{
	__u32 has = db_peer_of(address), interface = skb->ifindex;
	const struct db_veth *veth;

	if (db_is_endpoint(has))
		return has;
	if (!is_of_the_link(address))
		return 0;
	veth = bpf_map_lookup_elem(&veths, &interface);
	return veth ? veth->owner : 0;
}

DB_INLINE enum db_fate judge_request(struct __sk_buff *skb)
{
	struct db_packet packet __attribute__((aligned(8))) = {};
	struct db_inbound inbound = {};
	struct db_flow *known;
	struct db_flow flow = {};
	enum db_fate fate;
	__u32 me;

	/* What can't be read is nobody's request: the cgroup's own programs refuse it. */
	if (db_parse(skb, ETHERNET, &packet) || !asks_the_kernel(&packet))
		return DB_PASS;
	/* 2. */
	me = asked_of(skb, &packet.key.destination);
	if (!me)
		return DB_PASS;
	/* 3. */
	known = db_fresh_flow(&packet.key);
	if (known && known->admitted_by == me && known->admitted_generation && known->admitted_generation == db_generation())
		return DB_PASS;
	/* 4. */
	db_judge_inbound(&packet.key, me, &inbound);
	if (inbound.answer.verdict == DB_ENGINE)
		db_deny(&inbound.answer, DB_REASON_NEEDS_ENGINE);
	fate = db_as_judged(inbound.answer.verdict == DB_DENY || !db_is_endpoint(inbound.caller), &packet.key, &inbound.answer,
		me, inbound.caller, DB_WHERE(DB_HOOK_VETH, DB_INGRESS));
	if (fate != DB_PASS)
		return fate;
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
	db_keep(&packet.key, &flow, !known);
	return DB_PASS;
}

SEC("tc")
int to_container(struct __sk_buff *skb)
{
	/* 1. */
	return may_be_icmp(skb) ? as_tcx(judge_request(skb)) : as_tcx(DB_PASS);
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

/* fe80:: with the interface's own number (EUI-64 of its MAC), as Linux makes it. */
DB_INLINE int is_link_address_of(const struct db_address *address, const struct db_veth *veth)
{
	const __u8 *mac = veth->mac, *bytes = address->bytes;

	return db_address_word(address, 0) == bpf_htonl(0xfe800000) && db_address_word(address, 1) == 0 &&
	       bytes[8] == (mac[0] ^ 2) && bytes[9] == mac[1] && bytes[10] == mac[2] && bytes[11] == 0xff && bytes[12] == 0xfe &&
	       bytes[13] == mac[3] && bytes[14] == mac[4] && bytes[15] == mac[5];
}

/*
 * Whether an address is the namespace's. One that was found to be is kept, with the generation that it was found in:
 * nothing of policy or addresses changes without a new one. As with memos (judge.h), who reads while another writes
 * has read nothing.
 */
DB_INLINE int is_vouched(struct db_veth *veth, const struct db_address *address)
{
	struct db_vouched *slot = &veth->vouched[db_address_is_v4(address)];
	volatile struct db_vouched *known = slot;
	__u32 sequence = known->sequence, generation = db_generation();

	if (!(sequence & 1) && generation && known->generation == generation && db_address_equal(&slot->address, address)) {
		barrier();
		if (known->sequence == sequence)
			return 1;
	}
	if (!is_of(address, veth->netns))
		return is_link_address_of(address, veth);
	if (sequence & 1 || __sync_val_compare_and_swap(&slot->sequence, sequence, sequence + 1) != sequence)
		return 1;
	known->generation = generation;
	db_address_copy(&slot->address, address);
	barrier();
	known->sequence = sequence + 2;
	return 1;
}

DB_INLINE int is_endpoint_of(__u32 endpoint, __u32 netns)
{
	const struct db_endpoint *entry = bpf_map_lookup_elem(&endpoints, &endpoint);

	return entry && entry->netns == netns;
}

/* Of what a container sends: who that is, says its source address, as far as it is known. */
DB_INLINE enum db_fate drop_at(const struct db_packet *packet, __u16 reason, __u32 where)
{
	struct db_answer answer = {};
	__u32 owner = db_peer_of(&packet->key.source);

	return db_drop_at(reason, &packet->key, &answer, db_is_endpoint(owner) ? owner : 0, db_peer_of(&packet->key.destination),
		where);
}

#define drop(packet, reason) drop_at(packet, reason, DB_WHERE(DB_HOOK_VETH, DB_EGRESS) | DB_HERE)

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

/* The frame comes from the interface itself: another's MAC would teach the bridge to send that one's frames here. */
DB_INLINE int is_from_mac(struct __sk_buff *skb, const struct db_veth *veth, __u32 at)
{
	const __u16 *mine = (const __u16 *)veth->mac;
	__u16 mac[3];

	if (!(mine[0] | mine[1] | mine[2]))
		return 1;
	if (bpf_skb_load_bytes(skb, at, mac, 6))
		return 0;
	return mac[0] == mine[0] && mac[1] == mine[1] && mac[2] == mine[2];
}

DB_INLINE int has_mac(struct __sk_buff *skb, const struct db_veth *veth)
{
	const __u16 *data = (const __u16 *)(long)skb->data, *end = (const __u16 *)(long)skb->data_end;
	const __u16 *mine = (const __u16 *)veth->mac;

	if (data + 7 > end)
		return is_from_mac(skb, veth, 6);
	return (data[3] == mine[0] && data[4] == mine[1] && data[5] == mine[2]) || !(mine[0] | mine[1] | mine[2]);
}

DB_INLINE enum db_fate arp(struct __sk_buff *skb, struct db_veth *veth, struct db_packet *packet)
{
	__u8 head[8];
	__u32 sender;

	/* Ethernet and IPv4, six bytes and four. */
	if (bpf_skb_load_bytes(skb, ETHERNET, head, 8) || bpf_skb_load_bytes(skb, ETHERNET + 14, &sender, 4) || head[2] != 8 ||
		head[3] || head[4] != 6 || head[5] != 4)
		return drop(packet, DB_REASON_MALFORMED_PACKET);
	db_address_v4(&packet->key.source, sender);
	if (is_from_mac(skb, veth, ETHERNET + 8) && (!sender || is_vouched(veth, &packet->key.source)))
		return DB_PASS;
	return drop(packet, DB_REASON_UNVOUCHED_ADDRESS);
}

DB_INLINE int is_unspecified(const struct db_address *address)
{
	return !(db_address_word(address, 0) | db_address_word(address, 1) | db_address_word(address, 2) |
		 db_address_word(address, 3));
}

/* The address that a neighbour message is about, in its second eight bytes. */
DB_INLINE int is_about_ours(struct __sk_buff *skb, struct db_veth *veth, const struct db_packet *packet)
{
	struct db_address target __attribute__((aligned(8)));

	return !bpf_skb_load_bytes(skb, packet->payload + 8, &target, sizeof(target)) && is_vouched(veth, &target);
}

/* Of a host's kernel on its link: never what a router says. */
DB_INLINE enum db_fate link_message(struct __sk_buff *skb, struct db_veth *veth, const struct db_packet *packet)
{
	switch (packet->icmp_type) {
	case 131:
	case 132:
	case 143:
	case 133:
		return DB_PASS;
	case 135: /* without a source: is this address, which is to be ours, another's? */
		if (!is_unspecified(&packet->key.source) || is_about_ours(skb, veth, packet))
			return DB_PASS;
		return drop(packet, DB_REASON_UNVOUCHED_ADDRESS);
	case 136:
		if (is_about_ours(skb, veth, packet))
			return DB_PASS;
		return drop(packet, DB_REASON_UNVOUCHED_ADDRESS);
	}
	return drop(packet, DB_REASON_RAW_SOCKET);
}

/* What is no question: an answer, or an error about what came in here. */
DB_INLINE enum db_fate icmp_message(struct __sk_buff *skb, struct db_veth *veth, struct db_packet *packet,
	struct db_packet *quoted)
{
	__u8 type = packet->icmp_type;

	if (packet->key.protocol == DB_ICMP ? type == 5 || type == 9 : type == 137 || (type >= 130 && type <= 136))
		return drop(packet, DB_REASON_RAW_SOCKET);
	if (!db_is_icmp_error(packet))
		return DB_PASS;
	/* A packet that could not be read (a later fragment) has addresses all the same. */
	db_parse(skb, packet->payload + 8, quoted);
	return is_vouched(veth, &quoted->key.destination) ? DB_PASS : drop(packet, DB_REASON_RAW_SOCKET);
}

DB_INLINE int is_resolver(const struct db_packet *packet, __u32 netns)
{
	struct db_resolver_key key = { .netns = netns };

	if (packet->key.destination_port != 53)
		return 0;
	db_address_copy(&key.address, &packet->key.destination);
	return bpf_map_lookup_elem(&resolvers, &key) != NULL;
}

DB_INLINE enum db_fate judge_frame(struct __sk_buff *skb)
{
	struct db_packet packet __attribute__((aligned(8))) = {};
	struct db_packet quoted __attribute__((aligned(8))) = {};
	__u32 interface = skb->ifindex;
	struct db_veth *veth = bpf_map_lookup_elem(&veths, &interface);
	int reason;

	/* 1. */
	if (!veth)
		return DB_PASS;
	/* 2. */
	if (!has_mac(skb, veth))
		return drop(&packet, DB_REASON_UNVOUCHED_ADDRESS);
	if (skb->vlan_present)
		return drop(&packet, DB_REASON_RAW_SOCKET);
	/* 3. */
	if (skb->protocol == bpf_htons(0x0806))
		return arp(skb, veth, &packet);
	/* 4. */
	if (skb->protocol != bpf_htons(0x0800) && skb->protocol != bpf_htons(0x86dd))
		return drop(&packet, DB_REASON_RAW_SOCKET);
	reason = db_parse(skb, ETHERNET, &packet);
	if (reason && reason != DB_REASON_FRAGMENT)
		return drop(&packet, reason);
	/* 5. */
	if (!is_vouched(veth, &packet.key.source) &&
		(reason || packet.key.protocol != DB_ICMPV6 || !is_unspecified(&packet.key.source)))
		return drop(&packet, DB_REASON_UNVOUCHED_ADDRESS);
	/* 8. */
	if (reason)
		return DB_PASS;
	if (packet.key.protocol == IPPROTO_TCP) {
		__u8 flags;

		if (bpf_skb_load_bytes(skb, packet.payload + 13, &flags, 1))
			return drop(&packet, DB_REASON_MALFORMED_PACKET);
		if ((flags & (DB_TCP_SYN | DB_TCP_ACK)) != DB_TCP_SYN)
			return DB_PASS;
	} else if (db_keeps_the_link(skb, ETHERNET, &packet)) {
		/* 6. */
		return link_message(skb, veth, &packet);
	} else if (db_is_icmp(&packet) && !asks_the_kernel(&packet)) {
		/* 7. 8. */
		return icmp_message(skb, veth, &packet, &quoted);
	}
	/* 9. 10. */
	if (is_recorded(&packet, veth->netns) || is_resolver(&packet, veth->netns))
		return DB_PASS;
	/* 11. */
	return drop(&packet, DB_REASON_RAW_SOCKET);
}

SEC("tc")
int from_container(struct __sk_buff *skb)
{
	return as_tcx(judge_frame(skb));
}

/* Both pass what they have no program for: the guard was taken off. */
SEC("tc")
int filter_to(struct __sk_buff *skb)
{
	bpf_tail_call(skb, &veth_programs, DB_VETH_TO);
	return as_tcx(DB_PASS);
}

SEC("tc")
int filter_from(struct __sk_buff *skb)
{
	bpf_tail_call(skb, &veth_programs, DB_VETH_FROM);
	return as_tcx(DB_PASS);
}
