// SPDX-License-Identifier: Apache-2.0
// The doors that need no privilege, one function each, and the list of all.
#include "attack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/vm_sockets.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#ifndef TCP_FASTOPEN_CONNECT
#define TCP_FASTOPEN_CONNECT 30
#endif
#ifndef AF_SMC
#define AF_SMC 43
#endif

static int tcp(int protocol, const union address *to, const char *token)
{
	int fd = socket(to->any.sa_family, SOCK_STREAM, protocol), result;

	if (fd < 0)
		return -errno;
	result = dial(fd, to);
	if (!result)
		result = say(fd, token);
	close(fd);
	return result;
}

static int fire_tcp(const struct shot *shot)
{
	return tcp(0, &shot->to, shot->token);
}

static int fire_tcp_mapped(const struct shot *shot)
{
	union address mapped;

	if (shot->family != AF_INET)
		return -EAFNOSUPPORT;
	map_to_v6(&shot->to, &mapped);
	return tcp(0, &mapped, shot->token);
}

static int fire_mptcp(const struct shot *shot)
{
	return tcp(IPPROTO_MPTCP, &shot->to, shot->token);
}

static int fire_fast_open(const struct shot *shot)
{
	int fd = socket(shot->family, SOCK_STREAM, 0), result = 0;

	if (sendto(fd, shot->token, strlen(shot->token), MSG_FASTOPEN | MSG_NOSIGNAL, &shot->to.any, length_of(&shot->to)) < 0)
		result = -errno;
	else
		result = say(fd, shot->token);
	close(fd);
	return result;
}

static int fire_fast_open_connect(const struct shot *shot)
{
	int fd = socket(shot->family, SOCK_STREAM, 0), one = 1, result = 0;

	if (setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &one, sizeof(one)) ||
		connect(fd, &shot->to.any, length_of(&shot->to)))
		result = -errno;
	else
		result = say(fd, shot->token);
	close(fd);
	return result;
}

static int fire_tcp_ring(const struct shot *shot)
{
	int fd = socket(shot->family, SOCK_STREAM, 0), result = ring_connect(fd, &shot->to);

	if (!result)
		result = say(fd, shot->token);
	close(fd);
	return result;
}

static int datagram(int family, int protocol, const union address *to, const char *token)
{
	int fd = socket(family, SOCK_DGRAM, protocol), one = 1, result = 0;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &one, sizeof(one));
	if (sendto(fd, token, strlen(token), 0, &to->any, length_of(to)) < 0)
		result = -errno;
	close(fd);
	return result;
}

static int fire_udp(const struct shot *shot)
{
	return datagram(shot->family, 0, &shot->to, shot->token);
}

static int fire_udp_connected(const struct shot *shot)
{
	int fd = socket(shot->family, SOCK_DGRAM, 0), result = 0;

	if (connect(fd, &shot->to.any, length_of(&shot->to)) || send(fd, shot->token, strlen(shot->token), 0) < 0)
		result = -errno;
	close(fd);
	return result;
}

/* connect() is refused; the datagram is sent all the same. */
static int fire_udp_after_refusal(const struct shot *shot)
{
	int fd = socket(shot->family, SOCK_DGRAM, 0), result = 0;

	connect(fd, &shot->to.any, length_of(&shot->to));
	if (sendto(fd, shot->token, strlen(shot->token), 0, &shot->to.any, length_of(&shot->to)) < 0)
		result = -errno;
	close(fd);
	return result;
}

static int fire_udp_ring(const struct shot *shot)
{
	union address to = shot->to;
	struct iovec part = { (void *)shot->token, strlen(shot->token) };
	struct msghdr message = { .msg_name = &to, .msg_namelen = length_of(&to), .msg_iov = &part, .msg_iovlen = 1 };
	int fd = socket(shot->family, SOCK_DGRAM, 0), result = ring_sendmsg(fd, &message);

	close(fd);
	return result;
}

static int fire_udp_mapped(const struct shot *shot)
{
	union address mapped;

	if (shot->family != AF_INET)
		return -EAFNOSUPPORT;
	map_to_v6(&shot->to, &mapped);
	return datagram(AF_INET6, 0, &mapped, shot->token);
}

static int fire_udp_v4_on_v6(const struct shot *shot)
{
	return shot->family == AF_INET ? datagram(AF_INET6, 0, &shot->to, shot->token) : -EAFNOSUPPORT;
}

static int fire_udplite(const struct shot *shot)
{
	return datagram(shot->family, IPPROTO_UDPLITE, &shot->to, shot->token);
}

static int fire_sendmmsg(const struct shot *shot)
{
	union address nowhere = { .v4 = { .sin_family = AF_INET, .sin_port = htons(9) } }, to = shot->to;
	struct iovec part = { (void *)shot->token, strlen(shot->token) };
	struct mmsghdr both[2] = { { .msg_hdr = { .msg_iov = &part, .msg_iovlen = 1 } },
		{ .msg_hdr = { .msg_iov = &part, .msg_iovlen = 1 } } };
	int fd = socket(shot->family, SOCK_DGRAM, 0), sent;

	// The first goes where nobody objects, the second is what the attack is about.
	nowhere.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (shot->family == AF_INET6) {
		nowhere = (union address){ .v6 = { .sin6_family = AF_INET6, .sin6_port = htons(9) } };
		nowhere.v6.sin6_addr = in6addr_loopback;
	}
	both[0].msg_hdr.msg_name = &nowhere;
	both[0].msg_hdr.msg_namelen = length_of(&nowhere);
	both[1].msg_hdr.msg_name = &to;
	both[1].msg_hdr.msg_namelen = length_of(&to);
	sent = sendmmsg(fd, both, 2, 0);
	if (sent == 1)
		sent = sendmmsg(fd, both + 1, 1, 0) == 1 ? 2 : -1; // says why the second was refused
	close(fd);
	return sent == 2 ? 0 : -errno;
}

/* The same, cut into two calls that the kernel glues together. */
static int fire_udp_cork(const struct shot *shot)
{
	int fd = socket(shot->family, SOCK_DGRAM, 0), result = 0;
	size_t half = strlen(shot->token) / 2;

	if (sendto(fd, shot->token, half, MSG_MORE, &shot->to.any, length_of(&shot->to)) < 0 ||
		sendto(fd, shot->token + half, strlen(shot->token) - half, 0, &shot->to.any, length_of(&shot->to)) < 0)
		result = -errno;
	close(fd);
	return result;
}

/* To everybody of the network: IPv4 by broadcast (the network is a /24), IPv6 by all nodes' address. */
static int fire_broadcast(const struct shot *shot)
{
	union address to = shot->to;

	if (shot->family == AF_INET) {
		to.v4.sin_addr.s_addr |= htonl(255);
	} else {
		inet_pton(AF_INET6, "ff02::1", &to.v6.sin6_addr);
		to.v6.sin6_scope_id = if_nametoindex("eth0");
	}
	return datagram(shot->family, 0, &to, shot->token);
}

static int fire_multicast(const struct shot *shot)
{
	union address to = shot->to;

	if (shot->family == AF_INET) {
		to.v4.sin_addr.s_addr = htonl(0xe00000fb); // 224.0.0.251
	} else {
		inet_pton(AF_INET6, "ff02::fb", &to.v6.sin6_addr);
		to.v6.sin6_scope_id = if_nametoindex("eth0");
	}
	return datagram(shot->family, 0, &to, shot->token);
}

static int fire_vsock(const struct shot *shot)
{
	struct sockaddr_vm to = { .svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_LOCAL };
	int fd = socket(AF_VSOCK, SOCK_STREAM, 0), result = 0;
	struct timeval patience = { .tv_usec = 200000 };

	if (fd < 0)
		return -errno;
	to.svm_port = ntohs(shot->family == AF_INET ? shot->to.v4.sin_port : shot->to.v6.sin6_port);
	setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_CONNECT_TIMEOUT, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) || send(fd, shot->token, strlen(shot->token), MSG_NOSIGNAL) < 0)
		result = -errno;
	close(fd);
	return result;
}

static int fire_smc(const struct shot *shot)
{
	int fd = socket(AF_SMC, SOCK_STREAM, shot->family == AF_INET ? 0 : 1), result;

	if (fd < 0)
		return -errno;
	result = dial(fd, &shot->to);
	if (!result)
		result = say(fd, shot->token);
	close(fd);
	return result;
}

static int fire_sctp(const struct shot *shot)
{
	return tcp(IPPROTO_SCTP, &shot->to, shot->token);
}

const struct mode modes[] = {
	{ "tcp", fire_tcp },
	{ "tcp-mapped-v6", fire_tcp_mapped },
	{ "tcp-fastopen", fire_fast_open },
	{ "tcp-fastopen-connect-opt", fire_fast_open_connect },
	{ "tcp-iouring", fire_tcp_ring },
	{ "mptcp", fire_mptcp },
	{ "udp", fire_udp },
	{ "udp-connected", fire_udp_connected },
	{ "udp-after-refusal", fire_udp_after_refusal },
	{ "udp-iouring", fire_udp_ring },
	{ "udp-mapped-v6", fire_udp_mapped },
	{ "udp-v4addr-on-v6sock", fire_udp_v4_on_v6 },
	{ "udplite", fire_udplite },
	{ "sendmmsg", fire_sendmmsg },
	{ "udp-corked", fire_udp_cork },
	{ "icmp-ping-socket", fire_icmp_ping },
	{ "icmp-raw", fire_icmp_raw },
	{ "raw-udp-hdrincl-spoof", fire_spoof },
	{ "raw-tcp-syn", fire_raw_tcp },
	{ "raw-fragment", fire_fragment },
	{ "raw-proto-253", fire_protocol_253 },
	{ "af-packet", fire_packet },
	{ "broadcast", fire_broadcast },
	{ "multicast", fire_multicast },
	{ "af-vsock", fire_vsock },
	{ "af-smc", fire_smc },
	{ "sctp", fire_sctp },
};
const int mode_count = sizeof(modes) / sizeof(modes[0]);
