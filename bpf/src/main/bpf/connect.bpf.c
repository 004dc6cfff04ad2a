// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "include/events.h"

SEC("cgroup/connect4")
int connect4(struct bpf_sock_addr *ctx)
{
	struct db_self *me = bpf_get_local_storage(&self, 0);
	struct db_event event = { .owner = me->endpoint };

	db_emit(&event);
	return 1;
}

SEC("cgroup/connect6")
int connect6(struct bpf_sock_addr *ctx)
{
	return 1;
}
