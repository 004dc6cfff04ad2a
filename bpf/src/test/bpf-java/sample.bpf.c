// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the Java side is tested with: one map of each kind, and programs whose
 * effect shows from outside. MEMBERS and ENTRIES make other versions of it.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#ifndef MEMBERS
#define MEMBERS __u32 first, second
#endif
#ifndef ENTRIES
#define ENTRIES 16
#endif

struct sample_value {
	MEMBERS;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ENTRIES);
	__type(key, __u32);
	__type(value, struct sample_value);
} hash SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16);
	__uint(key_size, 20);
	__uint(value_size, 4);
} trie SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u64);
} lru SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} single SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __s32);
	__type(value, __u64);
} storage SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_STORAGE);
	__type(key, __u64);
	__type(value, __u64);
} group SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} listeners SEC(".maps");

SEC("cgroup/connect4")
int refuse4(struct bpf_sock_addr *ctx)
{
	return 0;
}

SEC("cgroup/connect4")
int allow4(struct bpf_sock_addr *ctx)
{
	return 1;
}

SEC("cgroup/connect6")
int refuse6(struct bpf_sock_addr *ctx)
{
	return 0;
}

/* Counts in the storage of the cgroup it is attached to. */
SEC("cgroup_skb/egress")
int count_egress(struct __sk_buff *skb)
{
	__u64 *mine = bpf_get_local_storage(&group, 0);

	__sync_fetch_and_add(mine, 1);
	return 1;
}

/* Hands the packet's first 72 bytes to the ring; a full ring is counted. */
SEC("cgroup_skb/egress")
int report(struct __sk_buff *skb)
{
	__u32 zero = 0;
	__u64 *lost;
	void *record = bpf_ringbuf_reserve(&ring, 72, 0);

	if (!record) {
		lost = bpf_map_lookup_elem(&counts, &zero);
		if (lost)
			(*lost)++;
		return 2;
	}
	if (bpf_skb_load_bytes(skb, 0, record, 72)) {
		bpf_ringbuf_discard(record, 0);
		return 3;
	}
	bpf_ringbuf_submit(record, 0);
	return 1;
}

SEC("sk_lookup")
int choose(struct bpf_sk_lookup *ctx)
{
	struct bpf_sock *sk;
	__u32 zero = 0;
	long error;

	sk = bpf_map_lookup_elem(&listeners, &zero);
	if (!sk)
		return SK_DROP;
	error = bpf_sk_assign(ctx, sk, 0);
	bpf_sk_release(sk);
	return error ? SK_DROP : SK_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
