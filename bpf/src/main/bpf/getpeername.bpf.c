// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "include/events.h"

SEC("cgroup/getpeername4")
int getpeername4(struct bpf_sock_addr *ctx)
{
	return 1;
}

SEC("cgroup/getpeername6")
int getpeername6(struct bpf_sock_addr *ctx)
{
	return 1;
}
