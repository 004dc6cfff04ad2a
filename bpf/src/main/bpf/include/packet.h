/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From an skb to a flow key. What cannot be read to the end is denied:
 *   1. a version other than 4 or 6, a header cut short, more than
 *      DB_MAX_EXTENSIONS IPv6 extension headers: MALFORMED_PACKET.
 *   2. source routing (IPv4 LSRR/SSRR, IPv6 routing header): the packet does
 *      not go where its socket was judged to go: MALFORMED_PACKET.
 *   3. a fragment with an offset: the hooks run before the kernel fragments
 *      and after it reassembles, so it was made by hand: FRAGMENT.
 * A cgroup_skb program's data begins at the network header.
 */
#ifndef DRAWBRIDGE_PACKET_H
#define DRAWBRIDGE_PACKET_H

#include <linux/ip.h>
#include <linux/ipv6.h>

#include "address.h"
#include "reasons.h"

#define DB_MAX_EXTENSIONS 8
#define DB_TCP_FIN 0x01
#define DB_TCP_SYN 0x02
#define DB_TCP_RST 0x04
#define DB_TCP_ACK 0x10

#define DB_ICMP 1
#define DB_ICMPV6 58
#define DB_UDPLITE 136

struct db_packet {
	struct db_flow_key key; /* ports 0 for protocols without */
	__u32 payload; /* offset of the layer-4 header */
	__u8 tcp_flags;
	__u8 icmp_type;
	__u8 reserved[2];
};

DB_INLINE int db_has_ports(__u8 protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == DB_UDPLITE || protocol == IPPROTO_SCTP ||
	       protocol == IPPROTO_DCCP;
}

DB_INLINE int db_is_extension(__u8 protocol)
{
	return protocol == 0 || protocol == 43 || protocol == 44 || protocol == 51 || protocol == 60 || protocol == 135 ||
	       protocol == 139 || protocol == 140;
}

DB_INLINE int db_parse_v4_options(struct __sk_buff *skb, __u32 at, __u32 end)
{
	for (int step = 0; step < 40; step++) {
		__u8 option[2];

		if (at >= end)
			return 0;
		if (bpf_skb_load_bytes(skb, at, option, 1))
			return DB_REASON_MALFORMED_PACKET;
		if (option[0] == 0)
			return 0;
		if (option[0] == 1) {
			at += 1;
			continue;
		}
		if (option[0] == 131 || option[0] == 137)
			return DB_REASON_MALFORMED_PACKET;
		if (bpf_skb_load_bytes(skb, at, option, 2) || option[1] < 2)
			return DB_REASON_MALFORMED_PACKET;
		at += option[1];
	}
	return DB_REASON_MALFORMED_PACKET;
}

/*
 * The headers that nearly all packets have, where they can be read in place: no
 * options or extension headers, TCP or UDP. 0: read by helper, which costs more
 * than the rest of a settled packet's way.
 */
DB_INLINE int db_parse_plain(struct __sk_buff *skb, __u32 offset, struct db_packet *packet)
{
	const __u8 *data, *end = (const __u8 *)(long)skb->data_end, *ports;
	const struct iphdr *v4;
	const struct ipv6hdr *v6;
	__u8 protocol;

	/* The verifier must see the bound of the very register that is added. */
	asm volatile("%0 &= 0xff" : "+r"(offset));
	data = (const __u8 *)(long)skb->data + offset;
	v4 = (const void *)data;
	v6 = (const void *)data;
	if (data + sizeof(*v4) + 14 > end)
		return 0;
	if (data[0] == 0x45) {
		protocol = v4->protocol;
		ports = data + sizeof(*v4);
		if ((protocol != IPPROTO_TCP && protocol != IPPROTO_UDP) || v4->frag_off & bpf_htons(0x1fff))
			return 0;
		db_address_v4(&packet->key.source, v4->saddr);
		db_address_v4(&packet->key.destination, v4->daddr);
		packet->payload = offset + sizeof(*v4);
	} else if (data[0] >> 4 == 6 && data + sizeof(*v6) + 14 <= end) {
		protocol = v6->nexthdr;
		ports = data + sizeof(*v6);
		if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP)
			return 0;
		db_address_words(&packet->key.source, v6->saddr.in6_u.u6_addr32[0], v6->saddr.in6_u.u6_addr32[1],
			v6->saddr.in6_u.u6_addr32[2], v6->saddr.in6_u.u6_addr32[3]);
		db_address_words(&packet->key.destination, v6->daddr.in6_u.u6_addr32[0], v6->daddr.in6_u.u6_addr32[1],
			v6->daddr.in6_u.u6_addr32[2], v6->daddr.in6_u.u6_addr32[3]);
		packet->payload = offset + sizeof(*v6);
	} else {
		return 0;
	}
	packet->key.protocol = protocol;
	packet->key.source_port = ports[0] << 8 | ports[1];
	packet->key.destination_port = ports[2] << 8 | ports[3];
	/* An ICMP error quotes eight bytes of a TCP header, which end before the flags. */
	if (protocol == IPPROTO_TCP && offset == 0)
		packet->tcp_flags = ports[13];
	return 1;
}

/* 0, or the reason for which the packet can't be judged. `offset` is that of the IP header: 0, or a quoted packet's. */
__attribute__((noinline)) int db_parse(struct __sk_buff *skb, __u32 offset, struct db_packet *packet)
{
	union {
		struct iphdr v4;
		struct ipv6hdr v6;
		__u8 first;
	} head;
	__u32 at;
	__u8 protocol;
	int reason, step = 0;

	if (!packet || offset > 256)
		return DB_REASON_MALFORMED_PACKET;
	__builtin_memset(packet, 0, sizeof(*packet));
	if (offset < 256 && db_parse_plain(skb, offset, packet))
		return 0;
	if (bpf_skb_load_bytes(skb, offset, &head, sizeof(head.v4)))
		return DB_REASON_MALFORMED_PACKET;
	if (head.first >> 4 == 4) {
		db_address_v4(&packet->key.source, head.v4.saddr);
		db_address_v4(&packet->key.destination, head.v4.daddr);
		protocol = head.v4.protocol;
		packet->key.protocol = protocol;
		at = offset + (head.first & 0xf) * 4;
		if ((head.first & 0xf) < 5)
			return DB_REASON_MALFORMED_PACKET;
		if (head.v4.frag_off & bpf_htons(0x1fff))
			return DB_REASON_FRAGMENT;
		if ((head.first & 0xf) > 5) {
			reason = db_parse_v4_options(skb, offset + 20, at);
			if (reason)
				return reason;
		}
	} else if (head.first >> 4 == 6) {
		if (bpf_skb_load_bytes(skb, offset, &head, sizeof(head.v6)))
			return DB_REASON_MALFORMED_PACKET;
		db_address_words(&packet->key.source, head.v6.saddr.in6_u.u6_addr32[0], head.v6.saddr.in6_u.u6_addr32[1],
			head.v6.saddr.in6_u.u6_addr32[2], head.v6.saddr.in6_u.u6_addr32[3]);
		db_address_words(&packet->key.destination, head.v6.daddr.in6_u.u6_addr32[0], head.v6.daddr.in6_u.u6_addr32[1],
			head.v6.daddr.in6_u.u6_addr32[2], head.v6.daddr.in6_u.u6_addr32[3]);
		protocol = head.v6.nexthdr;
		packet->key.protocol = protocol;
		at = offset + 40;
		/* The way back must be a jump: Linux 6.1 refuses a loop whose last instruction falls through to its head. */
		do {
			__u8 extension[4];

			if (!db_is_extension(protocol))
				break;
			if (protocol == 43)
				return DB_REASON_MALFORMED_PACKET;
			if (bpf_skb_load_bytes(skb, at, extension, 4))
				return DB_REASON_MALFORMED_PACKET;
			if (protocol == 44) {
				if ((extension[2] << 8 | extension[3]) & 0xfff8)
					return DB_REASON_FRAGMENT;
				at += 8;
			} else {
				at += protocol == 51 ? (extension[1] + 2) * 4 : (extension[1] + 1) * 8;
			}
			protocol = extension[0];
			packet->key.protocol = protocol;
		} while (++step < DB_MAX_EXTENSIONS);
		if (db_is_extension(protocol))
			return DB_REASON_MALFORMED_PACKET;
	} else {
		return DB_REASON_MALFORMED_PACKET;
	}
	packet->payload = at;
	if (db_has_ports(protocol)) {
		__u16 ports[2];

		if (bpf_skb_load_bytes(skb, at, ports, 4))
			return DB_REASON_MALFORMED_PACKET;
		packet->key.source_port = bpf_ntohs(ports[0]);
		packet->key.destination_port = bpf_ntohs(ports[1]);
		/* An ICMP error quotes eight bytes of a TCP header, which end before the flags. */
		if (protocol == IPPROTO_TCP && offset == 0 && bpf_skb_load_bytes(skb, at + 13, &packet->tcp_flags, 1))
			return DB_REASON_MALFORMED_PACKET;
	} else if (protocol == DB_ICMP || protocol == DB_ICMPV6) {
		if (bpf_skb_load_bytes(skb, at, &packet->icmp_type, 1))
			return DB_REASON_MALFORMED_PACKET;
	}
	return 0;
}

/*
 * A TCP packet without options or extension headers, to this address and port: what a namespace's own NAT
 * does to a packet comes before this hook. Read in place, as every packet of a settled connection pays for it.
 */
DB_INLINE int db_is_plain_tcp_to(struct __sk_buff *skb, const struct db_address *address, __u16 port)
{
	const __u8 *data = (const __u8 *)(long)skb->data;
	const __u8 *end = (const __u8 *)(long)skb->data_end;
	const struct iphdr *v4 = (const void *)data;
	const struct ipv6hdr *v6 = (const void *)data;

	if (data + sizeof(*v4) + 4 > end)
		return 0;
	if (data[0] == 0x45)
		return v4->protocol == IPPROTO_TCP && !(v4->frag_off & bpf_htons(0x1fff)) && db_address_is_v4(address) &&
		       db_address_word(address, 3) == v4->daddr && (data[22] << 8 | data[23]) == port;
	if (data + sizeof(*v6) + 4 > end)
		return 0;
	return data[0] >> 4 == 6 && v6->nexthdr == IPPROTO_TCP && db_address_word(address, 0) == v6->daddr.in6_u.u6_addr32[0] &&
	       db_address_word(address, 1) == v6->daddr.in6_u.u6_addr32[1] &&
	       db_address_word(address, 2) == v6->daddr.in6_u.u6_addr32[2] &&
	       db_address_word(address, 3) == v6->daddr.in6_u.u6_addr32[3] && (data[42] << 8 | data[43]) == port;
}

DB_INLINE void db_reverse(struct db_flow_key *to, const struct db_flow_key *from)
{
	db_address_copy(&to->source, &from->destination);
	db_address_copy(&to->destination, &from->source);
	to->source_port = from->destination_port;
	to->destination_port = from->source_port;
	to->protocol = from->protocol;
	__builtin_memset(to->reserved, 0, sizeof(to->reserved));
}

DB_INLINE int db_is_icmp(const struct db_packet *packet)
{
	return packet->key.protocol == DB_ICMP || packet->key.protocol == DB_ICMPV6;
}

#define DB_MAX_LINK_MESSAGE 128 /* of neighbour discovery, with its IPv6 header; the kernel's have at most 88 */

/*
 * What IPv6 cannot do without on a link: neighbour discovery (RFC 4861 7.1:
 * receivers take it with a hop limit of 255 alone, so no router passes it on)
 * and multicast membership (RFC 3810 5: to a link's multicast group). The
 * kernel sends it by a socket of its own, which belongs to whichever cgroup
 * the namespace was made in: often the container's. A raw socket may send it
 * too, as little as fits.
 */
DB_INLINE int db_keeps_the_link(struct __sk_buff *skb, __u32 offset, const struct db_packet *packet)
{
	__u8 type = packet->icmp_type, hops;

	if (packet->key.protocol != DB_ICMPV6)
		return 0;
	if ((type >= 130 && type <= 132) || type == 143)
		return packet->key.destination.bytes[0] == 0xff && packet->key.destination.bytes[1] == 2;
	if (type < 133 || type > 136 || skb->len > DB_MAX_LINK_MESSAGE + offset)
		return 0;
	return !bpf_skb_load_bytes(skb, offset + 7, &hops, 1) && hops == 255;
}

/* An echo request begins a flow; it is never an answer. */
DB_INLINE int db_is_icmp_request(const struct db_packet *packet)
{
	return (packet->key.protocol == DB_ICMP && packet->icmp_type == 8) ||
	       (packet->key.protocol == DB_ICMPV6 && packet->icmp_type == 128);
}

DB_INLINE int db_is_icmp_error(const struct db_packet *packet)
{
	__u8 type = packet->icmp_type;

	if (packet->key.protocol == DB_ICMP)
		return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
	return packet->key.protocol == DB_ICMPV6 && type >= 1 && type <= 4;
}

#endif
