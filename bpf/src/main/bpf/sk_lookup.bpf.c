// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "include/events.h"

/* The assembler cannot give a section and a function one name: the Makefile renames the symbol to "sk_lookup". */
SEC("sk_lookup")
int sk_lookup_program(struct bpf_sk_lookup *ctx)
{
	return SK_PASS;
}
