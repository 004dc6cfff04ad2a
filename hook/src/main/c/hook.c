// SPDX-License-Identifier: Apache-2.0
/*
 * drawbridge-hook STAGE [--socket PATH] [--timeout-ms N] [--wait-ms N] [--exempt-dir PATH]
 *
 * An OCI hook: forwards the container state from standard input to the agent and turns its answer
 * into an exit code. STAGE is createRuntime or poststop.
 *
 *   1. The agent says go, or go unguarded: exit 0.
 *   2. The agent refuses: its sentence on standard error and as the last of the bundle's log, where
 *      the engine looks for it, exit 1.
 *   3. The agent does not answer in time, and the container is listed as exempt: exit 0.
 *   4. The agent does not answer in time: a sentence on standard error, exit 1. One that is not
 *      there is waited for, at most as long as --wait-ms says and within --timeout-ms.
 *   5. Anything else that goes wrong: a sentence on standard error, exit 1.
 *   6. In poststop nothing can go wrong: exit 0, always, silently.
 *
 * With --ping instead of STAGE: exit 0 if an agent listens on the socket, else 1, silently. Nothing
 * is asked of it.
 *
 * Standard output stays empty, because runtimes quote it to the user beside standard error.
 */
#include "frame.h"
#include "log.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct options {
	enum db_operation operation;
	const char *socket_path;
	const char *exempt_dir;
	int total_ms;
	int wait_ms;
	int ping;
};

#define LOG_OF_BUNDLE "/log.json"

static char state[DB_MAX_PAYLOAD + 1];
static struct db_answer answer;

static int fail(const char *sentence)
{
	fprintf(stderr, "%s\n", sentence);
	return 1;
}

/* 0, or -1 if the command line is none of ours. */
static int parse(int argc, char **argv, struct options *options)
{
	int i;

	if (argc < 2)
		return -1;
	if (strcmp(argv[1], "createRuntime") == 0)
		options->operation = DB_CREATE_RUNTIME;
	else if (strcmp(argv[1], "poststop") == 0)
		options->operation = DB_POSTSTOP;
	else if (strcmp(argv[1], "--ping") == 0)
		options->ping = 1;
	else
		return -1;
	for (i = 2; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--socket") == 0)
			options->socket_path = argv[i + 1];
		else if (strcmp(argv[i], "--exempt-dir") == 0)
			options->exempt_dir = argv[i + 1];
		else if (strcmp(argv[i], "--timeout-ms") == 0)
			options->total_ms = db_milliseconds(argv[i + 1]);
		else if (strcmp(argv[i], "--wait-ms") == 0)
			options->wait_ms = db_wait(argv[i + 1]);
		else
			return -1;
	}
	return i == argc && options->total_ms > 0 && options->wait_ms >= 0 ? 0 : -1;
}

/* The number of bytes that were read until the end, or a negative errno. */
static ssize_t read_state(int64_t deadline)
{
	size_t had = 0;

	for (;;) {
		struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
		int left = db_left(deadline);
		int ready;
		ssize_t got;

		if (left == 0)
			return -ETIMEDOUT;
		ready = poll(&input, 1, left);
		if (ready == 0 || (ready < 0 && errno == EINTR))
			continue;
		if (ready < 0)
			return -errno;
		got = read(STDIN_FILENO, state + had, sizeof(state) - had);
		if (got == 0)
			return (ssize_t)had;
		if (got < 0) {
			if (errno == EINTR || errno == EAGAIN)
				continue;
			return -errno;
		}
		had += (size_t)got;
		if (had > DB_MAX_PAYLOAD)
			return -EFBIG;
	}
}

/* Index behind a JSON string that begins at AT (a quote), or LENGTH if it does not end. */
static size_t string_end(size_t at, size_t length)
{
	for (at++; at < length; at++) {
		if (state[at] == '\\')
			at++;
		else if (state[at] == '"')
			return at + 1;
	}
	return length;
}

static size_t skip_space(size_t at, size_t length)
{
	while (at < length && strchr(" \t\r\n", state[at]) != NULL && state[at] != '\0')
		at++;
	return at;
}

/*
 * The value of this top-level member, if it is a string without escapes. Only used to look the
 * container up in the exempt list, and for its bundle: a text that is not JSON at worst finds nothing.
 */
static int find_member(size_t length, const char *name, char *to, size_t room)
{
	size_t quoted = strlen(name) + 2;
	int depth = 0;
	size_t at = 0;

	while (at < length) {
		size_t begin = at;
		size_t value;
		size_t end;

		if (state[at] != '"') {
			if (state[at] == '{' || state[at] == '[')
				depth++;
			else if (state[at] == '}' || state[at] == ']')
				depth--;
			at++;
			continue;
		}
		at = string_end(at, length);
		value = skip_space(at, length);
		if (depth != 1 || at - begin != quoted || memcmp(state + begin + 1, name, quoted - 2) != 0 || value >= length ||
			state[value] != ':')
			continue;
		value = skip_space(value + 1, length);
		if (value >= length || state[value] != '"')
			return -1;
		end = string_end(value, length);
		if (end - value < 3 || end - value - 2 >= room || state[end - 1] != '"' ||
			memchr(state + value, '\\', end - value) != NULL)
			return -1;
		memcpy(to, state + value + 1, end - value - 2);
		to[end - value - 2] = '\0';
		return 0;
	}
	return -1;
}

/*
 * crun says that a hook failed, and not what the hook said. containerd gives a runtime the log
 * log.json of the bundle, and quotes its last error: that becomes our sentence.
 */
static void tell_log(size_t length, const char *sentence)
{
	static char path[PATH_MAX];
	size_t had;

	if (find_member(length, "bundle", path, sizeof(path) - sizeof(LOG_OF_BUNDLE)) != 0 || path[0] != '/')
		return;
	had = strlen(path);
	memcpy(path + had, LOG_OF_BUNDLE, sizeof(LOG_OF_BUNDLE));
	log_replace(path, sentence);
}

static int run(const struct options *options, int64_t deadline)
{
	char id[1025];
	ssize_t length = read_state(deadline);
	int exempt;

	if (length == -EFBIG)
		return fail("drawbridge: container not started: the runtime gave a container state of "
			    "more than 1 MiB");
	if (length <= 0)
		return fail("drawbridge: container not started: the runtime gave no container state on "
			    "standard input");
	exempt = find_member((size_t)length, "id", id, sizeof(id)) == 0 && db_exempt(options->exempt_dir, id);
	db_exchange(options->socket_path, options->operation, state, (uint32_t)length, DB_DEFAULT_CONNECT_MS,
		exempt || options->operation == DB_POSTSTOP ? 0 : options->wait_ms, deadline, &answer);
	if (answer.answered && answer.status != DB_REFUSE)
		return 0;
	if (!answer.answered && exempt)
		return 0;
	tell_log((size_t)length, answer.text);
	return fail(answer.text);
}

int main(int argc, char **argv)
{
	struct options options = {
		.operation = DB_CREATE_RUNTIME,
		.socket_path = DB_DEFAULT_SOCKET,
		.exempt_dir = DB_DEFAULT_EXEMPT,
		.total_ms = DB_DEFAULT_TOTAL_MS,
		.wait_ms = DB_DEFAULT_WAIT_MS,
	};
	int wrong;
	int code;

	signal(SIGPIPE, SIG_IGN);
	wrong = parse(argc, argv, &options);
	if (options.operation == DB_POSTSTOP) {
		/* Rule 6. Whatever would be printed is printed to nobody. */
		if (!wrong && freopen("/dev/null", "w", stderr) != NULL)
			run(&options, db_now() + options.total_ms);
		return 0;
	}
	if (wrong)
		code = fail("drawbridge: container not started: drawbridge-hook takes createRuntime or "
			    "poststop, then --socket PATH, --timeout-ms 1..600000, --wait-ms 0..600000 or "
			    "--exempt-dir PATH");
	else if (options.ping)
		code = !db_listening(options.socket_path, DB_DEFAULT_CONNECT_MS);
	else
		code = run(&options, db_now() + options.total_ms);
	return code;
}
