// SPDX-License-Identifier: Apache-2.0
#include "config.h"

#include "frame.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SYSTEM_CONFIG "/etc/drawbridge/shim.conf"
#define NO_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* Enough for the longest path and its key; a longer line is an error. */
#define MAX_LINE (PATH_MAX + 64)

static int copy(char *to, size_t room, const char *from)
{
	if (from[0] == '\0' || strlen(from) >= room)
		return -1;
	strcpy(to, from);
	return 0;
}

/* 0, or -1 if this is not key=value with a key and a value that we know. */
static int set(struct config *config, char *line)
{
	char *value = strchr(line, '=');

	if (value == NULL)
		return -1;
	*value++ = '\0';
	if (strcmp(line, "socket") == 0)
		return copy(config->socket_path, sizeof(config->socket_path), value);
	if (strcmp(line, "runtime") == 0)
		return copy(config->runtime, sizeof(config->runtime), value);
	if (strcmp(line, "exempt_dir") == 0)
		return copy(config->exempt_dir, sizeof(config->exempt_dir), value);
	if (strcmp(line, "connect_timeout_ms") == 0)
		return (config->connect_ms = db_milliseconds(value)) < 0 ? -1 : 0;
	if (strcmp(line, "total_timeout_ms") == 0)
		return (config->total_ms = db_milliseconds(value)) < 0 ? -1 : 0;
	if (strcmp(line, "agent_wait_ms") == 0)
		return (config->wait_ms = db_wait(value)) < 0 ? -1 : 0;
	if (strcmp(line, "passthrough") == 0) {
		config->passthrough = strcmp(value, "true") == 0;
		return config->passthrough || strcmp(value, "false") == 0 ? 0 : -1;
	}
	return -1;
}

static void read_lines(struct config *config, FILE *file, const char *path)
{
	static char line[MAX_LINE];
	int number = 0;

	while (fgets(line, sizeof(line), file) != NULL) {
		size_t length = strlen(line);

		number++;
		if (length + 1 == sizeof(line) && line[length - 1] != '\n') {
			snprintf(config->problem, sizeof(config->problem), "%s line %d is too long", path, number);
			return;
		}
		while (length > 0 && strchr(" \t\r\n", line[length - 1]) != NULL)
			line[--length] = '\0';
		if (length == 0 || line[0] == '#')
			continue;
		if (set(config, line) != 0 && config->problem[0] == '\0')
			snprintf(config->problem, sizeof(config->problem),
				"%s line %d is not a setting that drawbridge-runc knows", path, number);
	}
	if (ferror(file))
		snprintf(config->problem, sizeof(config->problem), "%s cannot be read", path);
}

/* Whether the file is there at all; what is wrong with it goes to problem. */
static int read_file(struct config *config, const char *path)
{
	FILE *file = fopen(path, "re");

	if (file == NULL) {
		if (errno == ENOENT || errno == ENOTDIR)
			return 0;
		snprintf(config->problem, sizeof(config->problem), "%s cannot be read (%s)", path, strerror(errno));
		return 1;
	}
	read_lines(config, file, path);
	fclose(file);
	return 1;
}

void config_read(struct config *config)
{
	static const char name[] = "shim.conf";
	char path[PATH_MAX];
	ssize_t length;
	char *slash;

	memset(config, 0, sizeof(*config));
	strcpy(config->socket_path, DB_DEFAULT_SOCKET);
	strcpy(config->exempt_dir, DB_DEFAULT_EXEMPT);
	config->connect_ms = DB_DEFAULT_CONNECT_MS;
	config->total_ms = DB_DEFAULT_TOTAL_MS;
	config->wait_ms = DB_DEFAULT_WAIT_MS;

	length = readlink("/proc/self/exe", path, sizeof(path) - sizeof(name));
	if (length > 0) {
		path[length] = '\0';
		slash = strrchr(path, '/');
		if (slash != NULL) {
			strcpy(slash + 1, name);
			if (read_file(config, path))
				goto checked;
		}
	}
	read_file(config, SYSTEM_CONFIG);
checked:
	if (config->connect_ms < 1)
		config->connect_ms = DB_DEFAULT_CONNECT_MS;
	if (config->total_ms < 1)
		config->total_ms = DB_DEFAULT_TOTAL_MS;
	if (config->wait_ms < 0)
		config->wait_ms = DB_DEFAULT_WAIT_MS;
}

static int same_file(const struct stat *one, const struct stat *other)
{
	return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

/* Looks NAME up in PATH, passing over SELF. */
static int search(const char *name, const struct stat *self, char path[PATH_MAX])
{
	const char *at = getenv("PATH");

	if (at == NULL || *at == '\0')
		at = NO_PATH;
	while (*at != '\0') {
		size_t length = strcspn(at, ":");
		struct stat found;
		int written = snprintf(path, PATH_MAX, "%.*s/%s", (int)length, at, name);

		/* A relative entry would mean the bundle: never look there. */
		if (at[0] == '/' && written > 0 && written < PATH_MAX && stat(path, &found) == 0 && S_ISREG(found.st_mode) &&
			access(path, X_OK) == 0 && !same_file(&found, self))
			return 0;
		at += length;
		if (*at == ':')
			at++;
	}
	return -1;
}

int config_runtime(const struct config *config, char path[PATH_MAX], char *problem, unsigned int room)
{
	const char *wanted = config->runtime[0] != '\0' ? config->runtime : "runc";
	struct stat self;
	struct stat found;

	if (stat("/proc/self/exe", &self) != 0) {
		snprintf(problem, room, "drawbridge: drawbridge-runc cannot find itself (%s)", strerror(errno));
		return -1;
	}
	if (strchr(wanted, '/') == NULL) {
		if (search(wanted, &self, path) == 0)
			return 0;
		snprintf(problem, room,
			"drawbridge: the real runtime %s is not in PATH; name it as runtime= in "
			"shim.conf",
			wanted);
		return -1;
	}
	strcpy(path, wanted);
	if (stat(path, &found) == 0 && same_file(&found, &self)) {
		snprintf(problem, room,
			"drawbridge: runtime= in shim.conf names drawbridge-runc itself; name the real "
			"runtime");
		return -1;
	}
	return 0;
}
