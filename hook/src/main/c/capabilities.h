/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process that an exec adds to a container. Docker describes it from the spec that it made
 * itself, so what the agent took from the bundle would be back in every exec and health check.
 *
 *   1. A container whose runtime state has CAP_NET_RAW: nothing changes.
 *   2. A process with CAP_SYS_ADMIN, from exec --privileged: nothing changes; the operator asked.
 *   3. Otherwise CAP_NET_RAW is blanked out in the process file.
 *
 * What a container or a process has is what the arrays of the one object "capabilities" of its file
 * say: of the runtime's state at its place there, of the process at the top. An image writes
 * arguments, environment, labels and paths into the same files; those decide nothing.
 */
#ifndef DRAWBRIDGE_CAPABILITIES_H
#define DRAWBRIDGE_CAPABILITIES_H

#include "arguments.h"

#include <stddef.h>

/*
 * 0, or -1 with errno when the file cannot be read or changed; EBADMSG if it is not what a runtime
 * can read one way only. Needs no agent.
 */
int capabilities_for_exec(const struct arguments *arguments);

#endif
