// SPDX-License-Identifier: Apache-2.0
// Rules of nftables where packets leave a device (family netdev, hook egress), by the netlink alone: no image has its program.
//   attack nft DEVICE payload OLD NEW    what a TCP segment begins with
//   attack nft DEVICE port NUMBER        where datagrams go
#include "attack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TABLE "attack"
#define CHAIN "leaves"
#define NESTS 8

struct batch {
	_Alignas(4) char bytes[4096];
	size_t used, message;
	size_t nests[NESTS];
	int deep;
};

static void begin(struct batch *batch, int type, int flags, int subsystem)
{
	struct nlmsghdr *head = (struct nlmsghdr *)(batch->bytes + batch->used);
	struct nfgenmsg *family = NLMSG_DATA(head);

	batch->message = batch->used;
	*head = (struct nlmsghdr){ .nlmsg_type = (unsigned short)type, .nlmsg_flags = (unsigned short)(NLM_F_REQUEST | flags) };
	*family = (struct nfgenmsg){ .nfgen_family = subsystem ? NFPROTO_UNSPEC : NFPROTO_NETDEV,
		.version = NFNETLINK_V0,
		.res_id = htons((unsigned short)subsystem) };
	batch->used += NLMSG_LENGTH(sizeof(*family));
	head->nlmsg_len = (unsigned)(batch->used - batch->message);
}

static void grown(struct batch *batch)
{
	((struct nlmsghdr *)(batch->bytes + batch->message))->nlmsg_len = (unsigned)(batch->used - batch->message);
}

static void put(struct batch *batch, int type, const void *data, size_t size)
{
	struct nlattr *next = (struct nlattr *)(batch->bytes + batch->used);

	next->nla_type = (unsigned short)type;
	next->nla_len = (unsigned short)(NLA_HDRLEN + size);
	memset((char *)next + NLA_HDRLEN, 0, NLA_ALIGN(size));
	memcpy((char *)next + NLA_HDRLEN, data, size);
	batch->used += NLA_HDRLEN + NLA_ALIGN(size);
	grown(batch);
}

static void text(struct batch *batch, int type, const char *value)
{
	put(batch, type, value, strlen(value) + 1);
}

static void number(struct batch *batch, int type, unsigned value)
{
	value = htonl(value);
	put(batch, type, &value, sizeof(value));
}

static void nest(struct batch *batch, int type)
{
	batch->nests[batch->deep++] = batch->used;
	put(batch, type | NLA_F_NESTED, "", 0);
}

static void end(struct batch *batch)
{
	size_t at = batch->nests[--batch->deep];

	((struct nlattr *)(batch->bytes + at))->nla_len = (unsigned short)(batch->used - at);
}

static void expression(struct batch *batch, const char *name)
{
	nest(batch, NFTA_LIST_ELEM);
	text(batch, NFTA_EXPR_NAME, name);
	nest(batch, NFTA_EXPR_DATA);
}

static void done(struct batch *batch)
{
	end(batch);
	end(batch);
}

static void data(struct batch *batch, int type, const void *value, size_t size)
{
	nest(batch, type);
	put(batch, NFTA_DATA_VALUE, value, size);
	end(batch);
}

static void equals(struct batch *batch, const void *value, size_t size)
{
	expression(batch, "cmp");
	number(batch, NFTA_CMP_SREG, NFT_REG_1);
	number(batch, NFTA_CMP_OP, NFT_CMP_EQ);
	data(batch, NFTA_CMP_DATA, value, size);
	done(batch);
}

static void write_over(struct batch *batch, unsigned base, unsigned offset, const void *value, size_t size)
{
	expression(batch, "immediate");
	number(batch, NFTA_IMMEDIATE_DREG, NFT_REG_1);
	data(batch, NFTA_IMMEDIATE_DATA, value, size);
	done(batch);
	expression(batch, "payload");
	number(batch, NFTA_PAYLOAD_SREG, NFT_REG_1);
	number(batch, NFTA_PAYLOAD_BASE, base);
	number(batch, NFTA_PAYLOAD_OFFSET, offset);
	number(batch, NFTA_PAYLOAD_LEN, (unsigned)size);
	done(batch);
}

static void requests(struct batch *batch, const char *old, const char *new)
{
	expression(batch, "payload");
	number(batch, NFTA_PAYLOAD_DREG, NFT_REG_1);
	number(batch, NFTA_PAYLOAD_BASE, NFT_PAYLOAD_INNER_HEADER);
	number(batch, NFTA_PAYLOAD_OFFSET, 0);
	number(batch, NFTA_PAYLOAD_LEN, (unsigned)strlen(old));
	done(batch);
	equals(batch, old, strlen(old));
	write_over(batch, NFT_PAYLOAD_INNER_HEADER, 0, new, strlen(new));
}

static void datagrams(struct batch *batch, int port)
{
	unsigned char udp = IPPROTO_UDP;
	unsigned short to = htons((unsigned short)port);

	expression(batch, "meta");
	number(batch, NFTA_META_DREG, NFT_REG_1);
	number(batch, NFTA_META_KEY, NFT_META_L4PROTO);
	done(batch);
	equals(batch, &udp, 1);
	write_over(batch, NFT_PAYLOAD_TRANSPORT_HEADER, 2, &to, 2);
	to = 0; // no checksum: whatever it was, it is right
	write_over(batch, NFT_PAYLOAD_TRANSPORT_HEADER, 6, &to, 2);
}

int nft(int argc, char **argv)
{
	static struct batch batch;
	struct {
		struct nlmsghdr netlink;
		struct nlmsgerr error;
		char rest[1024];
	} answer;
	struct timeval patience = { .tv_usec = 300000 };
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER), new = NFNL_SUBSYS_NFTABLES << 8;

	if (argc < 5 || fd < 0)
		return 255;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	begin(&batch, NFNL_MSG_BATCH_BEGIN, 0, NFNL_SUBSYS_NFTABLES);
	begin(&batch, new | NFT_MSG_NEWTABLE, NLM_F_CREATE, 0);
	text(&batch, NFTA_TABLE_NAME, TABLE);
	begin(&batch, new | NFT_MSG_NEWCHAIN, NLM_F_CREATE, 0);
	text(&batch, NFTA_CHAIN_TABLE, TABLE);
	text(&batch, NFTA_CHAIN_NAME, CHAIN);
	nest(&batch, NFTA_CHAIN_HOOK);
	number(&batch, NFTA_HOOK_HOOKNUM, NF_NETDEV_EGRESS);
	number(&batch, NFTA_HOOK_PRIORITY, 0);
	text(&batch, NFTA_HOOK_DEV, argv[2]);
	end(&batch);
	text(&batch, NFTA_CHAIN_TYPE, "filter");
	begin(&batch, new | NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND | NLM_F_ACK, 0);
	text(&batch, NFTA_RULE_TABLE, TABLE);
	text(&batch, NFTA_RULE_CHAIN, CHAIN);
	nest(&batch, NFTA_RULE_EXPRESSIONS);
	if (!strcmp(argv[3], "payload") && argc > 5)
		requests(&batch, argv[4], argv[5]);
	else
		datagrams(&batch, atoi(argv[4]));
	end(&batch);
	begin(&batch, NFNL_MSG_BATCH_END, 0, NFNL_SUBSYS_NFTABLES);
	if (send(fd, batch.bytes, batch.used, 0) < 0 || recv(fd, &answer, sizeof(answer), 0) < 0)
		return 255;
	if (answer.error.error)
		puts(strerror(-answer.error.error));
	return answer.error.error ? 1 : 0;
}
