// SPDX-License-Identifier: Apache-2.0
#include "capabilities.h"

#include "json.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char net_raw[] = "CAP_NET_RAW";
static const char sys_admin[] = "CAP_SYS_ADMIN";

/* Five sets name a capability once each; a file that does so this often is refused. */
#define MAX_NAMED 64

struct text {
	char *bytes;
	size_t length;
};

/* What the object "capabilities" names. */
struct named {
	int net_raw;
	int sys_admin;
	/* Where CAP_NET_RAW stands in any spelling that some runtime takes for it. */
	struct json_string at[MAX_NAMED];
	size_t count;
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
	text->bytes =
		text->length == 0 ? NULL : mmap(NULL, text->length, PROT_READ | (writable ? PROT_WRITE : 0), MAP_SHARED, fd, 0);
	close(fd);
	if (text->length == 0) {
		errno = ENODATA;
		return -1;
	}
	return text->bytes == MAP_FAILED ? -1 : 0;
}

/* A spelling that only some runtime takes for a capability is taken away, and grants nothing. */
static void note(void *context, const char *text, struct json_string found)
{
	struct named *named = context;

	named->net_raw |= json_is(text, found, net_raw, 0);
	named->sys_admin |= json_is(text, found, sys_admin, 0);
	if (json_is(text, found, net_raw, 1)) {
		if (named->count < MAX_NAMED)
			named->at[named->count] = found;
		named->count++;
	}
}

/* Blanks one element, with the comma behind it or else the one before it. */
static void blank(struct text *text, struct json_string element)
{
	char *begin = text->bytes + element.begin;
	char *behind = text->bytes + element.end;

	memset(begin, ' ', (size_t)(behind - begin));
	while (isspace((unsigned char)*behind))
		behind++;
	if (*behind == ',') {
		*behind = ' ';
		return;
	}
	while (isspace((unsigned char)begin[-1]))
		begin--;
	if (begin[-1] == ',')
		begin[-1] = ' ';
}

/* runc keeps state.json, crun a copy of config.json. What cannot be read one way has nothing. */
static int container_has_net_raw(const struct arguments *arguments)
{
	static const struct {
		const char *root, *file, *const path[2];
	} places[] = { { "/run/runc", "state.json", { "config", "capabilities" } },
		{ "/run/crun", "config.json", { "process", "capabilities" } } };
	size_t i;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		char path[PATH_MAX];
		struct text state;
		int length = snprintf(path, sizeof(path), "%s/%s/%s", arguments->root == NULL ? places[i].root : arguments->root,
			arguments->id, places[i].file);

		if (length > 0 && (size_t)length < sizeof(path) && map_file(path, 0, &state) == 0) {
			static struct named named;
			int read = json_walk(state.bytes, state.length, places[i].path, 2, note, &named);

			munmap(state.bytes, state.length);
			return read == 0 && named.net_raw;
		}
	}
	return 0;
}

int capabilities_for_exec(const struct arguments *arguments)
{
	static const char *const path[] = { "capabilities" };
	static struct named named;
	struct text process;
	int read;
	size_t i;

	if (arguments->id == NULL || arguments->process == NULL || container_has_net_raw(arguments))
		return 0;
	/* A file that is not there is the runtime's to complain about. */
	if (map_file(arguments->process, 1, &process) != 0)
		return errno == ENOENT || errno == ENODATA ? 0 : -1;
	read = json_walk(process.bytes, process.length, path, 1, note, &named);
	if (read == 0 && named.count <= MAX_NAMED && !named.sys_admin)
		for (i = 0; i < named.count; i++)
			blank(&process, named.at[i]);
	munmap(process.bytes, process.length);
	if (read == 0 && named.count <= MAX_NAMED)
		return 0;
	errno = EBADMSG;
	return -1;
}
