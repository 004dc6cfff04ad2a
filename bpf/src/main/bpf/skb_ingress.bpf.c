// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "include/events.h"

SEC("cgroup_skb/ingress")
int skb_ingress(struct __sk_buff *skb)
{
	return 1;
}
