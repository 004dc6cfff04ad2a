// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What somebody inside a container would try with packets: raw, routed, spoofed, too large. */
#define _GNU_SOURCE
#include "lab.h"
#include "tap.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int send_to(int fd, const void *what, size_t size, union address to)
{
	return sendto(fd, what, size, 0, &to.any, address_size(&to)) == (ssize_t)size ? 0 : -errno;
}

static void b_admits_only_a(void)
{
	policy_reset();
	policy_flags(ID_B, DB_EP_CLOSED_INGRESS);
	policy_rule(ID_B, DB_INGRESS, ID_A, IPPROTO_TCP, 7000, 7000, DB_ALLOW, 1);
	generation_next();
}

static uint16_t checksum(const void *data, int size)
{
	const uint16_t *words = data;
	uint32_t sum = 0;

	for (int i = 0; i < size / 2; i++)
		sum += words[i];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static struct iphdr header(enum place from, enum place to, int protocol, int payload, uint16_t fragment)
{
	struct iphdr ip = { .version = 4,
		.ihl = 5,
		.ttl = 64,
		.protocol = protocol,
		.frag_off = htons(fragment),
		.tot_len = htons(20 + payload) };

	ip.saddr = address_of(from, AF_INET, 0).v4.sin_addr.s_addr;
	ip.daddr = address_of(to, AF_INET, 0).v4.sin_addr.s_addr;
	return ip;
}

static void raw_sockets(void)
{
	struct {
		struct iphdr ip;
		union {
			struct tcphdr tcp;
			struct udphdr udp;
			uint8_t bytes[20];
		};
	} __attribute__((packed)) packet;
	int fd = sock_in(C, AF_INET, SOCK_RAW, IPPROTO_RAW);
	union address to = address_of(B, AF_INET, 0);

	policy_reset();
	memset(&packet, 0, sizeof(packet));
	packet.ip = header(C, B, IPPROTO_TCP, 20, 0);
	packet.tcp.source = htons(4000);
	packet.tcp.dest = htons(7000);
	packet.tcp.syn = 1;
	packet.tcp.doff = 5;
	claim(send_to(fd, &packet, 40, to) == -EPERM && event_await(DB_REASON_RAW_SOCKET, ID_C, PATIENT),
		"raw TCP is refused, also of an open container");
	packet.ip = header(A, B, IPPROTO_UDP, 20, 0);
	claim(send_to(fd, &packet, 40, to) == -EPERM, "raw UDP with another container's address is refused");
	packet.ip = header(C, B, IPPROTO_UDP, 20, 3);
	claim(send_to(fd, &packet, 40, to) == -EPERM && !event_await(DB_REASON_FRAGMENT, ID_C, 0),
		"a hand-made fragment is refused (and was reported: one record a socket and generation)");
	close(fd);
	fd = sock_in(C, AF_INET, SOCK_RAW, IPPROTO_RAW);
	claim(send_to(fd, &packet, 40, to) == -EPERM && event_await(DB_REASON_FRAGMENT, ID_C, PATIENT),
		"a hand-made fragment is recorded as one");
	close(fd);
	fd = sock_in(C, AF_INET, SOCK_RAW, 253);
	claim(!send_to(fd, "x", 1, to), "an unnamed protocol passes between open containers");
	policy_flags(ID_B, DB_EP_CLOSED_INGRESS);
	generation_next();
	claim(send_to(fd, "x", 1, to) == -EPERM && event_await(DB_REASON_LATE_DENY, ID_C, PATIENT),
		"and is cut when the callee closes");
	close(fd);
	fd = sock_in(C, AF_INET, SOCK_RAW, 254);
	claim(send_to(fd, "x", 1, to) == -EPERM && event_await(DB_REASON_PROTOCOL, ID_C, PATIENT),
		"no rule can name it: PROTOCOL");
	close(fd);
	fd = sock_in(C, AF_INET, SOCK_RAW, IPPROTO_RAW);
	packet.ip = header(A, B, IPPROTO_ICMP, 8, 0);
	memset(packet.bytes, 0, 20);
	packet.bytes[0] = 8;
	policy_rule(ID_B, DB_INGRESS, ID_C, IPPROTO_ICMP, 0, 0, DB_ALLOW, 2);
	generation_next();
	claim(send_to(fd, &packet, 28, to) == -EPERM && event_await(DB_REASON_UNVOUCHED_ADDRESS, ID_C, PATIENT),
		"an allowed protocol with another container's source address is refused");
	close(fd);
}

static int ping(int fd, union address to, int type, int reply, int deadline_ms)
{
	uint8_t echo[8] = { type, 0, 0, 0, 0x12, 0x34, 0, 1 }, heard[256];
	uint16_t sum = checksum(echo, 8);
	int error;

	memcpy(echo + 2, &sum, 2);
	error = send_to(fd, echo, 8, to);
	if (error)
		return error;
	while (readable(fd, deadline_ms)) {
		ssize_t size = recv(fd, heard, sizeof(heard), 0);
		int at = to.any.sa_family == AF_INET && size >= 28 && heard[0] == 0x45 ? 20 : 0;

		if (size >= at + 8 && heard[at] == reply)
			return 1;
	}
	return 0;
}

static void icmp(void)
{
	int raw = sock_in(A, AF_INET, SOCK_RAW, IPPROTO_ICMP), raw6 = sock_in(A, AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
	int other = sock_in(C, AF_INET, SOCK_RAW, IPPROTO_ICMP), datagram;
	union address to = address_of(B, AF_INET, 0), to6 = address_of(B, AF_INET6, 0);

	policy_reset();
	claim(ping(raw, to, 8, 0, PATIENT) == 1, "ping between open containers");
	policy_flags(ID_A, DB_EP_CLOSED_INGRESS);
	policy_flags(ID_B, DB_EP_CLOSED_INGRESS);
	policy_rule(ID_B, DB_INGRESS, ID_A, IPPROTO_ICMP, 0, 0, DB_ALLOW, 3);
	policy_rule(ID_B, DB_INGRESS, ID_A, IPPROTO_ICMPV6, 0, 0, DB_ALLOW, 4);
	generation_next();
	claim(ping(raw, to, 8, 0, PATIENT) == 1, "ping by rule; its reply reaches a closed container");
	claim(ping(raw6, to6, 128, 129, PATIENT) == 1, "IPv6 ping by rule");
	claim(ping(other, to, 8, 0, 0) == -EPERM && event_await(DB_REASON_NO_RULE, ID_C, PATIENT), "a stranger's ping: EPERM");
	lab_sysctl(C, "net/ipv4/ping_group_range", "0 0");
	datagram = sock_in(C, AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
	if (datagram < 0)
		skip("a ping socket too", "net.ipv4.ping_group_range");
	else
		claim(ping(datagram, to, 8, 0, 0) == -EPERM, "a ping socket too");
	close(datagram);
	close(raw);
	close(raw6);
	close(other);
}

/* Neighbour discovery, as a raw socket of a container that is closed to what goes out. */
static void neighbours(void)
{
	int fd = sock_in(A, AF_INET6, SOCK_RAW, IPPROTO_ICMPV6), hops = 255, low = 64;
	union address to = address_of(B, AF_INET6, 0);
	uint8_t message[140] = { 135 };

	policy_reset();
	/* In ingress too, or the answer it gets would make its next message an answer. */
	policy_flags(ID_A, DB_EP_CLOSED_EGRESS | DB_EP_CLOSED_INGRESS);
	generation_next();
	memcpy(message + 8, &to.v6.sin6_addr, 16);
	setsockopt(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &hops, sizeof(hops));
	claim(!send_to(fd, message, 24, to), "a neighbour solicitation leaves a closed container");
	claim(send_to(fd, message, sizeof(message), to) == -EPERM, "but not as a carrier of much else");
	message[0] = 128;
	claim(send_to(fd, message, 24, to) == -EPERM, "nor an echo request");
	message[0] = 137;
	claim(send_to(fd, message, 40, to) == -EPERM, "nor a redirect");
	message[0] = 143;
	claim(send_to(fd, message, 24, to) == -EPERM, "nor a membership report to one host");
	message[0] = 135;
	setsockopt(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &low, sizeof(low));
	claim(send_to(fd, message, 24, to) == -EPERM, "nor one that a router would pass on");
	close(fd);
}

static void source_routing(void)
{
	int listening = listener(B, AF_INET, 7000), client, server;
	uint8_t option[8] = { 131, 7, 4 }, record[8] = { 7, 7, 4 };
	uint32_t via = address_of(C, AF_INET, 0).v4.sin_addr.s_addr;

	b_admits_only_a();
	client = dialled(A, address_of(B, AF_INET, 7000), PATIENT);
	server = accepted(listening, PATIENT);
	claim(!say(client, "x") && hears(server, "x", PATIENT), "a settled connection");
	claim(!setsockopt(client, IPPROTO_IP, IP_OPTIONS, record, 7) && !say(client, "x") && hears(server, "x", PATIENT),
		"with a harmless IP option it goes on");
	memcpy(option + 3, &via, 4);
	claim(!setsockopt(client, IPPROTO_IP, IP_OPTIONS, option, 7), "an option may be added that routes it via another");
	events_forget();
	say(client, "x");
	claim(event_await(DB_REASON_MALFORMED_PACKET, ID_A, PATIENT), "such a packet does not leave");
	/* Without this, its retransmissions would be recorded during the tests that follow. */
	setsockopt(client, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof(struct linger));
	close(client);
	close(server);
	client = sock_in(A, AF_INET, SOCK_STREAM, 0);
	setsockopt(client, IPPROTO_IP, IP_OPTIONS, option, 7);
	claim(dial(client, address_of(B, AF_INET, 7000), IMPATIENT) < 0, "nor does a SYN");
	close(client);
	client = sock_in(A, AF_INET, SOCK_DGRAM, 0);
	setsockopt(client, IPPROTO_IP, IP_OPTIONS, option, 7);
	claim(send_to(client, "x", 1, address_of(C, AF_INET, 7000)) == -EPERM, "nor a datagram");
	close(client);
	close(listening);
}

static void extension_headers(void)
{
	int listening = listener(B, AF_INET6, 7000), client, server;
	uint8_t pad[8] = { 0, 0, 1, 4, 0, 0, 0, 0 };
	/* A segment routing header with one segment: C. */
	uint8_t routing[24] = { 0, 2, 4, 0 };
	union address via = address_of(C, AF_INET6, 0);

	memcpy(routing + 8, &via.v6.sin6_addr, 16);
	b_admits_only_a();
	client = dialled(A, address_of(B, AF_INET6, 7000), PATIENT);
	server = accepted(listening, PATIENT);
	claim(!say(client, "x") && hears(server, "x", PATIENT), "a settled IPv6 connection");
	claim(!setsockopt(client, IPPROTO_IPV6, IPV6_DSTOPTS, pad, 8) && !say(client, "x") && hears(server, "x", PATIENT),
		"goes on with destination options");
	if (setsockopt(client, IPPROTO_IPV6, IPV6_RTHDR, routing, 24)) {
		skip("a routing header does not leave", strerror(errno));
	} else {
		events_forget();
		say(client, "x");
		claim(event_await(DB_REASON_MALFORMED_PACKET, ID_A, PATIENT), "a routing header does not leave");
	}
	close(client);
	close(server);
	client = sock_in(C, AF_INET6, SOCK_STREAM, 0);
	setsockopt(client, IPPROTO_IPV6, IPV6_DSTOPTS, pad, 8);
	claim(dial(client, address_of(B, AF_INET6, 7000), PATIENT) == -EPERM, "options do not hide a stranger's connect");
	close(client);
	close(listening);
}

/* With NET_ADMIN a datagram socket may send from any address. */
static void transparent(void)
{
	int server = udp_bound(B, AF_INET, 5300), fd = sock_in(C, AF_INET, SOCK_DGRAM, 0), on = 1;
	union address from = address_of(A, AF_INET, 5301), to = address_of(B, AF_INET, 5300);

	policy_reset();
	claim(!setsockopt(fd, IPPROTO_IP, IP_TRANSPARENT, &on, sizeof(on)) && !bind(fd, &from.any, sizeof(from.v4)),
		"a socket bound to another container's address");
	claim(send_to(fd, "x", 1, to) == -EPERM && event_await(DB_REASON_UNVOUCHED_ADDRESS, ID_C, PATIENT),
		"sends nothing, also from an open container");
	close(fd);
	fd = sock_in(C, AF_INET, SOCK_DGRAM, 0);
	setsockopt(fd, IPPROTO_IP, IP_TRANSPARENT, &on, sizeof(on));
	from.v4.sin_addr.s_addr = inet_addr("192.0.2.7");
	bind(fd, &from.any, sizeof(from.v4));
	policy_flags(ID_B, DB_EP_CLOSED_INGRESS);
	policy_rule(ID_B, DB_INGRESS, DB_PEER_WORLD, IPPROTO_UDP, 5300, 5300, DB_ALLOW, 1);
	generation_next();
	claim(send_to(fd, "x", 1, to) == -EPERM && !readable(server, IMPATIENT), "and is not the world with the world's address");
	close(fd);
	close(server);
}

/* The path's MTU is smaller than the link's: the ICMP error must reach the sender's TCP. */
static void path_mtu(void)
{
	int listening = listener(B, AF_INET, 7000), client, server;
	union address to = { .v4 = { AF_INET, htons(7000), { inet_addr("10.88.0.2") } } };
	static char large[65536], heard[65536];
	ssize_t total = 0, sent;

	b_admits_only_a();
	policy_flags(ID_A, DB_EP_CLOSED_INGRESS | DB_EP_CLOSED_EGRESS);
	policy_rule(ID_A, DB_EGRESS, ID_B, IPPROTO_TCP, 7000, 7000, DB_ALLOW, 1);
	address_owner(&to, ID_B);
	generation_next();
	lab_sysctl(LAN, "net/ipv4/ip_forward", "1");
	lab_sysctl(LAN, "net/ipv4/conf/all/send_redirects", "0");
	lab_sysctl(LAN, "net/ipv4/conf/br0/send_redirects", "0");
	claim(!lab_run(B, "ip addr add 10.88.0.2/32 dev eth0") && !lab_run(LAN, "ip route add 10.88.0.2 via 10.77.0.2 mtu 900"),
		"a path with an MTU of 900");
	client = dialled(A, to, PATIENT);
	server = accepted(listening, PATIENT);
	/* How much a socket takes at once differs between kernels; it is many segments in each. */
	sent = send(client, large, sizeof(large), 0);
	claim(client >= 0 && server >= 0 && sent > 16384, "a connection with large segments");
	while (total < sent && readable(server, PATIENT)) {
		ssize_t size = recv(server, heard, sizeof(heard), 0);

		if (size <= 0)
			break;
		total += size;
	}
	claim(total == sent, "all of it arrives", "%zd of %zd", total, sent);
	claim(!lab_run(A, "ip route get 10.88.0.2 | grep -q 'mtu 900'"), "because the sender has learnt the path's MTU");
	lab_run(LAN, "ip route del 10.88.0.2");
	lab_run(B, "ip addr del 10.88.0.2/32 dev eth0");
	address_forget(&to);
	close(client);
	close(server);
	close(listening);
}

void packet_cases(void)
{
	raw_sockets();
	icmp();
	neighbours();
	source_routing();
	extension_headers();
	transparent();
	path_mtu();
}
