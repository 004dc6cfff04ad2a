// SPDX-License-Identifier: Apache-2.0
#include "arguments.h"

#include <stddef.h>
#include <string.h>

/* runc 1.1 main.go, crun 1.8 src/crun.c. Flags that are not listed take no value. */
static const char *const global_values[] = { "root", "log", "log-format", "criu", "rootless", "cgroup-manager", NULL };

/* The flags with a value of create, run and restore. */
static const char *const create_values[] = { "b", "bundle", "console-socket", "pid-file", "preserve-fds", "config", "f",
	"image-path", "work-path", "parent-path", "empty-ns", "lsm-profile", "lsm-mount-context", "manage-cgroups-mode",
	"status-fd", "page-server", NULL };

/* The flags with a value of exec. */
static const char *const exec_values[] = { "console-socket", "cwd", "env", "e", "user", "u", "additional-gids", "g", "process",
	"p", "pid-file", "process-label", "apparmor", "cap", "c", "preserve-fds", "cgroup", NULL };

static const char *const commands[] = { "checkpoint", "create", "delete", "events", "exec", "features", "help", "init", "kill",
	"list", "pause", "ps", "restore", "resume", "run", "spec", "start", "state", "update", NULL };

static int listed(const char *const *list, const char *name, size_t length)
{
	for (; *list != NULL; list++)
		if (strlen(*list) == length && memcmp(*list, name, length) == 0)
			return 1;
	return 0;
}

static int is(const char *name, size_t length, const char *expected)
{
	return strlen(expected) == length && memcmp(name, expected, length) == 0;
}

struct flag {
	const char *name;
	size_t length;
	/* NULL if it has none, or none within the same argument. */
	const char *value;
};

/* Splits -x, --x, -x=v and --x=v. 0 if the argument is no flag: "-" is a plain word. */
static int split(const char *argument, struct flag *flag)
{
	const char *equals;

	if (argument[0] != '-' || argument[1] == '\0')
		return 0;
	flag->name = argument + (argument[1] == '-' ? 2 : 1);
	equals = strchr(flag->name, '=');
	flag->value = equals == NULL ? NULL : equals + 1;
	flag->length = equals == NULL ? strlen(flag->name) : (size_t)(equals - flag->name);
	return 1;
}

static int ends_flags(const char *argument)
{
	return strcmp(argument, "--") == 0;
}

/*
 * The index of the subcommand, or argc. A global flag that we do not know may have a value in the
 * next argument: that is assumed unless the next argument is a subcommand's name, so that a doubt
 * never makes us miss a create.
 */
static int find_command(int argc, char **argv, struct arguments *found)
{
	static const char *const flags[] = { "debug", "systemd-cgroup", "help", "h", "version", "v", NULL };
	int i;

	for (i = 1; i < argc; i++) {
		struct flag flag;
		const char *value;

		if (ends_flags(argv[i]))
			return i + 1 < argc ? i + 1 : argc;
		if (!split(argv[i], &flag))
			return i;
		value = flag.value;
		if (value == NULL && listed(global_values, flag.name, flag.length)) {
			if (++i < argc)
				value = argv[i];
		} else if (value == NULL && !listed(flags, flag.name, flag.length) && i + 1 < argc && argv[i + 1][0] != '-' &&
			   !listed(commands, argv[i + 1], strlen(argv[i + 1]))) {
			i++;
		}
		if (value == NULL)
			continue;
		if (is(flag.name, flag.length, "root"))
			found->root = value;
		else if (is(flag.name, flag.length, "log"))
			found->log = value;
		else if (is(flag.name, flag.length, "log-format"))
			found->log_json = strcmp(value, "json") == 0;
	}
	return argc;
}

void arguments_parse(int argc, char **argv, struct arguments *found)
{
	const char *const *values = create_values;
	int flags_ended = 0;
	int i;

	memset(found, 0, sizeof(*found));
	i = find_command(argc, argv, found);
	if (i >= argc)
		return;
	found->creates_only = strcmp(argv[i], "create") == 0;
	found->creates = found->creates_only || strcmp(argv[i], "run") == 0 || strcmp(argv[i], "restore") == 0;
	found->executes = strcmp(argv[i], "exec") == 0;
	found->starts = strcmp(argv[i], "start") == 0;
	if (!found->creates && !found->executes && !found->starts)
		return;
	if (found->executes)
		values = exec_values;
	/* runc 1.1 takes flags behind the id too (urfave/cli reorders), so look at all arguments. */
	for (i++; i < argc; i++) {
		struct flag flag;
		const char *value;

		if (!flags_ended && ends_flags(argv[i])) {
			flags_ended = 1;
			continue;
		}
		if (flags_ended || !split(argv[i], &flag)) {
			if (found->id == NULL)
				found->id = argv[i];
			/* What follows is the command to execute, with flags of its own. */
			if (found->executes)
				return;
			continue;
		}
		value = flag.value;
		if (value == NULL && listed(values, flag.name, flag.length) && ++i < argc)
			value = argv[i];
		/* Only help is printed then, whatever else is asked for. */
		if (value == NULL && (is(flag.name, flag.length, "help") || is(flag.name, flag.length, "h")))
			found->creates = found->starts = 0;
		if (value == NULL)
			continue;
		/* The last one counts, as with Go's flag package. */
		if (found->executes) {
			if (is(flag.name, flag.length, "p") || is(flag.name, flag.length, "process"))
				found->process = value;
		} else if (is(flag.name, flag.length, "b") || is(flag.name, flag.length, "bundle"))
			found->bundle = value;
		else if (is(flag.name, flag.length, "f") || is(flag.name, flag.length, "config"))
			found->other_config = value;
	}
}
