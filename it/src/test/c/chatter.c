// SPDX-License-Identifier: Apache-2.0
/*
 * chatter DIRECTORY NAME: answers HTTP and datagrams on ports 7000 and 7001, and asks others the same without a pause,
 * from before the agent comes until after: DIRECTORY/NAME.peers holds "PEER ADDRESS" lines; begins when it is there, and
 * makes DIRECTORY/NAME.warm when all have answered five times in a row. Counts from when DIRECTORY/begin is there, and by
 * itself what happens from when DIRECTORY/mark is. Ends when DIRECTORY/stop is there, with
 * DIRECTORY/NAME.said: "KIND PEER OK FAILED OK-MARKED FAILED-MARKED FIRST-FAILURE".
 */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define HTTP 7000
#define DATAGRAMS 7001
#define SECONDS 3 /* that an answer may take: a retransmitted packet comes within */
#define PAUSE_US 200000
#define WARM 5

static char directory[256], name[64];
static int count, warm;

struct asker {
	const char *kind;
	char peer[64];
	struct sockaddr_in to;
	int lasts, datagrams; /* one socket for all, instead of one each time */
	int fd;
	long ok[2], failed[2];
	int row;
	char why[96];
};

static int there(const char *what)
{
	char path[400];
	struct stat status;

	snprintf(path, sizeof(path), "%s/%s", directory, what);
	return stat(path, &status) == 0;
}

static struct timespec now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_REALTIME, &time);
	return time;
}

static void *serve(void *argument)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n";
	int fd = (int)(long)argument;
	char text[4096];
	size_t have = 0;
	ssize_t got;

	while ((got = recv(fd, text + have, sizeof(text) - 1 - have, 0)) > 0) {
		have += (size_t)got;
		text[have] = 0;
		if (!strstr(text, "\r\n\r\n") && have < sizeof(text) - 1)
			continue;
		if (send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL) < 0 || strstr(text, "close"))
			break;
		have = 0;
	}
	close(fd);
	return NULL;
}

static void begin(void *(*what)(void *), void *argument)
{
	pthread_attr_t small;
	pthread_t thread;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 64 << 10);
	pthread_attr_setdetachstate(&small, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&thread, &small, what, argument))
		abort();
}

static int bound(int type, int port)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons((unsigned short)port) };
	int fd = socket(AF_INET, type, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)) || (type == SOCK_STREAM && listen(fd, 256)))
		abort();
	return fd;
}

static void *accepts(void *argument)
{
	int listening = (int)(long)argument, fd;

	for (;;) {
		fd = accept(listening, NULL, NULL);
		if (fd >= 0)
			begin(serve, (void *)(long)fd);
	}
	return NULL;
}

static void *echoes(void *argument)
{
	int fd = (int)(long)argument;
	struct sockaddr_in from;
	char text[256];

	for (;;) {
		socklen_t size = sizeof(from);
		ssize_t got = recvfrom(fd, text, sizeof(text), 0, (struct sockaddr *)&from, &size);

		if (got > 0 && sendto(fd, text, (size_t)got, 0, (struct sockaddr *)&from, size) < 0)
			fprintf(stderr, "answer: %s\n", strerror(errno));
	}
	return NULL;
}

static const char *opened(struct asker *me)
{
	struct timeval limit = { .tv_sec = SECONDS };

	me->fd = socket(AF_INET, me->datagrams ? SOCK_DGRAM : SOCK_STREAM, 0);
	if (me->fd < 0)
		return "socket";
	setsockopt(me->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(me->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	return connect(me->fd, (struct sockaddr *)&me->to, sizeof(me->to)) ? "connect" : NULL;
}

static const char *exchange(struct asker *me)
{
	char request[128], text[4096];
	size_t have = 0;
	ssize_t got;
	const char *body = NULL;

	snprintf(request, sizeof(request), "GET /x HTTP/1.1\r\nHost: %s\r\n%s\r\n", me->peer,
		me->lasts ? "" : "Connection: close\r\n");
	if (send(me->fd, request, strlen(request), MSG_NOSIGNAL) < 0)
		return "send";
	do {
		got = recv(me->fd, text + have, sizeof(text) - 1 - have, 0);
		if (got < 0)
			return "recv";
		have += (size_t)got;
		text[have] = 0;
		if (me->datagrams)
			return have == strlen(request) ? NULL : "other bytes";
		if (have >= 12 && strncmp(text, "HTTP/1.1 200", 12))
			break;
		body = strstr(text, "\r\n\r\n");
	} while (got > 0 && have < sizeof(text) - 1 && !(body && strstr(body, "ok\n")));
	errno = 0;
	return !strncmp(text, "HTTP/1.1 200", 12) && body ? NULL : have ? "refused" : "end";
}

static void warmed(void)
{
	char path[400];
	FILE *file;

	if (__sync_add_and_fetch(&warm, 1) != count)
		return;
	snprintf(path, sizeof(path), "%s/%s.warm", directory, name);
	file = fopen(path, "w");
	if (!file)
		abort();
	fclose(file);
}

static void *asks(void *argument)
{
	struct asker *me = argument;

	me->fd = -1;
	while (!there("stop")) {
		struct timespec when = now();
		int counts = there("begin"), marked = there("mark");
		const char *failed = me->fd < 0 ? opened(me) : NULL;

		if (!failed)
			failed = exchange(me);
		if (me->row < WARM && (me->row = failed ? 0 : me->row + 1) == WARM)
			warmed();
		if (counts && failed && !me->failed[0] && !me->failed[1])
			snprintf(me->why, sizeof(me->why), "%s:%s@%ld.%03ld", failed, strerrorname_np(errno), (long)when.tv_sec,
				when.tv_nsec / 1000000);
		if (counts && failed)
			me->failed[marked]++;
		else if (counts)
			me->ok[marked]++;
		if (failed || !me->lasts) {
			close(me->fd);
			me->fd = -1;
		}
		usleep(PAUSE_US / 2 + (unsigned)rand() % PAUSE_US);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *kind;
		int datagrams, lasts;
	} kinds[] = { { "tcp", 0, 0 }, { "tcp-lasts", 0, 1 }, { "udp", 1, 0 }, { "udp-lasts", 1, 1 } };
	static struct asker askers[64];
	static pthread_t threads[64];
	char path[400], said[400], peer[64], address[64];
	FILE *file;

	if (argc != 3)
		return 255;
	snprintf(directory, sizeof(directory), "%s", argv[1]);
	snprintf(name, sizeof(name), "%s", argv[2]);
	srand((unsigned)getpid() ^ (unsigned)now().tv_nsec);
	begin(accepts, (void *)(long)bound(SOCK_STREAM, HTTP));
	begin(echoes, (void *)(long)bound(SOCK_DGRAM, DATAGRAMS));
	snprintf(path, sizeof(path), "%s.peers", name);
	snprintf(said, sizeof(said), "%s.said", name);
	while (!there(path) || there(said))
		usleep(50000);
	snprintf(path, sizeof(path), "%s/%s.peers", directory, name);
	file = fopen(path, "r");
	if (!file)
		return 254;
	while (fscanf(file, "%63s %63s", peer, address) == 2) {
		for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && count < 64; i++) {
			struct asker *me = &askers[count++];

			me->kind = kinds[i].kind;
			me->datagrams = kinds[i].datagrams;
			me->lasts = kinds[i].lasts;
			snprintf(me->peer, sizeof(me->peer), "%s", peer);
			me->to.sin_family = AF_INET;
			me->to.sin_port = htons(me->datagrams ? DATAGRAMS : HTTP);
			if (inet_pton(AF_INET, address, &me->to.sin_addr) != 1)
				return 253;
		}
	}
	fclose(file);
	for (int i = 0; i < count; i++)
		if (pthread_create(&threads[i], NULL, asks, &askers[i]))
			return 252;
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	snprintf(path, sizeof(path), "%s/%s.new", directory, name);
	file = fopen(path, "w");
	if (!file)
		return 251;
	for (int i = 0; i < count; i++)
		fprintf(file, "%s %s %ld %ld %ld %ld %s\n", askers[i].kind, askers[i].peer, askers[i].ok[0], askers[i].failed[0],
			askers[i].ok[1], askers[i].failed[1], askers[i].why[0] ? askers[i].why : "-");
	fclose(file);
	snprintf(said, sizeof(said), "%s/%s.said", directory, name);
	return rename(path, said) ? 250 : 0;
}
