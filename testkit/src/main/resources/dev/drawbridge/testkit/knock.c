// SPDX-License-Identifier: Apache-2.0
// knock ADDRESS PORT: connects as soon as it runs, says what connect(2) said, and exits with its errno.
// A static program: nothing of a dynamic loader comes before it. After success it sends one request.
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	static const char request[] = "GET /knock HTTP/1.0\r\n\r\n";
	char answer[256];
	int fd;

	if (argc != 3 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1)
		return 255;
	to.sin_port = htons((unsigned short)atoi(argv[2]));
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0)
		return 254;
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
		int error = errno;

		printf("%s\n", strerror(error));
		return error;
	}
	if (write(fd, request, sizeof(request) - 1) < 0 || read(fd, answer, sizeof(answer)) < 0)
		return 253;
	puts("connected");
	return 0;
}
