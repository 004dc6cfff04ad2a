// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The agent's own cgroup, when a handshake with one of the engine's listeners
 * is complete: the accepted socket learns, in its own storage, who wanted to go
 * where. Connections that are never completed leave nothing.
 *   1. at an address of loopback: connect redirected it, and its SYN has left
 *      an origin. Without one somebody dialled the engine himself: nothing.
 *   2. at a container's address: sk_lookup brought it. Who calls is looked for
 *      again; who cannot be told, or was to reach another: nothing.
 * The engine closes what has nothing, and judges the rest.
 */
#include "include/accepted.h"
#include "include/inbound.h"
#include "include/sockets.h"

/* 1 if the origin was there. */
DB_INLINE int take_origin(struct bpf_sock_ops *ctx, const struct db_flow_key *key, struct db_socket *state)
{
	__u64 cookie = bpf_get_netns_cookie(ctx);
	const __u32 *number = bpf_map_lookup_elem(&namespaces, &cookie);
	struct db_origin_key at __attribute__((aligned(8))) = {};
	const struct db_origin *origin;

	if (!number)
		return 0;
	at.netns = *number;
	at.peer_port = key->source_port;
	at.local_port = key->destination_port;
	db_address_copy(&at.peer, &key->source);
	origin = bpf_map_lookup_elem(&origins, &at);
	if (!origin)
		return 0;
	state->generation = origin->generation;
	state->owner = origin->caller;
	state->peer = origin->callee;
	state->port = origin->port;
	db_address_copy(&state->address, &origin->destination);
	bpf_map_delete_elem(&origins, &at);
	return 1;
}

DB_INLINE int arrived(const struct db_flow_key *key, struct db_socket *state)
{
	struct db_inbound inbound = {};
	__u32 me = db_peer_of(&key->destination);

	if (!db_is_endpoint(me))
		return 0;
	me = db_receiver_of(key, me);
	if (!me)
		return 0;
	db_judge_inbound(key, me, &inbound);
	if (inbound.answer.verdict == DB_DENY &&
		(inbound.answer.reason == DB_REASON_UNVOUCHED_ADDRESS || inbound.answer.reason == DB_REASON_WRONG_CALLEE))
		return 0;
	state->generation = inbound.answer.generation;
	state->flags = DB_SOCKET_ARRIVED;
	state->owner = inbound.caller;
	state->peer = me;
	state->port = key->destination_port;
	db_address_copy(&state->address, &key->destination);
	return 1;
}

SEC("sockops")
int agent_accept(struct bpf_sock_ops *ctx)
{
	struct db_flow_key key __attribute__((aligned(8))) = {};
	struct db_socket state __attribute__((aligned(8))) = {};
	struct bpf_sock *sk;

	if (ctx->op != BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB)
		return DB_PASS;
	sk = ctx->sk;
	if (!sk)
		return DB_PASS;
	db_accepted_flow(ctx, &key);
	state.role = DB_ROLE_ACCEPTED;
	state.protocol = IPPROTO_TCP;
	state.peer_port = key.source_port;
	if (db_address_is_loopback(&key.destination) ? take_origin(ctx, &key, &state) : arrived(&key, &state))
		/* Without state it is closed as one that nobody sent here. */
		db_socket_replace(sk, &state);
	return DB_PASS;
}
