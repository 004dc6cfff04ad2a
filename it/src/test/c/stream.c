// SPDX-License-Identifier: Apache-2.0
// stream ADDRESS PORT STOP: one TCP connection that asks and is answered with growing numbers until file STOP exists.
#include "attack.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STALL_MS 5000

static int exchange(int fd, unsigned long number)
{
	struct pollfd heard = { .fd = fd, .events = POLLIN };
	char answer[sizeof(number)];
	size_t had = 0;

	if (send(fd, &number, sizeof(number), MSG_NOSIGNAL) != sizeof(number))
		return -errno;
	while (had < sizeof(answer)) {
		long got;

		if (poll(&heard, 1, STALL_MS) != 1)
			return -ETIMEDOUT;
		got = recv(fd, answer + had, sizeof(answer) - had, 0);
		if (got <= 0)
			return got ? -errno : -EPIPE;
		had += (size_t)got;
	}
	return memcmp(answer, &number, sizeof(number)) ? -EBADMSG : 0;
}

int stream(int argc, char **argv)
{
	union address to;
	struct stat stop;
	unsigned long number = 0;
	int fd, result;

	if (argc != 5 || parse_address(argv[2], atoi(argv[3]), &to))
		return 255;
	fd = socket(to.any.sa_family, SOCK_STREAM, 0);
	result = dial(fd, &to);
	printf("READY\t%s\t%d\n", result ? strerror(-result) : "established", getpid());
	fflush(stdout);
	while (!result && stat(argv[4], &stop)) {
		result = exchange(fd, ++number);
		usleep(2000);
	}
	printf("ENDED\t%s\t%lu\n", result ? strerror(-result) : "sent", number);
	return 0;
}
