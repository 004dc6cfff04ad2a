// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * recvfrom() and recvmsg() of UDP: what the engine answers comes from whom the
 * program asked, not from the engine's listener. Resolvers of programs that do
 * not connect their socket take no other answer. Refuses nothing.
 */
#include "include/datagrams.h"

SEC("cgroup/recvmsg4")
int recvmsg4(struct bpf_sock_addr *ctx)
{
	__u32 me = db_self_endpoint();
	const struct db_slot *slot;

	if (!me || ctx->user_ip4 != bpf_htonl(0x7f000001))
		return DB_PASS;
	slot = db_slot_at(me, 0, bpf_ntohs(ctx->user_port));
	if (slot && slot->owner == me) {
		ctx->user_ip4 = db_address_word(&slot->destination, 3);
		ctx->user_port = bpf_htons(slot->port);
	}
	return DB_PASS;
}

SEC("cgroup/recvmsg6")
int recvmsg6(struct bpf_sock_addr *ctx)
{
	struct db_address source __attribute__((aligned(8)));
	__u32 me = db_self_endpoint();
	const struct db_slot *slot;

	db_address_words(&source, ctx->user_ip6[0], ctx->user_ip6[1], ctx->user_ip6[2], ctx->user_ip6[3]);
	if (!me || !db_address_is_loopback(&source))
		return DB_PASS;
	slot = db_slot_at(me, !db_address_is_v4(&source), bpf_ntohs(ctx->user_port));
	if (slot && slot->owner == me) {
		ctx->user_ip6[0] = db_address_word(&slot->destination, 0);
		ctx->user_ip6[1] = db_address_word(&slot->destination, 1);
		ctx->user_ip6[2] = db_address_word(&slot->destination, 2);
		ctx->user_ip6[3] = db_address_word(&slot->destination, 3);
		ctx->user_port = bpf_htons(slot->port);
	}
	return DB_PASS;
}
