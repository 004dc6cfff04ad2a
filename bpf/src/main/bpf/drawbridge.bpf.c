// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The one object that the agent loads: the maps of include/maps.h and the
 * programs of the attach-point files below. One translation unit, so that the
 * verifier sees one set of shared functions.
 */
#include "connect.bpf.c"
#include "sendmsg.bpf.c"
#include "recvmsg.bpf.c"
#include "getpeername.bpf.c"
#include "skb_egress.bpf.c"
#include "skb_ingress.bpf.c"
#include "sock_ops.bpf.c"
#include "agent_egress.bpf.c"
#include "agent_accept.bpf.c"
#include "sk_lookup.bpf.c"
#include "guard.bpf.c"
#include "veth.bpf.c"

char _license[] SEC("license") = "Dual BSD/GPL";
