// SPDX-License-Identifier: Apache-2.0
// The doors that need CAP_NET_RAW, and ping sockets.
#include "attack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#ifndef IPV6_HDRINCL
#define IPV6_HDRINCL 36
#endif

static unsigned short sum(const void *data, size_t size, unsigned long start)
{
	const unsigned char *byte = data;

	for (size_t i = 0; i < size; i++)
		start += i % 2 ? byte[i] : (unsigned long)byte[i] << 8;
	while (start >> 16)
		start = (start & 0xffff) + (start >> 16);
	return htons((unsigned short)~start);
}

static int echo(const struct shot *shot, int type)
{
	struct {
		struct icmphdr head;
		char token[64];
	} v4 = { .head = { .type = ICMP_ECHO, .un.echo = { htons(0x4242), htons(1) } } };
	union address to = shot->to;
	int v6 = shot->family == AF_INET6;
	int fd = socket(shot->family, type, v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP), result = 0;
	size_t size = sizeof(v4.head) + strlen(shot->token);

	if (fd < 0)
		return -errno;
	memcpy(v4.token, shot->token, strlen(shot->token));
	v4.head.type = v6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO;
	if (!v6)
		v4.head.checksum = sum(&v4, size, 0);
	if (v6)
		to.v6.sin6_port = 0;
	if (sendto(fd, &v4, size, 0, &to.any, length_of(&to)) < 0)
		result = -errno;
	close(fd);
	return result;
}

int fire_icmp_ping(const struct shot *shot)
{
	return echo(shot, SOCK_DGRAM);
}

int fire_icmp_raw(const struct shot *shot)
{
	return echo(shot, SOCK_RAW);
}

struct packet4 {
	struct iphdr ip;
	union {
		struct udphdr udp;
		struct tcphdr tcp;
		char fragment[8];
	};
	char token[64];
};

/* An IPv4 packet with a source that is not ours: the target's own network, host 77. */
static size_t packet4(const struct shot *shot, struct packet4 *packet, in_addr_t source)
{
	size_t data = strlen(shot->token), size = sizeof(packet->ip) + sizeof(packet->udp) + data;

	memset(packet, 0, sizeof(*packet));
	packet->ip.version = 4;
	packet->ip.ihl = 5;
	packet->ip.ttl = 64;
	packet->ip.protocol = IPPROTO_UDP;
	packet->ip.tot_len = htons((unsigned short)size);
	packet->ip.daddr = shot->to.v4.sin_addr.s_addr;
	packet->ip.saddr = source;
	packet->ip.check = sum(&packet->ip, sizeof(packet->ip), 0);
	packet->udp.source = htons(4242);
	packet->udp.dest = shot->to.v4.sin_port;
	packet->udp.len = htons((unsigned short)(sizeof(packet->udp) + data));
	memcpy((char *)&packet->udp + sizeof(packet->udp), shot->token, data);
	return size;
}

static in_addr_t neighbour(const struct shot *shot)
{
	return (shot->to.v4.sin_addr.s_addr & htonl(0xffffff00)) | htonl(77);
}

static int raw4(const struct shot *shot, const void *packet, size_t size)
{
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW), result = 0;
	union address to = shot->to;

	if (fd < 0)
		return -errno;
	to.v4.sin_port = 0;
	if (sendto(fd, packet, size, 0, &to.any, sizeof(to.v4)) < 0)
		result = -errno;
	close(fd);
	return result;
}

int fire_spoof(const struct shot *shot)
{
	struct packet4 packet;
	struct {
		struct ip6_hdr ip;
		struct udphdr udp;
		char token[64];
	} v6 = { 0 };
	size_t data = strlen(shot->token);
	union address to = shot->to;
	int fd, result = 0;

	if (shot->family == AF_INET)
		return raw4(shot, &packet, packet4(shot, &packet, neighbour(shot)));
	fd = socket(AF_INET6, SOCK_RAW, IPPROTO_RAW);
	if (fd < 0)
		return -errno;
	v6.ip.ip6_vfc = 0x60;
	v6.ip.ip6_nxt = IPPROTO_UDP;
	v6.ip.ip6_hlim = 64;
	v6.ip.ip6_plen = htons((unsigned short)(sizeof(v6.udp) + data));
	v6.ip.ip6_dst = v6.ip.ip6_src = shot->to.v6.sin6_addr;
	v6.ip.ip6_src.s6_addr[15] = 77;
	v6.udp.source = htons(4242);
	v6.udp.dest = shot->to.v6.sin6_port;
	v6.udp.len = v6.ip.ip6_plen;
	v6.udp.check = htons(1); // wrong: nobody reads it, the sniffer sees the packet all the same
	memcpy(v6.token, shot->token, data);
	to.v6.sin6_port = 0;
	if (sendto(fd, &v6, sizeof(v6.ip) + sizeof(v6.udp) + data, 0, &to.any, sizeof(to.v6)) < 0)
		result = -errno;
	close(fd);
	return result;
}

/* A SYN that no TCP socket stands behind. */
int fire_raw_tcp(const struct shot *shot)
{
	struct tcphdr tcp = { .source = htons(4243), .syn = 1, .doff = 5, .window = htons(1000) };
	int fd = socket(shot->family, SOCK_RAW, IPPROTO_TCP), result = 0;
	union address to = shot->to;

	if (fd < 0)
		return -errno;
	tcp.dest = shot->family == AF_INET ? to.v4.sin_port : to.v6.sin6_port;
	if (shot->family == AF_INET6)
		to.v6.sin6_port = 0;
	if (sendto(fd, &tcp, sizeof(tcp), 0, &to.any, length_of(&to)) < 0)
		result = -errno;
	close(fd);
	return result;
}

/* The tail of a datagram whose head was never sent; own source address, so that nothing else speaks against it. */
int fire_fragment(const struct shot *shot)
{
	struct packet4 packet;
	size_t size;

	if (shot->family != AF_INET)
		return -EAFNOSUPPORT;
	size = packet4(shot, &packet, 0); // the kernel fills in the source
	packet.ip.frag_off = htons(64);
	return raw4(shot, &packet, size);
}

int fire_protocol_253(const struct shot *shot)
{
	int fd = socket(shot->family, SOCK_RAW, 253), result = 0;
	union address to = shot->to;

	if (fd < 0)
		return -errno;
	if (shot->family == AF_INET6)
		to.v6.sin6_port = 0;
	if (sendto(fd, shot->token, strlen(shot->token), 0, &to.any, length_of(&to)) < 0)
		result = -errno;
	close(fd);
	return result;
}

/* A whole frame to everybody on the link, from this container's own address: no socket of the IP stack is involved. */
int fire_packet(const struct shot *shot)
{
	struct sockaddr_ll link = { .sll_family = AF_PACKET, .sll_halen = 6, .sll_addr = { 255, 255, 255, 255, 255, 255 } };
	struct packet4 packet;
	struct sockaddr_in own = { 0 };
	struct ifreq request = { .ifr_name = "eth0" };
	int fd = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_IP)), query, result = 0;
	struct shot at = *shot;
	size_t size;

	if (fd < 0)
		return -errno;
	query = socket(AF_INET, SOCK_DGRAM, 0);
	if (!ioctl(query, SIOCGIFADDR, &request))
		memcpy(&own, &request.ifr_addr, sizeof(own));
	close(query);
	if (shot->family == AF_INET6) { // the frame is IPv4 then too, to nowhere: what counts is that it arrives
		at.to.v4 = (struct sockaddr_in){ .sin_family = AF_INET,
			.sin_port = shot->to.v6.sin6_port,
			.sin_addr = own.sin_addr };
		at.to.v4.sin_addr.s_addr |= htonl(255);
	}
	size = packet4(&at, &packet, own.sin_addr.s_addr);
	link.sll_protocol = htons(ETH_P_IP);
	link.sll_ifindex = (int)if_nametoindex("eth0");
	if (sendto(fd, &packet, size, 0, (struct sockaddr *)&link, sizeof(link)) < 0)
		result = -errno;
	close(fd);
	return result;
}
