// SPDX-License-Identifier: Apache-2.0
// The one program of the forty services. It serves what it is told to, and asks what it is told to:
//   everybody serve NAME [http:PORT | tcp:PORT | udp:PORT]...
//       http answers every request with 200 and "NAME PORT METHOD TARGET", tcp says "NAME PORT" to whoever connects,
//       udp to whoever sends. It never answers 403: that is Drawbridge's.
//   everybody ask
//       one question a line, "ID NAME:ITS-PORT ADDRESS PORT http METHOD TARGET" or "ID NAME:ITS-PORT ADDRESS PORT tcp|udp"; one
//       answer a line, "ID WHAT": yes (NAME itself answered, on that port), 403 (with Drawbridge's reason), no (refused at once, with EPERM), silent,
//       closed (connected, then nothing), nobody (ECONNREFUSED), or what else came.
//   everybody check PORT
//       whether this container's own port answers: a health check.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SERVED = 16, AT_ONCE = 24, PATIENCE_MS = 4000, LINE = 1024 };

static void die(const char *what)
{
	fprintf(stderr, "everybody: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void ended(int signal)
{
	(void)signal;
	_exit(0);
}

/* Reads until the head of a request is there, or the peer has no more. */
static void answer_http(int fd, const char *name, int port)
{
	char head[8192], method[64], target[4096], body[5120], answer[6144];
	size_t have = 0;
	int size, all;

	for (;;) {
		ssize_t got = read(fd, head + have, sizeof(head) - 1 - have);

		if (got <= 0)
			return;
		have += (size_t)got;
		head[have] = 0;
		if (strstr(head, "\r\n\r\n") || have == sizeof(head) - 1)
			break;
	}
	if (sscanf(head, "%63s %4095s", method, target) != 2)
		return;
	size = snprintf(body, sizeof(body), "%s %d %s %s\n", name, port, method, target);
	all = snprintf(answer, sizeof(answer), "HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
		strcmp(method, "HEAD") ? size : 0, strcmp(method, "HEAD") ? body : "");
	if (write(fd, answer, (size_t)all) < 0)
		return;
	shutdown(fd, SHUT_WR);
	while (read(fd, head, sizeof(head)) > 0)
		;
}

static void answer_tcp(int fd, const char *name, int port)
{
	char line[LINE];
	int size = snprintf(line, sizeof(line), "%s %d\n", name, port);

	if (write(fd, line, (size_t)size) < 0)
		return;
	while (read(fd, line, sizeof(line)) > 0)
		;
}

static void answer_udp(int fd, const char *name, int port)
{
	char line[LINE];
	struct sockaddr_in6 from;
	socklen_t length = sizeof(from);
	int size = snprintf(line, sizeof(line), "%s %d\n", name, port);
	char ignored[LINE];

	if (recvfrom(fd, ignored, sizeof(ignored), 0, (struct sockaddr *)&from, &length) >= 0 &&
		sendto(fd, line, (size_t)size, 0, (struct sockaddr *)&from, length) < 0)
		perror("everybody: sendto");
}

static int listening(int type, int port)
{
	struct sockaddr_in6 here = { .sin6_family = AF_INET6, .sin6_port = htons((unsigned short)port) };
	int fd = socket(AF_INET6, type, 0), one = 1, no = 0;

	if (fd < 0) {
		/* No IPv6 here. */
		struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons((unsigned short)port) };

		fd = socket(AF_INET, type, 0);
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
		if (fd < 0 || bind(fd, (struct sockaddr *)&four, sizeof(four)))
			die("bind");
	} else {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
		if (bind(fd, (struct sockaddr *)&here, sizeof(here)))
			die("bind");
	}
	if (type == SOCK_STREAM && listen(fd, 256))
		die("listen");
	return fd;
}

static int serve(int count, char **arguments)
{
	const char *name = arguments[0];
	struct pollfd polls[SERVED];
	int ports[SERVED], kinds[SERVED], served = 0;

	signal(SIGTERM, ended);
	signal(SIGINT, ended);
	signal(SIGCHLD, SIG_IGN);
	for (int i = 1; i < count && served < SERVED; i++) {
		const char *colon = strchr(arguments[i], ':');

		if (!colon)
			die("expected http:PORT, tcp:PORT or udp:PORT");
		ports[served] = atoi(colon + 1);
		kinds[served] = arguments[i][0];
		polls[served].fd = listening(kinds[served] == 'u' ? SOCK_DGRAM : SOCK_STREAM, ports[served]);
		polls[served].events = POLLIN;
		served++;
	}
	for (;;) {
		if (poll(polls, (nfds_t)served, -1) < 0)
			continue;
		for (int i = 0; i < served; i++) {
			int fd;

			if (!(polls[i].revents & POLLIN))
				continue;
			if (kinds[i] == 'u') {
				answer_udp(polls[i].fd, name, ports[i]);
				continue;
			}
			fd = accept(polls[i].fd, NULL, NULL);
			if (fd < 0)
				continue;
			if (fork() == 0) {
				signal(SIGTERM, SIG_DFL);
				if (kinds[i] == 'h')
					answer_http(fd, name, ports[i]);
				else
					answer_tcp(fd, name, ports[i]);
				_exit(0);
			}
			close(fd);
		}
	}
}

static const char *failed(int error)
{
	switch (error) {
	case EPERM:
		return "no";
	case ECONNREFUSED:
		return "nobody";
	case ECONNRESET:
		return "reset";
	case EAGAIN:
	case EINPROGRESS:
	case ETIMEDOUT:
		return "silent";
	default:
		return strerror(error);
	}
}

/* What came back; "" if nothing did before the end, NULL and errno if it could not be asked. */
static const char *converse(int type, const char *address, int port, const char *said, char *heard, size_t room)
{
	struct sockaddr_in there = { .sin_family = AF_INET, .sin_port = htons((unsigned short)port) };
	struct timeval patience = { .tv_sec = PATIENCE_MS / 1000 };
	size_t have = 0;
	int fd = socket(AF_INET, type, 0);

	if (inet_pton(AF_INET, address, &there.sin_addr) != 1) {
		errno = EINVAL;
		return NULL;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	/* connect(2) of a stream waits as long as this says. */
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&there, sizeof(there)))
		return NULL;
	if (*said && write(fd, said, strlen(said)) < 0)
		return NULL;
	heard[0] = 0;
	for (;;) {
		ssize_t got = read(fd, heard + have, room - 1 - have);

		if (got < 0)
			return have ? heard : NULL;
		have += (size_t)got;
		heard[have] = 0;
		if (got == 0 || have == room - 1 || type == SOCK_DGRAM || (!*said && strchr(heard, '\n')))
			return heard;
	}
}

/* "NAME PORT", and after it a blank or the end of the line. */
static int is_from(const char *said, const char *own)
{
	size_t length = strlen(own);

	return !strncmp(said, own, length) && (said[length] == ' ' || said[length] == '\n');
}

static void ask(const char *name, const char *address, int port, const char *kind, const char *method, const char *target,
	char *answer, size_t room)
{
	static char request[LINE + 512], heard[16384];
	char own[LINE];
	const char *got, *body;

	if (!strcmp(kind, "http"))
		snprintf(request, sizeof(request), "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
			method, target, name);
	else
		snprintf(request, sizeof(request), "%s", *kind == 'u' ? "who?\n" : "");
	got = converse(*kind == 'u' ? SOCK_DGRAM : SOCK_STREAM, address, port, request, heard, sizeof(heard));
	if (!got) {
		snprintf(answer, room, "%s", failed(errno));
		return;
	}
	snprintf(own, sizeof(own), "%s", name);
	own[strcspn(own, ":")] = ' ';
	body = strcmp(kind, "http") ? got : strstr(got, "\r\n\r\n");
	if (!*got)
		snprintf(answer, room, "closed");
	else if (!strcmp(kind, "http") && !strncmp(got, "HTTP/1.1 403", 12) && strstr(got, "\"reason\""))
		snprintf(answer, room, "403");
	else if (!strcmp(kind, "http") && body && !strncmp(got, "HTTP/1.1 200", 12) && is_from(body + 4, own))
		snprintf(answer, room, "yes");
	else if (strcmp(kind, "http") && is_from(body, own))
		snprintf(answer, room, "yes");
	else
		snprintf(answer, room, "%.24s", got);
	answer[strcspn(answer, "\r\n")] = 0;
}

/* Several at a time, so that what is silent costs its time once. */
static int ask_all(void)
{
	char line[LINE];
	int running = 0;

	while (fgets(line, sizeof(line), stdin)) {
		char id[32], name[64], address[64], kind[8], method[32] = "", target[512] = "";
		int port;

		if (sscanf(line, "%31s %63s %63s %d %7s %31s %511s", id, name, address, &port, kind, method, target) < 5)
			die("a question that cannot be read");
		if (running == AT_ONCE && wait(NULL) > 0)
			running--;
		fflush(stdout);
		if (fork() == 0) {
			char answer[64], whole[128];

			ask(name, address, port, kind, method, target, answer, sizeof(answer));
			/* One write: the lines of two stay apart. */
			if (write(1, whole, (size_t)snprintf(whole, sizeof(whole), "%s %s\n", id, answer)) < 0)
				_exit(1);
			_exit(0);
		}
		running++;
	}
	while (wait(NULL) > 0)
		;
	return 0;
}

static int check(int port)
{
	struct sockaddr_in here = { .sin_family = AF_INET,
		.sin_port = htons((unsigned short)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	return connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&here, sizeof(here)) ? 1 : 0;
}

int main(int count, char **arguments)
{
	if (count >= 3 && !strcmp(arguments[1], "serve"))
		return serve(count - 2, arguments + 2);
	if (count == 2 && !strcmp(arguments[1], "ask"))
		return ask_all();
	if (count == 3 && !strcmp(arguments[1], "check"))
		return check(atoi(arguments[2]));
	fprintf(stderr, "everybody serve NAME [http:PORT|tcp:PORT|udp:PORT]..., everybody ask, everybody check PORT\n");
	return 2;
}
