// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A program no verifier accepts: it uses a map's value without asking whether there is one. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} hash SEC(".maps");

SEC("cgroup/connect4")
int careless(struct bpf_sock_addr *ctx)
{
	__u32 key = ctx->user_port;
	__u64 *value = bpf_map_lookup_elem(&hash, &key);

	return *value == 1;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
