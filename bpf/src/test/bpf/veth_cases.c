// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What no cgroup program sees: frames of packet sockets, and what the kernel
 * answers itself. First without the programs at the host's veth, as evidence
 * that they are needed, then with them.
 */
#define _GNU_SOURCE
#include "lab.h"
#include "tap.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define TCX_INGRESS 46 /* enum bpf_attach_type, newer than the headers */
#define TCX_EGRESS 47

struct hang {
	enum bpf_tc_attach_point point; /* BPF_TC_EGRESS: to_container, BPF_TC_INGRESS: from_container */
	int place, by_link, link;
};

static int interface_of(int place)
{
	char name[8];

	snprintf(name, sizeof(name), "v%d", place);
	return if_nametoindex(name);
}

static void aim(void)
{
	uint32_t to = DB_VETH_TO, from = DB_VETH_FROM;
	int program = lab_program("to_container");

	must(bpf_map_update_elem(lab_map("veth_programs"), &to, &program, BPF_ANY), "veth_programs");
	program = lab_program("from_container");
	must(bpf_map_update_elem(lab_map("veth_programs"), &from, &program, BPF_ANY), "veth_programs");
}

static int hang_here(void *argument)
{
	struct hang *hang = argument;
	int index = interface_of(hang->place), out = hang->point == BPF_TC_EGRESS;
	LIBBPF_OPTS(bpf_link_create_opts, nothing);
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = index, .attach_point = hang->point);
	LIBBPF_OPTS(bpf_tc_opts, filter, .handle = 0xdb, .priority = 1);
	int made;

	if (hang->by_link) {
		hang->link = bpf_link_create(lab_program(out ? "to_container" : "from_container"), index,
			out ? TCX_EGRESS : TCX_INGRESS, &nothing);
		return hang->link < 0 ? hang->link : 0;
	}
	aim();
	made = bpf_tc_hook_create(&hook);
	filter.prog_fd = lab_program(out ? "filter_to" : "filter_from");
	return made && made != -EEXIST ? made : bpf_tc_attach(&hook, &filter);
}

static int take_off_here(void *argument)
{
	struct hang *hang = argument;
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = interface_of(hang->place), .attach_point = hang->point);
	LIBBPF_OPTS(bpf_tc_opts, filter, .handle = 0xdb, .priority = 1);

	return bpf_tc_detach(&hook, &filter);
}

/* Attaches to the host's end of a place's veth, as a filter or as a tcx link; 0, or the negative errno. */
static int hang(struct hang *what)
{
	return in_place(LAN, NO_CGROUP, hang_here, what);
}

static void take_off(struct hang *what)
{
	if (what->by_link)
		close(what->link);
	else
		must(in_place(LAN, NO_CGROUP, take_off_here, what), "filter");
}

static int tell_interface(void *argument)
{
	return interface_of(*(int *)argument);
}

static int tell_mac(void *argument)
{
	struct ifreq request = { .ifr_name = "eth0" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), failed = ioctl(fd, SIOCGIFHWADDR, &request);

	close(fd);
	memcpy(argument, request.ifr_hwaddr.sa_data, 6);
	return failed;
}

static void mac_of(enum place place, uint8_t *to)
{
	must(in_place(place, NO_CGROUP, tell_mac, to), "MAC");
}

static void veth_of(enum place place, uint32_t netns)
{
	struct db_veth value = { .netns = netns, .owner = ID_A + place };
	int number = place;
	uint32_t key = in_place(LAN, NO_CGROUP, tell_interface, &number);

	mac_of(place, value.mac);
	must(bpf_map_update_elem(lab_map("veths"), &key, &value, BPF_ANY), "veths");
}

static int tell_scope(void *argument)
{
	return if_nametoindex(*(int *)argument == LAN ? "br0" : "eth0");
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

/* From a raw socket of a place and cgroup: 1 if the answer comes. */
static int ping(enum place place, int cgroup, union address to, int patience)
{
	int v4 = to.any.sa_family == AF_INET, answered = 0;
	int fd = sock_at(place, cgroup, v4 ? AF_INET : AF_INET6, SOCK_RAW, v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
	uint8_t echo[8] = { v4 ? 8 : 128, 0, 0, 0, 0x12, 0x34, 0, 1 }, heard[256];
	uint16_t sum = checksum(echo, 8);

	memcpy(echo + 2, &sum, 2);
	sendto(fd, echo, 8, 0, &to.any, address_size(&to));
	while (!answered && readable(fd, patience)) {
		ssize_t size = recv(fd, heard, sizeof(heard), 0);
		int at = v4 ? 20 : 0;

		answered = size >= at + 8 && heard[at] == (v4 ? 0 : 129);
	}
	close(fd);
	return answered;
}

static void echo(int family, int protocol, int by_link, const char *name)
{
	struct hang into = { .point = BPF_TC_EGRESS, .place = B, .by_link = by_link };
	union address to = address_of(B, family, 0);
	uint32_t key = DB_VETH_TO;
	char text[128];
	int failed;

#define NAMED(what) (snprintf(text, sizeof(text), "%s: %s", name, what), text)
	policy_reset();
	policy_flags(ID_B, DB_EP_CLOSED_INGRESS);
	generation_next();
	claim(ping(LAN, NO_CGROUP, to, PATIENT), NAMED("the kernel answers an outsider before any cgroup program sees it"));
	failed = hang(&into);
	claim(!failed, NAMED("a program at the host's veth"), "%s", strerror(-failed));
	events_forget();
	claim(!ping(LAN, NO_CGROUP, to, IMPATIENT) && event_await(DB_REASON_NO_RULE, ID_B, PATIENT),
		NAMED("lets no outsider's request through"));
	claim(event_await(DB_REASON_NO_RULE, ID_B, 0)->hook == DB_HOOK_VETH, NAMED("and records where"));
	policy_rule(ID_B, DB_INGRESS, DB_PEER_WORLD, protocol, 0, 0, DB_ALLOW, 9);
	generation_next();
	events_forget();
	claim(ping(LAN, NO_CGROUP, to, PATIENT) && ping(LAN, NO_CGROUP, to, PATIENT), NAMED("but by rule"));
	claim(event_await(DB_REASON_RULE_ALLOWS, ID_B, PATIENT) && events_count(DB_REASON_RULE_ALLOWS, ID_B) == 1,
		NAMED("with one record"), "%d", events_count(DB_REASON_RULE_ALLOWS, ID_B));
	events_forget();
	claim(!ping(A, A, to, IMPATIENT) && !events_count(DB_REASON_NO_RULE, ID_B), NAMED("a rule for the world is not A's"));
	claim(!ping(A, NO_CGROUP, to, IMPATIENT) && event_await(DB_REASON_UNVOUCHED_ADDRESS, ID_B, PATIENT),
		NAMED("nor is A's address A"));
	policy_rule(ID_B, DB_INGRESS, ID_A, protocol, 0, 0, DB_ALLOW, 8);
	generation_next();
	claim(ping(A, A, to, PATIENT), NAMED("A's own rule lets it through"));
	if (!by_link) {
		policy_reset();
		policy_flags(ID_B, DB_EP_CLOSED_INGRESS);
		generation_next();
		claim(!ping(LAN, NO_CGROUP, to, IMPATIENT), NAMED("and none when they are gone"));
		must(bpf_map_delete_elem(lab_map("veth_programs"), &key), "veth_programs");
		claim(ping(LAN, NO_CGROUP, to, PATIENT), NAMED("a filter without a program passes everything"));
	}
	take_off(&into);
#undef NAMED
}

/* The address that no policy knows: the kernel makes it of the MAC. */
static union address link_address(enum place place, enum place from)
{
	union address address = { .v6 = { .sin6_family = AF_INET6 } };
	uint8_t *bytes = address.v6.sin6_addr.s6_addr, mac[6];
	int number = from;

	mac_of(place, mac);
	memcpy(bytes, (uint8_t[16]){ 0xfe, 0x80, [8] = mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5] }, 16);
	address.v6.sin6_scope_id = in_place(from, NO_CGROUP, tell_scope, &number);
	return address;
}

static void echo_of_the_link(void)
{
	struct hang into = { .point = BPF_TC_EGRESS, .place = B };
	union address of_lan = link_address(B, LAN), of_a = link_address(B, A);

	must(hang(&into), "filter");
	veth_of(B, 2);
	policy_reset();
	policy_flags(ID_B, DB_EP_CLOSED_INGRESS);
	generation_next();
	claim(!ping(LAN, NO_CGROUP, of_lan, IMPATIENT) && event_await(DB_REASON_NO_RULE, ID_B, PATIENT),
		"ping of the link: lets no outsider's request through");
	policy_rule(ID_B, DB_INGRESS, DB_PEER_WORLD, IPPROTO_ICMPV6, 0, 0, DB_ALLOW, 9);
	generation_next();
	claim(ping(LAN, NO_CGROUP, of_lan, PATIENT), "ping of the link: but by rule");
	claim(!ping(A, A, of_a, IMPATIENT), "ping of the link: a rule for the world is not A's");
	policy_rule(ID_B, DB_INGRESS, ID_A, IPPROTO_ICMPV6, 0, 0, DB_ALLOW, 8);
	generation_next();
	claim(ping(A, A, of_a, PATIENT), "ping of the link: A's own rule lets it through");
	take_off(&into);
}

static void mac_of_bridge(uint8_t *to)
{
	int fd = sock_at(LAN, NO_CGROUP, AF_INET, SOCK_DGRAM, 0);
	struct ifreq request = { .ifr_name = "br0" };

	must(ioctl(fd, SIOCGIFHWADDR, &request), "MAC");
	memcpy(to, request.ifr_hwaddr.sa_data, 6);
	close(fd);
}

static int tell_eth0(void *argument)
{
	return if_nametoindex("eth0");
}

/* A frame of A's packet socket, whatever A's cgroup says. */
static int frame(int fd, uint16_t type, const void *bytes, int size)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_protocol = htons(type), .sll_halen = 6 };

	to.sll_ifindex = in_place(A, A, tell_eth0, NULL);
	mac_of_bridge(to.sll_addr);
	return sendto(fd, bytes, size, 0, (struct sockaddr *)&to, sizeof(to)) == size ? 0 : -errno;
}

/* The same with its Ethernet header. */
static void whole_frame(int fd, const void *bytes, int size)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_halen = 6 };

	to.sll_ifindex = in_place(A, A, tell_eth0, NULL);
	must(sendto(fd, bytes, size, 0, (struct sockaddr *)&to, sizeof(to)) != size, "frame");
}

struct datagram {
	struct iphdr ip;
	struct udphdr udp;
	char text[4];
} __attribute__((packed));

static struct datagram datagram(const char *source, uint16_t port)
{
	struct datagram packet = {
		.ip = { .version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP, .tot_len = htons(sizeof(packet)) },
		.udp = { .source = htons(4000), .dest = htons(port), .len = htons(12) },
		.text = "raw"
	};

	packet.ip.saddr = inet_addr(source);
	packet.ip.daddr = address_of(LAN, AF_INET, 0).v4.sin_addr.s_addr;
	packet.ip.check = checksum(&packet.ip, 20);
	return packet;
}

static int arrives(int fd, int receiver, const char *source, uint16_t port)
{
	struct datagram packet = datagram(source, port);

	return !frame(fd, ETH_P_IP, &packet, sizeof(packet)) && readable(receiver, IMPATIENT) &&
	       recv(receiver, packet.text, 4, 0) == 4;
}

static int udp_in_lan(uint16_t port)
{
	union address any = { .v4 = { AF_INET, htons(port) } };
	int fd = sock_at(LAN, NO_CGROUP, AF_INET, SOCK_DGRAM, 0);

	must(bind(fd, &any.any, sizeof(any.v4)), "bind");
	return fd;
}

static void frames(void)
{
	int fd = sock_in(A, AF_PACKET, SOCK_DGRAM, 0), receiver = udp_in_lan(5999), resolver_socket = udp_in_lan(53), stray;
	uint8_t arp[28] = { 0, 1, 8, 0, 6, 4, 0, 1, [14] = 10, 77, 0, 2, [24] = 10, 77, 0, 4 };
	union address to = address_of(LAN, AF_INET, 5999), ask = address_of(LAN, AF_INET, 53),
		      elsewhere = address_of(B, AF_INET, 53);
	struct db_resolver_key resolver = { .netns = 1, .address.bytes = { [10] = 0xff, 0xff, 10, 77, 0, 4 } };
	struct hang out = { .point = BPF_TC_INGRESS, .place = A };
	int other = udp_bound(B, AF_INET, 53), raw, failed;
	uint8_t whole[64] = {};
	struct datagram packet;
	uint32_t one = 1;

	policy_reset();
	policy_flags(ID_A, DB_EP_CLOSED_EGRESS);
	generation_next();
	claim(arrives(fd, receiver, "10.77.0.1", 5999), "frames: a packet socket passes every cgroup program");
	claim(arrives(fd, receiver, "192.0.2.1", 5999), "frames: with any source");
	failed = hang(&out);
	claim(!failed, "frames: a program at the host's veth", "%s", strerror(-failed));
	claim(arrives(fd, receiver, "10.77.0.1", 5999), "frames: minds only interfaces that it was told");
	veth_of(A, 1);
	mac_of(A, arp + 8);
	events_forget();
	claim(!arrives(fd, receiver, "10.77.0.1", 5999) && event_await(DB_REASON_RAW_SOCKET, ID_A, PATIENT),
		"frames: none then leaves that no socket sent");
	claim(!arrives(fd, receiver, "192.0.2.1", 5999) && event_await(DB_REASON_UNVOUCHED_ADDRESS, 0, PATIENT),
		"frames: nor one with a foreign source");
	claim(!arrives(fd, receiver, "10.77.0.2", 5999) && event_await(DB_REASON_UNVOUCHED_ADDRESS, ID_B, PATIENT),
		"frames: nor one with another container's");
	events_forget();
	frame(fd, ETH_P_ARP, arp, sizeof(arp));
	claim(event_await(DB_REASON_UNVOUCHED_ADDRESS, ID_B, PATIENT) != NULL, "frames: nor ARP in another's name");
	events_forget();
	frame(fd, 0x88cc, arp, sizeof(arp));
	claim(event_await(DB_REASON_RAW_SOCKET, 0, PATIENT) != NULL, "frames: nor another protocol than IP and ARP");
	stray = sock_at(A, NO_CGROUP, AF_INET, SOCK_STREAM, 0);
	events_forget();
	claim(dial(stray, address_of(LAN, AF_INET, 7000), IMPATIENT) == -ETIMEDOUT &&
			event_await(DB_REASON_RAW_SOCKET, ID_A, PATIENT),
		"frames: who left its cgroup but not its namespace gets nowhere");
	close(stray);
	stray = sock_at(A, NO_CGROUP, AF_INET, SOCK_DGRAM, 0);
	sendto(stray, "x", 1, 0, &to.any, sizeof(to.v4));
	sendto(stray, "x", 1, 0, &ask.any, sizeof(ask.v4));
	claim(!readable(receiver, IMPATIENT) && !readable(resolver_socket, IMPATIENT), "frames: nor do its datagrams");
	must(bpf_map_update_elem(lab_map("resolvers"), &resolver, &one, BPF_ANY), "resolvers");
	sendto(stray, "x", 1, 0, &ask.any, sizeof(ask.v4));
	sendto(stray, "x", 1, 0, &to.any, sizeof(to.v4));
	claim(hears(resolver_socket, "x", PATIENT) && !readable(receiver, IMPATIENT),
		"frames: but the resolver's questions, to whom it was told of");
	sendto(stray, "x", 1, 0, &elsewhere.any, sizeof(elsewhere.v4));
	claim(!readable(other, IMPATIENT), "frames: and nobody else's port 53");
	close(stray);
	/* With the kernel's own frames: another's MAC would teach the bridge. */
	raw = sock_in(A, AF_PACKET, SOCK_RAW, 0);
	events_forget();
	mac_of(B, whole + 6);
	memset(whole, 0xff, 6);
	whole[12] = 8;
	packet = datagram("10.77.0.1", 5999);
	memcpy(whole + 14, &packet, sizeof(packet));
	whole_frame(raw, whole, 14 + sizeof(packet));
	claim(event_await(DB_REASON_UNVOUCHED_ADDRESS, 0, PATIENT) != NULL, "frames: nor a frame with another's MAC");
	close(raw);
	take_off(&out);
	close(fd);
	close(receiver);
	close(resolver_socket);
	close(other);
}

/* Everything that a container's own sockets may do goes on under both programs. */
static void ordinary_traffic(int family)
{
	struct hang from = { .point = BPF_TC_INGRESS, .place = A }, into = { .point = BPF_TC_EGRESS, .place = A };
	int listening = listener(A, family, 7000), client, server, udp = udp_bound(A, family, 5300), asker;
	union address here = address_of(A, family, 7000), peer;
	socklen_t size = sizeof(peer);
	static char large[9000], heard[9000];
	char text[128], byte;

	must(hang(&from) || hang(&into), "filters");
	veth_of(A, 1);
	policy_reset();
	lab_run(A, "ip neigh flush dev eth0");
#define NAMED(what) (snprintf(text, sizeof(text), "veth IPv%d: %s", family == AF_INET ? 4 : 6, what), text)
	for (int place = B; place <= LAN; place++) {
		client = dialled(place, here, PATIENT);
		server = accepted(listening, PATIENT);
		claim(client >= 0 && server >= 0 && !say(client, "x") && hears(server, "x", PATIENT) && !say(server, "y") &&
				hears(client, "y", PATIENT),
			NAMED("a client of the container's server"), "%d %d", client, server);
		close(client);
		close(server);
		asker = sock_in(place, family, SOCK_DGRAM, 0);
		here.v4.sin_port = htons(5300);
		sendto(asker, "q", 1, 0, &here.any, address_size(&here));
		here.v4.sin_port = htons(7000);
		claim(readable(udp, PATIENT) && recvfrom(udp, &byte, 1, 0, &peer.any, &size) == 1 &&
				sendto(udp, "a", 1, 0, &peer.any, size) == 1 && hears(asker, "a", PATIENT),
			NAMED("a datagram is answered"));
		close(asker);
	}
	{
		int serves = listener(B, family, 7001), receives = udp_bound(B, family, 5301);
		union address to = address_of(B, family, 5301);

		client = dialled(A, address_of(B, family, 7001), PATIENT);
		server = accepted(serves, PATIENT);
		claim(client >= 0 && !say(server, "x") && hears(client, "x", PATIENT), NAMED("the container's own connection"));
		asker = sock_in(A, family, SOCK_DGRAM, 0);
		claim(sendto(asker, large, sizeof(large), 0, &to.any, address_size(&to)) == sizeof(large) &&
				readable(receives, PATIENT) && recv(receives, heard, sizeof(heard), 0) == sizeof(heard),
			NAMED("a datagram in fragments"));
		claim(ping(A, A, address_of(B, family, 0), PATIENT) && ping(B, B, address_of(A, family, 0), PATIENT),
			NAMED("ping both ways"));
		close(asker);
		close(client);
		close(server);
		close(serves);
		close(receives);
	}
	claim(dialled(LAN, address_of(A, family, 7999), PATIENT) == -ECONNREFUSED, NAMED("a closed port's reset"));
	take_off(&from);
	take_off(&into);
	close(listening);
	close(udp);
#undef NAMED
}

void veth_cases(void)
{
	struct hang link = { .point = BPF_TC_EGRESS, .place = C, .by_link = 1 };
	int links;

	policy_reset();
	echo(AF_INET, IPPROTO_ICMP, 0, "ping");
	echo(AF_INET6, IPPROTO_ICMPV6, 0, "ping IPv6");
	echo_of_the_link();
	frames();
	ordinary_traffic(AF_INET);
	ordinary_traffic(AF_INET6);
	links = hang(&link);
	if (links == -EINVAL) {
		skip("links at the host's veth", "tcx needs Linux 6.6");
		return;
	}
	must(links, "tcx");
	take_off(&link);
	echo(AF_INET, IPPROTO_ICMP, 1, "ping by a link");
}
