// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* behaviour_test OBJECT [GROUP]: the programs under live traffic. Needs root. */
#include "lab.h"
#include "tap.h"

#include <stdio.h>
#include <string.h>

int main(int count, char **arguments)
{
	static const struct {
		const char *name;
		void (*cases)(void);
	} groups[] = { { "tcp", tcp_cases }, { "engine", engine_cases }, { "udp", udp_cases }, { "bypass", bypass_cases },
		{ "packets", packet_cases }, { "guard", guard_cases }, { "veth", veth_cases }, { "identity", identity_cases },
		{ "kinds", kinds_cases }, { "churn", churn_cases }, { "rewrite", rewrite_cases }, { "flood", flood_cases },
		{ "refuse", refuse_cases }, { "shared", shared_cases }, { "settle", settle_cases }, { "names", names_cases } };

	if (count < 2) {
		fprintf(stderr, "usage: %s OBJECT [GROUP]\n", arguments[0]);
		return 2;
	}
	lab_up(arguments[1]);
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (count < 3 || !strcmp(arguments[2], groups[i].name))
			groups[i].cases();
	lab_down();
	return tap_end();
}
