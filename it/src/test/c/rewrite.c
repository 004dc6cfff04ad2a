// SPDX-License-Identifier: Apache-2.0
// What CAP_NET_ADMIN does to packets after their sockets were judged.
//   attack tap NAME payload OLD NEW         a device that gives back each frame it gets, changed where it says OLD
//   attack tap NAME elsewhere ADDRESS PORT  the same, which gives them another destination
//   attack queue NUMBER OLD NEW             the same for netfilter's queue of that number
//   attack repair ADDRESS PORT              a connection of its own making, without a handshake, and a request on it
//   attack over LINK                        a device "over0" over the host's interface of that number
//   attack program                          asks the kernel to take a program for a device
// Frames that were changed bear the type of service 4, so that filters tell them from the others.
#include "attack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_tun.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CHANGED 4
#define ROOM 65536
#define REQUEST "GET /users HTTP/1.0\r\n\r\n"

static unsigned sum(const unsigned char *data, size_t size, unsigned start)
{
	for (size_t i = 0; i < size; i++)
		start += i % 2 ? data[i] : (unsigned)data[i] << 8;
	while (start >> 16)
		start = (start & 0xffff) + (start >> 16);
	return start;
}

static unsigned short *checksum_of(struct iphdr *ip)
{
	unsigned char *above = (unsigned char *)ip + ip->ihl * 4;

	if (ip->protocol == IPPROTO_TCP)
		return &((struct tcphdr *)above)->check;
	return ip->protocol == IPPROTO_UDP ? &((struct udphdr *)above)->check : NULL;
}

/* The sums of an IPv4 packet that was changed; 0 if it is none, or cut short. */
static int mend(unsigned char *packet, size_t size)
{
	struct iphdr *ip = (struct iphdr *)packet;
	unsigned short *check;
	size_t head, rest;

	if (size < sizeof(*ip) || ip->version != 4 || ntohs(ip->tot_len) > size)
		return 0;
	head = ip->ihl * 4u;
	rest = ntohs(ip->tot_len) - head;
	ip->check = 0;
	ip->check = htons((unsigned short)~sum(packet, head, 0));
	check = checksum_of(ip);
	if (!check)
		return 1;
	*check = 0;
	*check = htons((unsigned short)~sum(packet + head, rest, sum(packet + 12, 8, ip->protocol + (unsigned)rest)));
	return 1;
}

static void swap_text(unsigned char *packet, size_t size, const char *old, const char *new)
{
	unsigned char *at = memmem(packet, size, old, strlen(old));

	if (at && strlen(old) == strlen(new))
		memcpy(at, new, strlen(new));
}

static void send_elsewhere(unsigned char *packet, const char *address, const char *port)
{
	struct iphdr *ip = (struct iphdr *)packet;
	unsigned char *above = packet + ip->ihl * 4;
	unsigned short to = htons((unsigned short)atoi(port));

	inet_pton(AF_INET, address, &ip->daddr);
	if (ip->protocol == IPPROTO_TCP || ip->protocol == IPPROTO_UDP)
		memcpy(above + 2, &to, 2);
}

static int tap(int argc, char **argv)
{
	static unsigned char frame[ROOM];
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR);

	if (argc < 6 || fd < 0)
		return 255;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", argv[2]);
	if (ioctl(fd, TUNSETIFF, &request))
		return 255;
	puts("READY");
	fflush(stdout);
	for (;;) {
		ssize_t size = read(fd, frame, sizeof(frame));
		unsigned char *packet = frame + ETH_HLEN;

		if (size < 0)
			return 255;
		if (size < ETH_HLEN + (ssize_t)sizeof(struct iphdr) || frame[12] != 8 || frame[13])
			continue;
		((struct iphdr *)packet)->tos = CHANGED;
		if (!strcmp(argv[3], "payload"))
			swap_text(packet, (size_t)size - ETH_HLEN, argv[4], argv[5]);
		else
			send_elsewhere(packet, argv[4], argv[5]);
		if (mend(packet, (size_t)size - ETH_HLEN) && write(fd, frame, (size_t)size) < 0)
			return 255;
	}
}

struct request {
	struct nlmsghdr netlink;
	struct nfgenmsg head;
	unsigned char rest[ROOM + 64];
};

static void attribute(struct request *request, unsigned short type, const void *data, size_t size)
{
	struct nlattr *next = (struct nlattr *)((char *)request + NLMSG_ALIGN(request->netlink.nlmsg_len));

	next->nla_type = type;
	next->nla_len = (unsigned short)(NLA_HDRLEN + size);
	memcpy((char *)next + NLA_HDRLEN, data, size);
	request->netlink.nlmsg_len = NLMSG_ALIGN(request->netlink.nlmsg_len) + NLA_ALIGN(next->nla_len);
}

/* The other end of eth0, which is the host's, is what the kernel calls namespace 0 here. */
static int over(int argc, char **argv)
{
	struct {
		struct nlmsghdr netlink;
		struct ifinfomsg link;
		struct nlattr name_head;
		char name[8];
		struct nlattr under_head;
		unsigned under;
		struct nlattr where_head;
		int where;
		struct nlattr kind_outer, kind_head;
		char kind[8];
	} ask = {
		.netlink = { .nlmsg_len = sizeof(ask),
			.nlmsg_type = RTM_NEWLINK,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL },
		.name_head = { NLA_HDRLEN + 8, IFLA_IFNAME },
		.name = "over0",
		.under_head = { NLA_HDRLEN + 4, IFLA_LINK },
		.under = argc > 2 ? (unsigned)atoi(argv[2]) : 0,
		.where_head = { NLA_HDRLEN + 4, IFLA_LINK_NETNSID },
		.kind_outer = { NLA_HDRLEN * 2 + 8, IFLA_LINKINFO },
		.kind_head = { NLA_HDRLEN + 8, IFLA_INFO_KIND },
		.kind = "macvlan",
	};
	struct {
		struct nlmsghdr netlink;
		struct nlmsgerr error;
		char rest[512];
	} answer;
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

	if (fd < 0 || send(fd, &ask, sizeof(ask), 0) < 0 || recv(fd, &answer, sizeof(answer), 0) < 0)
		return 255;
	return answer.error.error ? 1 : 0;
}

static void begin(struct request *request, int message, int number)
{
	request->netlink = (struct nlmsghdr){ .nlmsg_len = NLMSG_LENGTH(sizeof(request->head)),
		.nlmsg_type = (unsigned short)(NFNL_SUBSYS_QUEUE << 8 | message),
		.nlmsg_flags = NLM_F_REQUEST };
	request->head = (struct nfgenmsg){ .version = NFNETLINK_V0, .res_id = htons((unsigned short)number) };
}

static int put(int fd, const struct request *request)
{
	return send(fd, request, request->netlink.nlmsg_len, 0) < 0 ? -errno : 0;
}

static void verdict(int fd, int number, const struct nlmsghdr *message, const char *old, const char *new)
{
	static struct request answer;
	struct nfqnl_msg_verdict_hdr accept = { .verdict = htonl(1 /* NF_ACCEPT */) };
	const unsigned char *at = (const unsigned char *)NLMSG_DATA(message) + NLMSG_ALIGN(sizeof(struct nfgenmsg));
	const unsigned char *end = (const unsigned char *)message + message->nlmsg_len;
	unsigned char packet[ROOM];
	size_t size = 0;

	while (at + NLA_HDRLEN <= end) {
		const struct nlattr *attribute = (const struct nlattr *)at;

		if (attribute->nla_len < NLA_HDRLEN)
			break;
		if (attribute->nla_type == NFQA_PACKET_HDR)
			accept.id = ((const struct nfqnl_msg_packet_hdr *)(at + NLA_HDRLEN))->packet_id;
		if (attribute->nla_type == NFQA_PAYLOAD) {
			size = (size_t)attribute->nla_len - NLA_HDRLEN;
			memcpy(packet, at + NLA_HDRLEN, size);
		}
		at += NLA_ALIGN(attribute->nla_len);
	}
	begin(&answer, NFQNL_MSG_VERDICT, number);
	attribute(&answer, NFQA_VERDICT_HDR, &accept, sizeof(accept));
	if (size) {
		swap_text(packet, size, old, new);
		mend(packet, size);
		attribute(&answer, NFQA_PAYLOAD, packet, size);
	}
	put(fd, &answer);
}

static int queue(int argc, char **argv)
{
	static struct request request;
	static char heard[ROOM + 4096];
	struct nfqnl_msg_config_cmd bind_it = { .command = NFQNL_CFG_CMD_BIND, .pf = htons(AF_INET) };
	struct nfqnl_msg_config_params whole = { .copy_range = htonl(ROOM - 1), .copy_mode = NFQNL_COPY_PACKET };
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER), number;

	if (argc < 5 || fd < 0)
		return 255;
	number = atoi(argv[2]);
	begin(&request, NFQNL_MSG_CONFIG, number);
	attribute(&request, NFQA_CFG_CMD, &bind_it, sizeof(bind_it));
	if (put(fd, &request))
		return 255;
	begin(&request, NFQNL_MSG_CONFIG, number);
	attribute(&request, NFQA_CFG_PARAMS, &whole, sizeof(whole));
	if (put(fd, &request))
		return 255;
	puts("READY");
	fflush(stdout);
	for (;;) {
		ssize_t size = recv(fd, heard, sizeof(heard), 0);
		const struct nlmsghdr *message = (const struct nlmsghdr *)heard;

		if (size < 0)
			return 255;
		if (message->nlmsg_type == (NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET))
			verdict(fd, number, message, argv[3], argv[4]);
	}
}

static int repair(int argc, char **argv)
{
	union address to;
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = TCP_REPAIR_ON, off = TCP_REPAIR_OFF_NO_WP;

	if (argc < 4 || parse_address(argv[2], atoi(argv[3]), &to))
		return 255;
	if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on)) || connect(fd, &to.any, length_of(&to)) ||
		setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &off, sizeof(off)) || send(fd, REQUEST, strlen(REQUEST), 0) < 0) {
		puts(strerror(errno));
		return 0;
	}
	puts("sent");
	sleep(1); // its segments may be sent again meanwhile
	return 0;
}

static int program(void)
{
	struct bpf_insn pass[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 0 }, { .code = BPF_JMP | BPF_EXIT } };
	union bpf_attr load = { .prog_type = BPF_PROG_TYPE_SCHED_CLS,
		.insn_cnt = 2,
		.insns = (unsigned long)pass,
		.license = (unsigned long)"GPL" };

	puts(syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof(load)) < 0 ? strerror(errno) : "taken");
	return 0;
}

int rewrite(int argc, char **argv)
{
	const char *deed = argv[1];

	if (!strcmp(deed, "tap"))
		return tap(argc, argv);
	if (!strcmp(deed, "queue"))
		return queue(argc, argv);
	if (!strcmp(deed, "repair"))
		return repair(argc, argv);
	if (!strcmp(deed, "over"))
		return over(argc, argv);
	return program();
}
