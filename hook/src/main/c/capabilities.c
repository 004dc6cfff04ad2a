// SPDX-License-Identifier: Apache-2.0
#include "capabilities.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* A quote inside JSON text is escaped, so these bytes are a whole string and never a part of one. */
static const char net_raw[] = "\"CAP_NET_RAW\"";
static const char sys_admin[] = "\"CAP_SYS_ADMIN\"";
static const char key[] = "\"capabilities\"";

struct text {
	char *bytes;
	size_t length;
};

static int map_file(const char *path, int writable, struct text *text)
{
	struct stat found;
	int fd = open(path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);

	if (fd < 0)
		return -1;
	if (fstat(fd, &found) != 0) {
		close(fd);
		return -1;
	}
	text->length = (size_t)found.st_size;
	text->bytes = text->length == 0 ? NULL :
					  mmap(NULL, text->length, PROT_READ | (writable ? PROT_WRITE : 0),
					       MAP_SHARED, fd, 0);
	close(fd);
	if (text->length == 0) {
		errno = ENODATA;
		return -1;
	}
	return text->bytes == MAP_FAILED ? -1 : 0;
}

static int contains(const struct text *text, const char *word)
{
	return memmem(text->bytes, text->length, word, strlen(word)) != NULL;
}

/* Where the object after the key begins, or NULL: the key's name as a value has no colon behind it. */
static char *find_object(char *from, char *end)
{
	for (;;) {
		char *at = memmem(from, (size_t)(end - from), key, sizeof(key) - 1);

		if (at == NULL)
			return NULL;
		from = at + sizeof(key) - 1;
		for (at = from; at < end && isspace((unsigned char)*at); at++)
			;
		if (at == end || *at++ != ':')
			continue;
		while (at < end && isspace((unsigned char)*at))
			at++;
		if (at < end && *at == '{')
			return at;
	}
}

/* Blanks one element, with the comma behind it or else the one before it. */
static void blank(char *element, size_t length, char *begin, char *end)
{
	char *behind = element + length;
	char *before = element;

	memset(element, ' ', length);
	while (behind < end && isspace((unsigned char)*behind))
		behind++;
	if (behind < end && *behind == ',') {
		*behind = ' ';
		return;
	}
	while (before > begin && isspace((unsigned char)before[-1]))
		before--;
	if (before > begin && before[-1] == ',')
		before[-1] = ' ';
}

void capabilities_without_net_raw(char *json, size_t length)
{
	char *limit = json + length;
	char *begin = find_object(json, limit);

	while (begin != NULL) {
		char *end = memchr(begin, '}', (size_t)(limit - begin));
		char *at = begin;

		if (end == NULL)
			end = limit;
		while ((at = memmem(at, (size_t)(end - at), net_raw, sizeof(net_raw) - 1)) != NULL)
			blank(at, sizeof(net_raw) - 1, begin, end);
		begin = find_object(end, limit);
	}
}

/* runc keeps state.json, crun a copy of config.json. What cannot be read has nothing. */
static int container_has_net_raw(const struct arguments *arguments)
{
	static const char *const places[][2] = { { "/run/runc", "state.json" },
						 { "/run/crun", "config.json" } };
	size_t i;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		char path[PATH_MAX];
		struct text state;
		int length = snprintf(path, sizeof(path), "%s/%s/%s",
				      arguments->root == NULL ? places[i][0] : arguments->root,
				      arguments->id, places[i][1]);

		if (length > 0 && (size_t)length < sizeof(path) && map_file(path, 0, &state) == 0) {
			int has = contains(&state, net_raw);

			munmap(state.bytes, state.length);
			return has;
		}
	}
	return 0;
}

int capabilities_for_exec(const struct arguments *arguments)
{
	struct text process;

	if (arguments->id == NULL || arguments->process == NULL || container_has_net_raw(arguments))
		return 0;
	/* A file that is not there is the runtime's to complain about. */
	if (map_file(arguments->process, 1, &process) != 0)
		return errno == ENOENT || errno == ENODATA ? 0 : -1;
	if (!contains(&process, sys_admin))
		capabilities_without_net_raw(process.bytes, process.length);
	munmap(process.bytes, process.length);
	return 0;
}
