/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The flow of an accepted TCP connection, as its client's packets have it. */
#ifndef DRAWBRIDGE_ACCEPTED_H
#define DRAWBRIDGE_ACCEPTED_H

#include "address.h"

DB_INLINE void db_accepted_flow(struct bpf_sock_ops *ctx, struct db_flow_key *key)
{
	if (ctx->family == 2 /* AF_INET */) {
		db_address_v4(&key->source, db_load(ctx->remote_ip4));
		db_address_v4(&key->destination, db_load(ctx->local_ip4));
	} else {
		db_address_words(&key->source, db_load(ctx->remote_ip6[0]), db_load(ctx->remote_ip6[1]),
			db_load(ctx->remote_ip6[2]), db_load(ctx->remote_ip6[3]));
		db_address_words(&key->destination, db_load(ctx->local_ip6[0]), db_load(ctx->local_ip6[1]),
			db_load(ctx->local_ip6[2]), db_load(ctx->local_ip6[3]));
	}
	key->source_port = bpf_ntohl(ctx->remote_port);
	key->destination_port = ctx->local_port;
	key->protocol = IPPROTO_TCP;
}

#endif
