// SPDX-License-Identifier: Apache-2.0
#include "frame.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* How often it is looked whether an agent is there by now. */
#define DB_LOOK_MS 20

static const char magic[4] = { 'D', 'B', 'H', '1' };

int64_t db_now(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
		abort(); /* The kernel has had this clock since 2.6. */
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int db_left(int64_t deadline)
{
	int64_t left = deadline - db_now();

	if (left <= 0)
		return 0;
	return left > DB_MAX_MS ? DB_MAX_MS : (int)left;
}

static void put_u32(unsigned char *at, uint32_t value)
{
	at[0] = (unsigned char)(value >> 24);
	at[1] = (unsigned char)(value >> 16);
	at[2] = (unsigned char)(value >> 8);
	at[3] = (unsigned char)value;
}

static uint32_t get_u32(const unsigned char *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void not_answering(struct db_answer *answer, const char *socket_path, const char *why)
{
	answer->answered = 0;
	snprintf(answer->text, sizeof(answer->text),
		"drawbridge: container not started: the agent is not answering on %s (%s); start it "
		"(systemctl start drawbridge, or ./drawbridge up); names in \"exempt\" of its agent.json "
		"start without it once it has seen them",
		socket_path, why);
	db_one_line(answer->text);
}

/* Waits for events on fd. 0 when they are there, else an errno. */
static int await(int fd, short events, int64_t deadline)
{
	for (;;) {
		struct pollfd wanted = { .fd = fd, .events = events };
		int left = db_left(deadline);
		int ready;

		if (left == 0)
			return ETIMEDOUT;
		ready = poll(&wanted, 1, left);
		if (ready > 0)
			return 0;
		if (ready < 0 && errno != EINTR)
			return errno;
	}
}

static int send_all(int fd, const void *bytes, size_t length, int64_t deadline)
{
	const char *at = bytes;

	while (length > 0) {
		ssize_t sent = send(fd, at, length, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent >= 0) {
			at += sent;
			length -= (size_t)sent;
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			int error = await(fd, POLLOUT, deadline);

			if (error)
				return error;
		} else if (errno != EINTR) {
			return errno;
		}
	}
	return 0;
}

static int receive_all(int fd, void *bytes, size_t length, int64_t deadline)
{
	char *at = bytes;

	while (length > 0) {
		ssize_t got = recv(fd, at, length, MSG_DONTWAIT);

		if (got > 0) {
			at += got;
			length -= (size_t)got;
		} else if (got == 0) {
			return ECONNRESET;
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			int error = await(fd, POLLIN, deadline);

			if (error)
				return error;
		} else if (errno != EINTR) {
			return errno;
		}
	}
	return 0;
}

/*
 * A blocking connect to a Unix socket waits only while the backlog is full, and SO_SNDTIMEO bounds
 * that wait (net/unix/af_unix.c, unix_stream_connect). A non-blocking one would have to spin.
 */
static int connect_by(int fd, const struct sockaddr_un *address, int64_t deadline)
{
	for (;;) {
		int left = db_left(deadline);
		struct timeval wait = { .tv_sec = left / 1000, .tv_usec = left % 1000 * 1000 };

		if (left == 0)
			return ETIMEDOUT;
		if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) != 0)
			return errno;
		if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0)
			return 0;
		if (errno == EAGAIN)
			return ETIMEDOUT;
		if (errno != EINTR)
			return errno;
	}
}

/* 0, or -1 if the agent ended before the first byte of an answer. */
static int read_answer(int fd, const char *socket_path, int64_t deadline, struct db_answer *answer)
{
	unsigned char header[DB_HEADER];
	uint32_t length;
	int error = receive_all(fd, header, sizeof(header), deadline);

	if (error) {
		not_answering(answer, socket_path, error == ECONNRESET ? "it closed the connection" : strerror(error));
		return error == ECONNRESET ? -1 : 0;
	}
	length = get_u32(header + 8);
	if (memcmp(header, magic, sizeof(magic)) != 0 || header[4] > DB_GO_UNGUARDED || header[5] || header[6] || header[7] ||
		length > DB_MAX_TEXT) {
		not_answering(answer, socket_path, "what it sent is no answer");
		return 0;
	}
	error = receive_all(fd, answer->text, length, deadline);
	if (error) {
		not_answering(answer, socket_path, error == ECONNRESET ? "its answer is cut short" : strerror(error));
		return 0;
	}
	answer->text[length] = '\0';
	answer->answered = 1;
	answer->status = (enum db_status)header[4];
	return 0;
}

/* A refusal always has a sentence, and the sentence always says whose it is. */
static void complete(struct db_answer *answer)
{
	static const char prefix[] = "drawbridge: ";
	size_t had;

	if (answer->status != DB_REFUSE)
		return;
	if (answer->text[0] == '\0')
		strcpy(answer->text, "drawbridge: container not started: the agent refused it");
	if (strncmp(answer->text, prefix, sizeof(prefix) - 1) != 0) {
		had = strlen(answer->text);
		if (had > DB_MAX_TEXT - (sizeof(prefix) - 1))
			had = DB_MAX_TEXT - (sizeof(prefix) - 1);
		memmove(answer->text + sizeof(prefix) - 1, answer->text, had);
		memcpy(answer->text, prefix, sizeof(prefix) - 1);
		answer->text[had + sizeof(prefix) - 1] = '\0';
	}
	db_one_line(answer->text);
}

/* 0, or -1 if there is no agent, or none any more: another one may answer. */
static int exchange_once(const struct sockaddr_un *address, const unsigned char *header, const void *payload, uint32_t length,
	int connect_ms, int64_t deadline, struct db_answer *answer)
{
	int64_t connect_deadline = db_now() + connect_ms;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int absent = 0;
	int error;

	if (fd < 0) {
		not_answering(answer, address->sun_path, strerror(errno));
		return 0;
	}
	error = connect_by(fd, address, connect_deadline < deadline ? connect_deadline : deadline);
	if (error)
		absent = error == ENOENT || error == ECONNREFUSED;
	else
		error = send_all(fd, header, DB_HEADER, deadline);
	if (!error)
		error = send_all(fd, payload, length, deadline);
	/*
	 * A peer that has answered already and closed makes sending fail with EPIPE, but its answer
	 * can still be read.
	 */
	if (!error || error == EPIPE)
		absent = read_answer(fd, address->sun_path, deadline, answer) != 0;
	else
		not_answering(answer, address->sun_path, strerror(error));
	close(fd);
	return absent ? -1 : 0;
}

void db_exchange(const char *socket_path, enum db_operation operation, const void *payload, uint32_t length, int connect_ms,
	int wait_ms, int64_t deadline, struct db_answer *answer)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	unsigned char header[DB_HEADER] = { 'D', 'B', 'H', '1', (unsigned char)operation };
	int64_t wait_deadline = db_now() + wait_ms;

	memset(answer, 0, sizeof(*answer));
	if (length > DB_MAX_PAYLOAD || strlen(socket_path) >= sizeof(address.sun_path)) {
		not_answering(answer, socket_path, strerror(ENAMETOOLONG));
		return;
	}
	strcpy(address.sun_path, socket_path);
	put_u32(header + 8, length);
	while (exchange_once(&address, header, payload, length, connect_ms, deadline, answer) != 0) {
		if (db_left(wait_deadline) == 0 || db_left(deadline) == 0)
			break;
		poll(NULL, 0, DB_LOOK_MS);
	}
	if (answer->answered)
		complete(answer);
}

int db_listening(const char *socket_path, int connect_ms)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;
	int error;

	if (strlen(socket_path) >= sizeof(address.sun_path))
		return 0;
	strcpy(address.sun_path, socket_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return 0;
	error = connect_by(fd, &address, db_now() + connect_ms);
	close(fd);
	return error == 0;
}

int db_exempt(const char *directory, const char *id)
{
	char path[4096];
	struct stat status;
	int length;

	if (id[0] == '\0' || id[0] == '.' || strchr(id, '/') != NULL)
		return 0;
	length = snprintf(path, sizeof(path), "%s/%s", directory, id);
	if (length < 0 || (size_t)length >= sizeof(path))
		return 0;
	return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

int db_wait(const char *text)
{
	char *end;
	long value;

	if (text[0] < '0' || text[0] > '9')
		return -1;
	errno = 0;
	value = strtol(text, &end, 10);
	if (errno != 0 || *end != '\0' || value < 0 || value > DB_MAX_MS)
		return -1;
	return (int)value;
}

int db_milliseconds(const char *text)
{
	int value = db_wait(text);

	return value == 0 ? -1 : value;
}

void db_one_line(char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = ' ';
}
