// SPDX-License-Identifier: Apache-2.0
// Frames made by hand, of which no socket of the IP stack knows (CAP_NET_RAW), and a first process that shows no
// capability of those that others in its container keep.
#include "attack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/capability.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

struct frame {
	unsigned char data[512];
	size_t size;
};

static void *more(struct frame *frame, const void *data, size_t size)
{
	void *at = memcpy(frame->data + frame->size, data, size);

	frame->size += size;
	return at;
}

static unsigned long add(unsigned long start, const void *data, size_t size)
{
	const unsigned char *byte = data;

	for (size_t i = 0; i < size; i++)
		start += i % 2 ? byte[i] : (unsigned long)byte[i] << 8;
	return start;
}

static unsigned short folded(unsigned long sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((unsigned short)~sum);
}

static void ip_head(struct frame *frame, const union address *from, const union address *to, int protocol, size_t size)
{
	if (from->any.sa_family == AF_INET) {
		struct iphdr ip = { .version = 4, .ihl = 5, .ttl = 64, .protocol = (unsigned char)protocol };

		ip.tot_len = htons((unsigned short)(sizeof(ip) + size));
		ip.saddr = from->v4.sin_addr.s_addr;
		ip.daddr = to->v4.sin_addr.s_addr;
		ip.check = folded(add(0, &ip, sizeof(ip)));
		more(frame, &ip, sizeof(ip));
	} else {
		struct ip6_hdr ip = { 0 };

		ip.ip6_vfc = 0x60;
		ip.ip6_nxt = (unsigned char)protocol;
		ip.ip6_hlim = 255;
		ip.ip6_plen = htons((unsigned short)size);
		ip.ip6_src = from->v6.sin6_addr;
		ip.ip6_dst = to->v6.sin6_addr;
		more(frame, &ip, sizeof(ip));
	}
}

static unsigned short checksum(const union address *from, const union address *to, int protocol, const void *data, size_t size)
{
	unsigned long sum = (unsigned long)protocol + size;

	if (from->any.sa_family == AF_INET)
		sum = add(add(sum, &from->v4.sin_addr, 4), &to->v4.sin_addr, 4);
	else
		sum = add(add(sum, &from->v6.sin6_addr, 16), &to->v6.sin6_addr, 16);
	return folded(add(sum, data, size));
}

static void datagram(struct frame *frame, const union address *from, const union address *to, int port, const char *token)
{
	char all[128] = { 0 };
	struct udphdr head = { .source = htons(4242), .dest = htons((unsigned short)port) };
	size_t size = sizeof(head) + strlen(token);

	head.len = htons((unsigned short)size);
	memcpy(all, &head, sizeof(head));
	memcpy(all + sizeof(head), token, strlen(token));
	((struct udphdr *)all)->check = checksum(from, to, IPPROTO_UDP, all, size);
	ip_head(frame, from, to, IPPROTO_UDP, size);
	more(frame, all, size);
}

static void syn(struct frame *frame, const union address *from, const union address *to, int port, const char *token)
{
	char all[128] = { 0 };
	struct tcphdr head = { .source = htons(4243), .dest = htons((unsigned short)port), .syn = 1, .doff = 5 };
	size_t size = sizeof(head) + strlen(token);

	head.window = htons(1000);
	memcpy(all, &head, sizeof(head));
	memcpy(all + sizeof(head), token, strlen(token));
	((struct tcphdr *)all)->check = checksum(from, to, IPPROTO_TCP, all, size);
	ip_head(frame, from, to, IPPROTO_TCP, size);
	more(frame, all, size);
}

/* "I am at this MAC", of an address: an answer that nobody asked for. */
static void arp(struct frame *frame, const union address *from, const union address *to, const unsigned char *mac)
{
	struct ether_arp says = { .ea_hdr = { htons(1), htons(ETH_P_IP), 6, 4, htons(ARPOP_REPLY) } };

	memcpy(says.arp_sha, mac, 6);
	memcpy(says.arp_spa, &from->v4.sin_addr, 4);
	memset(says.arp_tha, 255, 6);
	memcpy(says.arp_tpa, &to->v4.sin_addr, 4);
	more(frame, &says, sizeof(says));
}

/* The same by neighbour discovery: type 136 about an address, or 134, a router's word. */
static void neighbour(struct frame *frame, const union address *from, const union address *to, const union address *about,
	int type, const unsigned char *mac, const char *token)
{
	struct {
		struct nd_neighbor_advert head;
		unsigned char option[8];
		unsigned char other[2]; /* of experiments (RFC 4727): receivers pass it over */
		char token[38];
	} says = { .head.nd_na_hdr.icmp6_type = (unsigned char)type,
		.option = { ND_OPT_TARGET_LINKADDR, 1 },
		.other = { 253, 5 } };

	says.head.nd_na_flags_reserved = ND_NA_FLAG_OVERRIDE;
	says.head.nd_na_target = about->v6.sin6_addr;
	memcpy(says.option + 2, mac, 6);
	memcpy(says.token, token, strnlen(token, sizeof(says.token)));
	says.head.nd_na_hdr.icmp6_cksum = checksum(from, to, IPPROTO_ICMPV6, &says, sizeof(says));
	ip_head(frame, from, to, IPPROTO_ICMPV6, sizeof(says));
	more(frame, &says, sizeof(says));
}

/* frame RUN KIND FROM TO PORT ABOUT: one frame on eth0, to everybody on the link; ABOUT is for neighbour discovery. */
int frame(int argc, char **argv)
{
	struct sockaddr_ll link = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	struct ifreq own = { .ifr_name = "eth0" };
	unsigned char head[14] = { 255, 255, 255, 255, 255, 255 }, mac[6];
	struct frame made = { .size = 0 };
	union address from, to, about;
	char token[64];
	const char *kind = argc > 3 ? argv[3] : "";
	int fd = socket(AF_PACKET, SOCK_RAW, 0), port, v4;

	if (fd < 0 || argc != 8 || ioctl(fd, SIOCGIFHWADDR, &own) || parse_address(argv[4], 0, &from) ||
		parse_address(argv[5], 0, &to) || parse_address(argv[7], 0, &about)) {
		perror("frame");
		return 1;
	}
	port = atoi(argv[6]);
	v4 = from.any.sa_family == AF_INET;
	snprintf(token, sizeof(token), "dbx:%.20s:%.30s;", argv[2], kind);
	memcpy(mac, own.ifr_hwaddr.sa_data, 6);
	memcpy(head + 6, mac, 6);
	head[11] ^= !strcmp(kind, "arp-as-other") ? 0x55 : 0;
	head[12] = v4 ? 0x08 : 0x86;
	head[13] = v4 ? !strncmp(kind, "arp", 3) ? 0x06 : 0x00 : 0xdd;
	more(&made, head, sizeof(head));
	if (!strcmp(kind, "arp-other-mac"))
		mac[5] ^= 0x55;
	if (!strncmp(kind, "arp", 3))
		arp(&made, &from, &to, mac);
	else if (!strcmp(kind, "advert"))
		neighbour(&made, &from, &to, &about, 136, mac, token);
	else if (!strcmp(kind, "router"))
		neighbour(&made, &from, &to, &about, 134, mac, token);
	else if (!strcmp(kind, "syn"))
		syn(&made, &from, &to, port, token);
	else
		datagram(&made, &from, &to, port, token);
	// ARP has no room for it: bytes of the frame that belong to no packet.
	if (!memmem(made.data, made.size, token, strlen(token)))
		more(&made, token, strlen(token));
	link.sll_ifindex = (int)if_nametoindex("eth0");
	if (sendto(fd, made.data, made.size, 0, (struct sockaddr *)&link, sizeof(link)) < 0) {
		perror("frame");
		return 1;
	}
	return 0;
}

/* A first process that gives everything up, and a child that keeps it until it is told to send. */
int hide(int argc, char **argv)
{
	char go[128];

	if (argc < 4)
		return 255;
	if (fork())
		return harmless();
	/* The place of the file is the name that the next program gets. */
	snprintf(go, sizeof(go), "%s", argv[2]);
	while (access(go, F_OK))
		usleep(20000);
	execv("/bin/attack", argv + 2);
	return 1;
}

/* A first process without any capability; whoever comes by exec has what the container was granted. */
int harmless(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { { 0 } };

	if (syscall(SYS_capset, &head, none)) {
		perror("capset");
		return 1;
	}
	for (;;)
		pause();
}
