// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "include/events.h"

SEC("cgroup_skb/egress")
int skb_egress(struct __sk_buff *skb)
{
	return 1;
}
