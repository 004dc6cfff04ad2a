// SPDX-License-Identifier: Apache-2.0
/* echo: one ICMP echo to 127.0.0.1 through a ping socket, as iputils' ping sends it without CAP_NET_RAW. */
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>

int main(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct icmphdr echo = { .type = ICMP_ECHO, .un.echo.sequence = htons(1) };
	struct timeval patience = { .tv_sec = 2 };
	int raw = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	int fd = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
	char answer[64];

	printf("raw socket: %s\n", raw < 0 ? "refused" : "open");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (fd < 0 || sendto(fd, &echo, sizeof(echo), 0, (struct sockaddr *)&to, sizeof(to)) < 0 ||
		recv(fd, answer, sizeof(answer), 0) < (ssize_t)sizeof(echo)) {
		perror("ping socket");
		return 1;
	}
	printf("ping socket: answered\n");
	return 0;
}
