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
#include "log.h"

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

static int fail(const char *sentence)
{
	signal(SIGPIPE, SIG_IGN);
	if (arguments.log != NULL && arguments.log[0] != '\0')
		log_append(arguments.log, arguments.log_json, sentence);
	log_write(STDERR_FILENO, sentence, strlen(sentence));
	log_write(STDERR_FILENO, "\n", 1);
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
	if (log_escape(id, sizeof(id), arguments.id) != 0 || log_escape(bundle, sizeof(bundle), path) != 0)
		return refuse("its id is too long");
	/* Whether the agent is asked again, by admit_start(), before anything of the container runs. */
	length = snprintf(payload, sizeof(payload), "{\"id\":\"%s\",\"bundle\":\"%s\",\"start\":%s}", id, bundle,
		arguments.creates_only ? "true" : "false");
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
	if (log_escape(id, sizeof(id), arguments.id) != 0)
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
		snprintf(problem, sizeof(problem), "drawbridge: process not started: %.*s cannot be changed (%s)", PATH_MAX,
			arguments.process, strerror(errno));
		return fail(problem);
	}
	execve(runtime, argv, environ);
	snprintf(problem, sizeof(problem), "drawbridge: the real runtime %.*s cannot be executed (%s)", PATH_MAX, runtime,
		strerror(errno));
	return fail(problem);
}
