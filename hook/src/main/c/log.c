// SPDX-License-Identifier: Apache-2.0
#include "log.h"

#include "frame.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int log_escape(char *to, size_t room, const char *text)
{
	size_t had = 0;

	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (had + 7 > room)
			return -1;
		if (c == '"' || c == '\\') {
			to[had++] = '\\';
			to[had++] = (char)c;
		} else if (c < ' ') {
			had += (size_t)sprintf(to + had, "\\u%04x", c);
		} else {
			to[had++] = (char)c;
		}
	}
	to[had] = '\0';
	return 0;
}

void log_write(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t written = write(fd, bytes, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return;
		bytes += written;
		length -= (size_t)written;
	}
}

static void write_line(int fd, int json, const char *sentence)
{
	static char escaped[6 * DB_MAX_TEXT + 8];
	static char line[sizeof(escaped) + 128];
	char when[64];
	time_t now = time(NULL);
	struct tm utc;
	int length;

	if (gmtime_r(&now, &utc) == NULL || strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
		strcpy(when, "1970-01-01T00:00:00Z");
	if (log_escape(escaped, sizeof(escaped), sentence) != 0)
		return;
	length = snprintf(line, sizeof(line),
		json ? "{\"level\":\"error\",\"msg\":\"%s\",\"time\":\"%s\"}\n" : "level=error msg=\"%s\" time=\"%s\"\n", escaped,
		when);
	if (length > 0 && (size_t)length < sizeof(line))
		log_write(fd, line, (size_t)length);
}

void log_append(const char *path, int json, const char *sentence)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	if (fd < 0)
		return;
	write_line(fd, json, sentence);
	close(fd);
}

void log_replace(const char *path, const char *sentence)
{
	static char next[PATH_MAX], before[1 << 16];
	int length = snprintf(next, sizeof(next), "%s.drawbridge", path);
	int old;
	int fd;
	ssize_t had;

	if (length < 0 || (size_t)length >= sizeof(next))
		return;
	old = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (old < 0)
		return;
	fd = open(next, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd >= 0) {
		had = read(old, before, sizeof(before));
		if (had > 0)
			log_write(fd, before, (size_t)had);
		write_line(fd, 1, sentence);
		close(fd);
		if (rename(next, path) != 0)
			unlink(next);
	}
	close(old);
}
