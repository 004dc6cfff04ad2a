// SPDX-License-Identifier: Apache-2.0
// sink LOG BASE COUNT: records whatever arrives, by every means there is, one line an arrival:
//   ACCEPT PORT -      accept(2) returned        DATA PORT TOKEN   bytes of a TCP connection, which are echoed
//   UDP PORT TOKEN     a UDP or UDP-Lite datagram
//   PKT PORT TOKEN     a frame on the link, whatever becomes of it; PORT is 0 without one
// A token is what stands between "dbx:" and ";". Listens on both families on COUNT ports from BASE. Its first line is
// READY, with "sniffing" if it may (CAP_NET_RAW).
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

enum kind { LISTENER, STREAM, DATAGRAM, LINK };

static int record, base, count;

static void note(const char *kind, int port, const char *data, long size)
{
	char line[160], token[64] = "-";
	const char *start = size > 0 ? memmem(data, (size_t)size, "dbx:", 4) : NULL;

	if (start) {
		size_t rest = (size_t)(data + size - start) - 4, length = 0;

		while (length < rest && length < sizeof(token) - 1 && start[4 + length] != ';')
			length++;
		memcpy(token, start + 4, length);
		token[length] = 0;
	}
	if (write(record, line, (size_t)snprintf(line, sizeof(line), "%s %d %s\n", kind, port, token)) < 0)
		exit(1);
}

static void watch(int poller, int fd, enum kind kind, int port)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = (unsigned long)fd << 32 | (unsigned)port << 4 | kind };

	epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
}

static void open_port(int poller, int type, int protocol, int port)
{
	struct sockaddr_in6 here = { .sin6_family = AF_INET6, .sin6_port = htons((unsigned short)port) };
	int fd = socket(AF_INET6, type, protocol), no = 0, one = 1, queue = 16;

	if (fd < 0)
		return;
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&here, sizeof(here))) {
		fprintf(stderr, "port %d: %s\n", port, strerror(errno));
		exit(1);
	}
	if (type == SOCK_STREAM) {
		setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN, &queue, sizeof(queue));
		listen(fd, 64);
	}
	watch(poller, fd, type == SOCK_STREAM ? LISTENER : DATAGRAM, port);
}

/* What an IP packet is about: the destination port of the protocols that have ports there. */
static int port_of(const unsigned char *packet, long size, int protocol)
{
	long head = protocol == ETH_P_IPV6 ? 40 : (packet[0] & 15) * 4;
	int next = protocol == ETH_P_IPV6 ? packet[6] : packet[9];

	if (protocol == ETH_P_ARP || size < head + 4 || (next != IPPROTO_TCP && next != IPPROTO_UDP && next != IPPROTO_UDPLITE))
		return 0;
	if (protocol == ETH_P_IP && (((packet[6] & 31) << 8) | packet[7]))
		return 0; // no head in a fragment
	return packet[head + 2] << 8 | packet[head + 3];
}

static void link_arrival(int fd)
{
	char frame[2048];
	struct sockaddr_ll from;
	socklen_t size = sizeof(from);
	long got = recvfrom(fd, frame, sizeof(frame), MSG_DONTWAIT, (struct sockaddr *)&from, &size);
	int protocol = ntohs(from.sll_protocol), port;

	if (got < 20 || from.sll_pkttype == PACKET_OUTGOING ||
		(protocol != ETH_P_IP && protocol != ETH_P_IPV6 && protocol != ETH_P_ARP))
		return;
	port = port_of((unsigned char *)frame, got, protocol);
	// Not ours: another sink's ports, neighbour discovery.
	if ((port >= base && port < base + count) || (!port && memmem(frame, (size_t)got, "dbx:", 4)))
		note("PKT", port, frame, got);
}

static void arrival(int poller, int fd, enum kind kind, int port)
{
	char data[2048];
	long got;
	int accepted;

	switch (kind) {
	case LISTENER:
		accepted = accept4(fd, NULL, NULL, SOCK_NONBLOCK);
		if (accepted >= 0) {
			note("ACCEPT", port, NULL, 0);
			watch(poller, accepted, STREAM, port);
		}
		break;
	case STREAM:
		got = recv(fd, data, sizeof(data), MSG_DONTWAIT);
		if (got > 0) {
			if (memmem(data, (size_t)got, "dbx:", 4)) // numbers of a stream are only echoed
				note("DATA", port, data, got);
			send(fd, data, (size_t)got, MSG_DONTWAIT | MSG_NOSIGNAL);
		} else if (got == 0 || errno != EAGAIN) {
			close(fd);
		}
		break;
	case DATAGRAM:
		got = recv(fd, data, sizeof(data), MSG_DONTWAIT);
		if (got >= 0)
			note("UDP", port, data, got);
		break;
	case LINK:
		link_arrival(fd);
		break;
	}
}

int main(int argc, char **argv)
{
	struct rlimit files = { 16384, 16384 };
	int poller = epoll_create1(0), sniffer;

	if (argc != 4)
		return 255;
	base = atoi(argv[2]);
	count = atoi(argv[3]);
	setrlimit(RLIMIT_NOFILE, &files);
	record = open(argv[1], O_WRONLY | O_CREAT | O_APPEND | O_TRUNC, 0644);
	for (int port = base; port < base + count; port++) {
		// The sixth door of the attacker is MPTCP, the thirteenth UDP-Lite; an MPTCP listener takes plain TCP too.
		open_port(poller, SOCK_STREAM, port == base + 5 ? IPPROTO_MPTCP : 0, port);
		open_port(poller, SOCK_DGRAM, port == base + 12 ? IPPROTO_UDPLITE : 0, port);
	}
	sniffer = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_ALL));
	if (sniffer >= 0)
		watch(poller, sniffer, LINK, 0);
	dprintf(record, "READY %d %s\n", base, sniffer < 0 ? "deaf" : "sniffing");
	for (;;) {
		struct epoll_event events[32];
		int ready = epoll_wait(poller, events, 32, -1);

		for (int i = 0; i < ready; i++)
			arrival(poller, (int)(events[i].data.u64 >> 32), (enum kind)(events[i].data.u64 & 15),
				(int)(events[i].data.u64 >> 4 & 0xffff));
	}
}
