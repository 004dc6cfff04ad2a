// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "include/events.h"

SEC("sockops")
int sock_ops(struct bpf_sock_ops *ctx)
{
	return 1;
}
