// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* getpeername() of a redirected socket gives what the program asked for, not the engine's listener. */
#include "include/sockets.h"

SEC("cgroup/getpeername4")
int getpeername4(struct bpf_sock_addr *ctx)
{
	struct bpf_sock *sk = ctx->sk;
	const struct db_socket *socket = sk ? db_socket_of(sk) : NULL;

	if (socket && socket->flags & DB_SOCKET_REDIRECTED) {
		ctx->user_ip4 = db_address_word(&socket->address, 3);
		ctx->user_port = bpf_htons(socket->port);
	}
	return 1;
}

SEC("cgroup/getpeername6")
int getpeername6(struct bpf_sock_addr *ctx)
{
	struct bpf_sock *sk = ctx->sk;
	const struct db_socket *socket = sk ? db_socket_of(sk) : NULL;

	if (socket && socket->flags & DB_SOCKET_REDIRECTED) {
		ctx->user_ip6[0] = db_address_word(&socket->address, 0);
		ctx->user_ip6[1] = db_address_word(&socket->address, 1);
		ctx->user_ip6[2] = db_address_word(&socket->address, 2);
		ctx->user_ip6[3] = db_address_word(&socket->address, 3);
		ctx->user_port = bpf_htons(socket->port);
	}
	return 1;
}
