/* SPDX-License-Identifier: Apache-2.0 */
/* What a runc command line says, in every spelling that runc and crun accept. */
#ifndef DRAWBRIDGE_ARGUMENTS_H
#define DRAWBRIDGE_ARGUMENTS_H

struct arguments {
	/* Whether it makes a container: create, run or restore. */
	int creates;
	/* Whether its first process runs only after another call: create. */
	int creates_only;
	/* Whether it runs one more process in a container: exec. */
	int executes;
	/* Whether it lets a container's first process run: start. */
	int starts;
	/* Only with those, and each may be NULL: as written, bundle possibly relative. */
	const char *id;
	const char *bundle;
	/* crun's --config: the spec is not the bundle's config.json. */
	const char *other_config;
	/* exec's --process: the file that describes the process. */
	const char *process;
	/* From the global flags, or NULL. */
	const char *root;
	const char *log;
	int log_json;
};

void arguments_parse(int argc, char **argv, struct arguments *found);

#endif
