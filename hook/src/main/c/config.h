/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shim's configuration: shim.conf beside the binary, else /etc/drawbridge/shim.conf, else the
 * defaults. Never the environment: what starts a container must not choose who guards it.
 *
 * Lines are key=value; blank lines and lines that begin with # are skipped. Keys:
 *   socket              where the agent listens
 *   runtime             the real runtime: a path, or a name that is looked up in PATH
 *   exempt_dir          a file named like a container's id there lets it start without the agent
 *   connect_timeout_ms  1..600000
 *   total_timeout_ms    1..600000
 *   agent_wait_ms       0..600000: how long it waits for an agent that is not there
 *   passthrough         true: guard nothing (what uninstall leaves behind)
 */
#ifndef DRAWBRIDGE_CONFIG_H
#define DRAWBRIDGE_CONFIG_H

#include <limits.h>

struct config {
	char socket_path[PATH_MAX];
	char runtime[PATH_MAX];
	char exempt_dir[PATH_MAX];
	int connect_ms;
	int total_ms;
	int wait_ms;
	int passthrough;
	/* Empty if all is well; else a sentence, and what was understood stands. */
	char problem[PATH_MAX + 256];
};

void config_read(struct config *config);

/*
 * The program that the shim stands for, never the shim itself. 0, or -1 with a sentence in problem.
 */
int config_runtime(const struct config *config, char path[PATH_MAX], char *problem, unsigned int room);

#endif
