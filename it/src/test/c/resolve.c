// SPDX-License-Identifier: Apache-2.0
// resolve NAME PORT: asks the libc's own resolver for the name, and connects to where it leads. For musl-gcc, whose resolver
// asks all servers at once by a socket that is not connected.
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int count, char **arguments)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found;
	int error = count == 3 ? getaddrinfo(arguments[1], arguments[2], &hints, &found) : EAI_NONAME;
	char greeting;

	if (error) {
		puts(gai_strerror(error));
		return 1;
	}
	for (; found; found = found->ai_next) {
		int fd = socket(found->ai_family, found->ai_socktype, found->ai_protocol);

		if (fd >= 0 && !connect(fd, found->ai_addr, found->ai_addrlen) && read(fd, &greeting, 1) == 1) {
			puts("reached");
			return 0;
		}
	}
	perror("connect");
	return 1;
}
