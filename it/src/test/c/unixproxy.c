// SPDX-License-Identifier: Apache-2.0
// unixproxy PORT PATH: carries each connection to PORT on to the socket PATH, each direction to its own end, as proxies of
// an engine's socket do. A process a direction.
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void carry(int from, int to)
{
	char bytes[65536];
	ssize_t got;

	while ((got = read(from, bytes, sizeof(bytes))) > 0)
		for (ssize_t done = 0, more; done < got; done += more) {
			more = write(to, bytes + done, (size_t)(got - done));
			if (more <= 0)
				return;
		}
	shutdown(to, SHUT_WR);
}

static void serve(int client, const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int engine = socket(AF_UNIX, SOCK_STREAM, 0);
	pid_t other;

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	if (engine < 0 || connect(engine, (struct sockaddr *)&at, sizeof(at)) != 0) {
		perror(path);
		exit(1);
	}
	other = fork();
	if (other < 0)
		exit(1);
	if (other == 0) {
		carry(client, engine);
		exit(0);
	}
	carry(engine, client);
	waitpid(other, NULL, 0);
	exit(0);
}

int main(int argc, char **argv)
{
	struct sockaddr_in here = { .sin_family = AF_INET };
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	int yes = 1;

	if (argc != 3)
		return 2;
	// Who has ended is nobody's business.
	signal(SIGCHLD, SIG_IGN);
	here.sin_port = htons((unsigned short)atoi(argv[1]));
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(listener, (struct sockaddr *)&here, sizeof(here)) != 0 || listen(listener, 64) != 0) {
		perror("listen");
		return 1;
	}
	for (;;) {
		int client = accept(listener, NULL, NULL);

		if (client < 0)
			continue;
		if (fork() == 0) {
			close(listener);
			serve(client, argv[2]);
		}
		close(client);
	}
}
