// SPDX-License-Identifier: Apache-2.0
/*
 * drawbridge-runc: stands where an engine expects its OCI runtime.
 *
 *   1. A command line that makes no container goes straight to the real runtime.
 *   2. One that makes a container asks the agent to add the hooks to its bundle.
 *      a. Go, or go unguarded: on to the real runtime.
 *      b. Refused: the agent's sentence, exit 1.
 *      c. No answer, and the container is listed as exempt: on to the real runtime, unguarded.
 *      d. No answer: a sentence, exit 1. One that is not there is waited for, for agent_wait_ms.
 *   3. One that starts a container's first process asks the agent again, as in 2: an engine may have
 *      made the container's interfaces after its hooks, and they are guarded before it runs.
 *   4. One that adds a process to a container gives it no CAP_NET_RAW that the container has not.
 *   5. The real runtime takes over this process: same arguments, environment, descriptors and
 *      signal dispositions.
 *
 * A sentence goes to standard error and to the file that --log names, where containerd's shim reads
 * it from and the engine quotes it.
 */
#include "arguments.h"
#include "capabilities.h"
#include "config.h"
#include "frame.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static struct config config;
static struct arguments arguments;
static struct db_answer answer;

/* Writes TEXT as a JSON string's inside. Bytes above 0x7f pass, as UTF-8 may. -1 if it is full. */
static int escape(char *to, size_t room, const char *text)
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

/* What cannot be written is lost: there is nobody left to tell. */
static void write_all(int fd, const char *bytes, size_t length)
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

/* One line as runc's own logger writes it (logrus, JSON or text). */
static void write_log(const char *sentence)
{
	static char escaped[6 * DB_MAX_TEXT + 8];
	static char line[sizeof(escaped) + 128];
	char when[64];
	time_t now = time(NULL);
	struct tm utc;
	int length;
	int fd;

	if (arguments.log == NULL || arguments.log[0] == '\0')
		return;
	fd = open(arguments.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (fd < 0)
		return;
	if (gmtime_r(&now, &utc) == NULL ||
	    strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
		strcpy(when, "1970-01-01T00:00:00Z");
	if (escape(escaped, sizeof(escaped), sentence) == 0) {
		length = snprintf(line, sizeof(line),
				  arguments.log_json ?
					  "{\"level\":\"error\",\"msg\":\"%s\",\"time\":\"%s\"}\n" :
					  "level=error msg=\"%s\" time=\"%s\"\n",
				  escaped, when);
		if (length > 0 && (size_t)length < sizeof(line))
			write_all(fd, line, (size_t)length);
	}
	close(fd);
}

static int fail(const char *sentence)
{
	signal(SIGPIPE, SIG_IGN);
	write_log(sentence);
	write_all(STDERR_FILENO, sentence, strlen(sentence));
	write_all(STDERR_FILENO, "\n", 1);
	return 1;
}

static int refuse(const char *why)
{
	static char sentence[DB_MAX_TEXT + 1];

	snprintf(sentence, sizeof(sentence), "drawbridge: container not started: %s", why);
	db_one_line(sentence);
	return fail(sentence);
}

/* The bundle's absolute path. 0, or -1 if there is none. */
static int absolute_bundle(char path[PATH_MAX])
{
	return realpath(arguments.bundle == NULL ? "." : arguments.bundle, path) == NULL ? -1 : 0;
}

/* 0 if the agent says go, or does not answer about a container that is listed as exempt. */
static int ask(enum db_operation operation, const char *payload, uint32_t length)
{
	int exempt = db_exempt(config.exempt_dir, arguments.id);
	int wait_ms = exempt ? 0 : config.wait_ms;

	db_exchange(config.socket_path, operation, payload, length, config.connect_ms, wait_ms,
		    db_now() + wait_ms + config.total_ms, &answer);
	if (answer.answered && answer.status != DB_REFUSE)
		return 0;
	if (!answer.answered && exempt)
		return 0;
	return fail(answer.text);
}

/* 0 if the container may be created. */
static int admit(void)
{
	static char payload[12 * PATH_MAX + 64];
	static char id[6 * PATH_MAX];
	static char bundle[6 * PATH_MAX];
	char path[PATH_MAX];
	int length;

	if (config.problem[0] != '\0')
		return refuse(config.problem);
	if (config.passthrough)
		return 0;
	if (arguments.id == NULL)
		return refuse("the command line names no container id");
	if (absolute_bundle(path) != 0) {
		snprintf(payload, sizeof(payload), "the bundle %.*s cannot be found (%s)", PATH_MAX,
			 arguments.bundle == NULL ? "." : arguments.bundle, strerror(errno));
		return refuse(payload);
	}
	if (arguments.other_config != NULL)
		return refuse("a spec given by --config cannot be guarded; put it into the bundle");
	if (escape(id, sizeof(id), arguments.id) != 0 || escape(bundle, sizeof(bundle), path) != 0)
		return refuse("its id is too long");
	length = snprintf(payload, sizeof(payload), "{\"id\":\"%s\",\"bundle\":\"%s\"}", id, bundle);
	if (length < 0 || (size_t)length >= sizeof(payload))
		return refuse("its id is too long");
	return ask(DB_PATCH, payload, (uint32_t)length);
}

/* 0 if the container's first process may run. */
static int admit_start(void)
{
	static char payload[6 * PATH_MAX + 64];
	static char id[6 * PATH_MAX];
	int length;

	if (config.problem[0] != '\0')
		return refuse(config.problem);
	/* Without an id the runtime starts nothing. */
	if (config.passthrough || arguments.id == NULL)
		return 0;
	if (escape(id, sizeof(id), arguments.id) != 0)
		return refuse("its id is too long");
	length = snprintf(payload, sizeof(payload), "{\"id\":\"%s\"}", id);
	if (length < 0 || (size_t)length >= sizeof(payload))
		return refuse("its id is too long");
	return ask(DB_START, payload, (uint32_t)length);
}

int main(int argc, char **argv)
{
	char runtime[PATH_MAX];
	char problem[PATH_MAX + 256];

	config_read(&config);
	arguments_parse(argc, argv, &arguments);
	if (config_runtime(&config, runtime, problem, sizeof(problem)) != 0)
		return fail(problem);
	if (arguments.creates && admit() != 0)
		return 1;
	if (arguments.starts && admit_start() != 0)
		return 1;
	if (arguments.executes && !config.passthrough && capabilities_for_exec(&arguments) != 0) {
		snprintf(problem, sizeof(problem),
			 "drawbridge: process not started: %.*s cannot be changed (%s)", PATH_MAX,
			 arguments.process, strerror(errno));
		return fail(problem);
	}
	execve(runtime, argv, environ);
	snprintf(problem, sizeof(problem), "drawbridge: the real runtime %.*s cannot be executed (%s)",
		 PATH_MAX, runtime, strerror(errno));
	return fail(problem);
}
