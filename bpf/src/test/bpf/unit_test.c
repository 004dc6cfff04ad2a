// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * unit_test OBJECT: single programs under BPF_PROG_TEST_RUN. OBJECT is built
 * with DRAWBRIDGE_TEST_SELF=256, because a test run has an empty cgroup
 * storage. Only cgroup_skb and sk_lookup can be run so; sock_addr (connect,
 * sendmsg, getpeername) and sock_ops programs can't: behaviour_test has them.
 * A run's socket has no type, no protocol and no state.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "../../main/bpf/include/abi.h"
#include "../../main/bpf/include/reasons.h"
#include "tap.h"

#define ME 256u
#define PEER 257u
#define PASSES 1
#define DROPS 0

static struct bpf_object *object;
static struct ring_buffer *ring;
static struct db_event last;
static int events, device;
static uint32_t generation;

static int map(const char *name)
{
	return bpf_object__find_map_fd_by_name(object, name);
}

static int on_event(void *context, void *data, size_t size)
{
	events++;
	memcpy(&last, data, size < sizeof(last) ? size : sizeof(last));
	return 0;
}

static void policy(uint32_t mine, uint32_t theirs)
{
	struct db_endpoint me = { .flags = mine, .netns = 1, .engine_port4 = 4444 }, peer = { .flags = theirs, .netns = 2 };
	struct db_config config = { .generation = ++generation };
	uint32_t key = ME, zero = 0;

	bpf_map_update_elem(map("endpoints"), &key, &me, BPF_ANY);
	key = PEER;
	bpf_map_update_elem(map("endpoints"), &key, &peer, BPF_ANY);
	bpf_map_update_elem(map("config"), &zero, &config, BPF_ANY);
}

static void address(const char *text, uint32_t owner)
{
	struct db_address_key key = { .prefix_bits = 128 };

	inet_pton(AF_INET6, text, key.address.bytes);
	bpf_map_update_elem(map("addresses"), &key, &owner, BPF_ANY);
}

struct packet {
	uint8_t bytes[256];
	int size;
};

static uint8_t eth_source[6];

static struct packet ethernet(uint16_t type)
{
	struct packet packet = { .size = 14 };

	memcpy(packet.bytes + 6, eth_source, 6);

	packet.bytes[12] = type >> 8;
	packet.bytes[13] = type;
	return packet;
}

static void add(struct packet *packet, const void *bytes, int size)
{
	memcpy(packet->bytes + packet->size, bytes, size);
	packet->size += size;
}

static struct packet v4(int protocol, int options, const void *option)
{
	struct packet packet = ethernet(0x0800);
	uint8_t header[20] = { 0x40 | (5 + options), 0, 0, 100, 0, 0, 0, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2 };

	add(&packet, header, 20);
	if (options)
		add(&packet, option, options * 4);
	return packet;
}

static struct packet v6(int next)
{
	struct packet packet = ethernet(0x86dd);
	uint8_t header[40] = { 0x60, 0, 0, 0, 0, 60, next, 64, 0xfd, [23] = 1, [24] = 0xfd, [39] = 2 };

	add(&packet, header, 40);
	return packet;
}

static struct packet with_ports(struct packet packet, int tcp_flags)
{
	uint8_t ports[20] = { 4000 >> 8, 4000 & 0xff, 7000 >> 8, 7000 & 0xff, [12] = 0x50, [13] = tcp_flags };

	add(&packet, ports, 20);
	return packet;
}

/* Of all CPUs; *worst is 1 if one of them names no file or line. */
static uint64_t counted(int *worst)
{
	struct db_drop key, *previous = NULL;
	int cpus = libbpf_num_possible_cpus();
	uint64_t counts[cpus], sum = 0;

	for (; !bpf_map_get_next_key(map("drops"), previous, &key); previous = &key) {
		memset(counts, 0, sizeof(counts));
		bpf_map_lookup_elem(map("drops"), &key, counts);
		for (int cpu = 0; cpu < cpus; cpu++)
			sum += counts[cpu];
		*worst |= !key.file || !key.line || !key.hook;
	}
	return sum;
}

static uint64_t refusals;
static int unplaced;

/* What was refused is counted once, and its record, if it has one, bears the place. */
static void refusal(int refused)
{
	refusals += refused;
	unplaced |= events && (!last.file || !last.line);
}

/* The program's verdict, or a negative errno. The event it emitted is in `last`; events counts from 0. */
static int run_on(const char *program, const struct packet *packet, int size, int interface)
{
	struct __sk_buff context = { .ifindex = interface };
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = packet->bytes, .data_size_in = size, .ctx_in = &context,
		.ctx_size_in = sizeof(context));
	int error;

	ring_buffer__consume(ring);
	events = 0;
	memset(&last, 0, sizeof(last));
	error = bpf_prog_test_run_opts(bpf_program__fd(bpf_object__find_program_by_name(object, program)), &options);
	ring_buffer__consume(ring);
	if (!error)
		refusal((int)options.retval == (strstr(program, "container") ? 2 : DROPS));
	return error ? error : (int)options.retval;
}

static void verdict(const char *program, struct packet packet, int expected, int reason, const char *name)
{
	int actual = run_on(program, &packet, packet.size, device);

	claim(actual == expected && last.reason == reason, name, "verdict %d, reason %d, %d events", actual, last.reason, events);
}

/* Wherever a packet is cut within its headers, it is denied; from then on it passes. */
static void cut_everywhere(const char *program, struct packet packet, int needed, const char *name)
{
	char text[160];
	int wrong = -1;

	for (int size = 14; size <= packet.size; size++) {
		int actual = run_on(program, &packet, size, device);

		if (actual == -EINVAL && size < needed)
			continue; /* the kernel refuses to build so short an skb */
		if (size < needed ? actual != DROPS || last.reason != DB_REASON_MALFORMED_PACKET : actual != PASSES)
			wrong = size;
	}
	snprintf(text, sizeof(text), "%s, cut at every place", name);
	claim(wrong < 0, text, "wrong with %d bytes", wrong);
}

static void parsing(const char *program)
{
	static const uint8_t lsrr[4] = { 131, 3, 4, 0 }, ssrr[4] = { 1, 137, 3, 4 }, record[8] = { 7, 7, 4, 0, 0, 0, 0, 0 };
	static const uint8_t endless[4] = { 68, 0, 0, 0 }, beyond[4] = { 68, 40, 0, 0 }, alert[4] = { 148, 4, 0, 0 };
	uint8_t padding[8] = { 60, 0, 1, 4 }, first[8] = { 17, 0, 0, 0 }, later[8] = { 17, 0, 0, 8 };
	struct packet packet;
	char name[96];

#define NAMED(what) (snprintf(name, sizeof(name), "%s: %s", program, what), name)
	policy(0, 0);
	verdict(program, with_ports(v4(17, 0, NULL), 0), PASSES, DB_REASON_OPEN, NAMED("UDP over IPv4"));
	cut_everywhere(program, with_ports(v4(17, 0, NULL), 0), 14 + 20 + 4, NAMED("UDP over IPv4"));
	cut_everywhere(program, with_ports(v6(17), 0), 14 + 40 + 4, NAMED("UDP over IPv6"));
	cut_everywhere(program, with_ports(v4(17, 2, record), 0), 14 + 28 + 4, NAMED("IPv4 with options"));
	verdict(program, with_ports(v4(17, 1, lsrr), 0), DROPS, DB_REASON_MALFORMED_PACKET, NAMED("loose source routing"));
	verdict(program, with_ports(v4(17, 1, ssrr), 0), DROPS, DB_REASON_MALFORMED_PACKET,
		NAMED("strict source routing behind padding"));
	verdict(program, with_ports(v4(17, 1, endless), 0), DROPS, DB_REASON_MALFORMED_PACKET, NAMED("option without length"));
	run_on(program, &(struct packet){}, 14, device);
	packet = with_ports(v4(17, 1, beyond), 0);
	claim(run_on(program, &packet, packet.size, device) == PASSES,
		NAMED("an option that ends behind the header ends the walk"));
	packet = with_ports(v4(17, 1, alert), 0);
	claim(run_on(program, &packet, packet.size, device) == PASSES, NAMED("router alert"));
	packet = with_ports(v4(17, 0, NULL), 0);
	packet.bytes[14] = 0x44;
	verdict(program, packet, DROPS, DB_REASON_MALFORMED_PACKET, NAMED("a header shorter than a header"));
	packet.bytes[14] = 0x55;
	verdict(program, packet, DROPS, DB_REASON_MALFORMED_PACKET, NAMED("version 5"));
	packet.bytes[14] = 0x45;
	packet.bytes[14 + 7] = 1;
	verdict(program, packet, DROPS, DB_REASON_FRAGMENT, NAMED("an IPv4 fragment with an offset"));
	packet.bytes[14 + 7] = 0;
	packet.bytes[14 + 6] = 0x20;
	claim(run_on(program, &packet, packet.size, device) == PASSES, NAMED("a first fragment holds its ports"));

	packet = v6(60);
	for (int i = 0; i < 7; i++)
		add(&packet, padding, 8);
	padding[0] = 17;
	add(&packet, padding, 8);
	claim(run_on(program, &(struct packet[]){ with_ports(packet, 0) }[0], packet.size + 20, device) == PASSES,
		NAMED("eight extension headers"));
	packet = v6(60);
	padding[0] = 60;
	for (int i = 0; i < 8; i++)
		add(&packet, padding, 8);
	padding[0] = 17;
	add(&packet, padding, 8);
	verdict(program, with_ports(packet, 0), DROPS, DB_REASON_MALFORMED_PACKET, NAMED("nine extension headers"));
	packet = v6(44);
	add(&packet, later, 8);
	verdict(program, with_ports(packet, 0), DROPS, DB_REASON_FRAGMENT, NAMED("an IPv6 fragment with an offset"));
	packet = v6(44);
	add(&packet, first, 8);
	claim(run_on(program, &(struct packet[]){ with_ports(packet, 0) }[0], packet.size + 20, device) == PASSES,
		NAMED("an atomic fragment"));
	packet = v6(43);
	add(&packet, first, 8);
	verdict(program, with_ports(packet, 0), DROPS, DB_REASON_MALFORMED_PACKET, NAMED("a routing header"));
	packet = v6(60);
	padding[1] = 255;
	add(&packet, padding, 8);
	verdict(program, with_ports(packet, 0), DROPS, DB_REASON_MALFORMED_PACKET, NAMED("an extension longer than its packet"));
	packet = with_ports(v4(17, 0, NULL), 0);
	claim(run_on(program, &packet, packet.size, 1) == PASSES && events == 0, NAMED("loopback is not judged"));
}

static void egress(void)
{
	struct packet packet = with_ports(v4(17, 0, NULL), 0);
	struct db_flow_key key = { .source.bytes = { [10] = 0xff, 0xff, 10, 0, 0, 1 },
		.destination.bytes = { [10] = 0xff, 0xff, 10, 0, 0, 2 },
		.source_port = 4000,
		.destination_port = 7000,
		.protocol = 17 };
	struct db_flow flow = {};

	policy(0, 0);
	claim(run_on("skb_egress", &packet, packet.size, device) == PASSES && !bpf_map_lookup_elem(map("flows"), &key, &flow) &&
			flow.sender == ME && flow.callee == PEER && flow.generation == generation && !flow.flags && flow.seen_ns,
		"egress: what passes is recorded for its receiver");
	bpf_map_delete_elem(map("flows"), &key);
	policy(DB_EP_CLOSED_EGRESS, 0);
	verdict("skb_egress", packet, DROPS, DB_REASON_NO_RULE, "egress: closed");
	claim(bpf_map_lookup_elem(map("flows"), &key, &flow), "egress: what is denied is not recorded");
	claim(last.owner == ME && last.peer == PEER && last.source_port == 4000 && last.destination_port == 7000 &&
			last.protocol == 17 && last.hook == DB_HOOK_SKB_EGRESS && last.direction == DB_EGRESS &&
			last.side == DB_SIDE_CALLER && last.generation == generation &&
			!memcmp(&last.destination, &key.destination, 16),
		"egress: the record says who, what and why");
	policy(DB_EP_CLOSED_EGRESS | DB_EP_AUDIT, 0);
	claim(run_on("skb_egress", &packet, packet.size, device) == PASSES && last.verdict == DB_AUDIT, "egress: audit");
	bpf_map_delete_elem(map("flows"), &key);
	policy(DB_EP_CLOSED_INGRESS, 0);
	verdict("skb_egress", with_ports(v4(6, 0, NULL), 0x10), DROPS, DB_REASON_UNJUDGED_SOCKET,
		"egress: TCP data of a socket without state");
	verdict("skb_egress", with_ports(v4(6, 0, NULL), 0x12), DROPS, DB_REASON_UNJUDGED_SOCKET,
		"egress: SYN+ACK of a socket that does not listen");
	policy(DB_EP_CLOSED_EGRESS | DB_EP_AUDIT, 0);
	claim(run_on("skb_egress", (struct packet[]){ with_ports(v4(6, 0, NULL), 0x10) }, 54, device) == PASSES &&
			last.reason == DB_REASON_UNJUDGED_SOCKET && last.verdict == DB_AUDIT,
		"egress: the same in audit mode");
	policy(DB_EP_CLOSED_EGRESS | DB_EP_AUDIT | DB_EP_FIRM_EGRESS, 0);
	verdict("skb_egress", with_ports(v4(6, 0, NULL), 0x10), DROPS, DB_REASON_UNJUDGED_SOCKET,
		"egress: the same in audit mode where the host's policy denies");
	verdict("skb_egress", packet, DROPS, DB_REASON_NO_RULE, "egress: audit mode lifts no denial of the host's");
	bpf_map_delete_elem(map("flows"), &key);
	policy(0, 0);
	claim(run_on("skb_egress", (struct packet[]){ with_ports(v4(6, 0, NULL), 0x10) }, 54, device) == PASSES && !events,
		"egress: the same of a container without rules");
	claim(run_on("skb_egress", (struct packet[]){ with_ports(v4(6, 0, NULL), 0x04) }, 54, device) == PASSES,
		"egress: a reset");
	verdict("skb_egress", with_ports(v4(6, 0, NULL), 0x02), PASSES, DB_REASON_OPEN, "egress: SYN of a subflow is judged");
	cut_everywhere("skb_egress", with_ports(v4(6, 0, NULL), 0x02), 14 + 20 + 14, "egress: TCP over IPv4");
	policy(0, DB_EP_CLOSED_INGRESS);
	verdict("skb_egress", v4(89, 0, NULL), DROPS, DB_REASON_PROTOCOL, "egress: a protocol that no rule can name");
}

static void ingress(void)
{
	struct packet packet = with_ports(v4(17, 0, NULL), 0);
	struct db_flow_key key = { .source.bytes = { [10] = 0xff, 0xff, 10, 0, 0, 1 },
		.destination.bytes = { [10] = 0xff, 0xff, 10, 0, 0, 2 },
		.source_port = 4000,
		.destination_port = 7000,
		.protocol = 17 };
	struct db_flow flow = { .seen_ns = ~0ull >> 1, .sender = PEER, .callee = ME };
	struct timespec now;

	/* In these packets 10.0.0.1 is the sender: the peer. */
	address("::ffff:10.0.0.1", PEER);
	clock_gettime(CLOCK_MONOTONIC, &now);
	policy(0, 0);
	bpf_map_delete_elem(map("flows"), &key);
	verdict("skb_ingress", packet, PASSES, DB_REASON_OPEN, "ingress: a container's address without its record, open");
	claim(last.peer == DB_PEER_WORLD, "ingress: it is nobody's");
	bpf_map_delete_elem(map("flows"), &key);
	policy(DB_EP_CLOSED_INGRESS | DB_EP_AUDIT, 0);
	verdict("skb_ingress", packet, PASSES, DB_REASON_UNVOUCHED_ADDRESS, "ingress: the same in audit mode");
	bpf_map_delete_elem(map("flows"), &key);
	policy(DB_EP_CLOSED_INGRESS | DB_EP_AUDIT | DB_EP_FIRM_INGRESS, 0);
	verdict("skb_ingress", packet, DROPS, DB_REASON_UNVOUCHED_ADDRESS, "ingress: in audit mode, closed by the host");
	bpf_map_delete_elem(map("flows"), &key);
	policy(DB_EP_CLOSED_INGRESS, 0);
	verdict("skb_ingress", packet, DROPS, DB_REASON_UNVOUCHED_ADDRESS, "ingress: the same, closed");
	policy(0, 0);
	flow.seen_ns = now.tv_sec * 1000000000ull + now.tv_nsec;
	bpf_map_update_elem(map("flows"), &key, &flow, BPF_ANY);
	claim(run_on("skb_ingress", &packet, packet.size, device) == PASSES && events == 0, "ingress: by its record, silently");
	claim(!bpf_map_lookup_elem(map("flows"), &key, &flow) && flow.admitted_by == ME && flow.admitted_generation == generation,
		"ingress: admitted by name and generation");
	flow.seen_ns -= 61 * 1000000000ull;
	bpf_map_update_elem(map("flows"), &key, &flow, BPF_ANY);
	policy(DB_EP_CLOSED_INGRESS, 0);
	verdict("skb_ingress", packet, DROPS, DB_REASON_UNVOUCHED_ADDRESS,
		"ingress: a record older than a minute proves nothing");
	flow.seen_ns += 61 * 1000000000ull;
	policy(0, 0);
	flow.flags = DB_FLOW_ENGINE;
	flow.callee = 999;
	flow.admitted_by = 0;
	bpf_map_update_elem(map("flows"), &key, &flow, BPF_ANY);
	verdict("skb_ingress", packet, DROPS, DB_REASON_WRONG_CALLEE, "ingress: the engine judged it for another");
	flow.callee = ME;
	bpf_map_update_elem(map("flows"), &key, &flow, BPF_ANY);
	claim(run_on("skb_ingress", &packet, packet.size, device) == PASSES, "ingress: the engine judged it for me");
	bpf_map_delete_elem(map("flows"), &key);
	address("::ffff:10.0.0.1", DB_PEER_WORLD);
	verdict("skb_ingress", packet, PASSES, DB_REASON_OPEN, "ingress: an outsider, open");
	claim(!bpf_map_lookup_elem(map("flows"), &key, &flow) && flow.flags == DB_FLOW_OUTSIDER && flow.sender == DB_PEER_WORLD,
		"ingress: recorded for the answer");
	bpf_map_delete_elem(map("flows"), &key);
	key.protocol = IPPROTO_TCP; /* from the egress tests */
	bpf_map_delete_elem(map("flows"), &key);
	policy(DB_EP_CLOSED_INGRESS, 0);
	verdict("skb_ingress", packet, DROPS, DB_REASON_NO_RULE, "ingress: an outsider, closed");
	verdict("skb_ingress", with_ports(v4(6, 0, NULL), 0x10), DROPS, DB_REASON_UNJUDGED_SOCKET,
		"ingress: TCP data at a socket without state");
	claim(run_on("skb_ingress", (struct packet[]){ with_ports(v4(6, 0, NULL), 0x04) }, 54, device) == PASSES,
		"ingress: a reset");
	address("::ffff:10.0.0.1", ME);
}

/* A verdict of a program at the veth: TCX_NEXT or TCX_DROP. */
static void at_veth(const char *program, struct packet packet, int passes, int reason, const char *name)
{
	int actual = run_on(program, &packet, packet.size, device);

	claim(actual == (passes ? -1 : 2) && last.reason == reason && (!reason || last.hook == DB_HOOK_VETH), name,
		"verdict %d, reason %d, %d events", actual, last.reason, events);
}

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ull + time.tv_nsec;
}

static struct packet icmp4(int type)
{
	struct packet packet = v4(1, 0, NULL);
	uint8_t head[8] = { type };

	add(&packet, head, 8);
	return packet;
}

static void veth(void)
{
	struct packet arp = ethernet(0x0806), other = ethernet(0x88cc), solicitation = v6(58), request = icmp4(8);
	uint8_t body[28] = { 0, 1, 8, 0, 6, 4, 0, 1, 2, 1, 2, 3, 4, 5, 10, 0, 0, 1, [24] = 10, 0, 0, 2 }, head[24] = { 135 };
	static const uint8_t mac[6] = { 2, 1, 2, 3, 4, 5 }, none[16],
			     link[16] = { 0xfe, 0x80, [8] = 0, 1, 2, 0xff, 0xfe, 3, 4, 5 }, ours[16] = { 0xfd, [15] = 1 },
			     theirs[16] = { 0xfd, [15] = 2 };
	struct db_flow_key key = { .source.bytes = { [10] = 0xff, 0xff, 10, 0, 0, 1 },
		.destination.bytes = { [10] = 0xff, 0xff, 10, 0, 0, 2 },
		.source_port = 4000,
		.destination_port = 7000,
		.protocol = 17 };
	struct db_flow flow = {};
	struct db_veth value = { .netns = 1, .mac = { 2, 1, 2, 3, 4, 5 } };
	struct db_resolver_key resolver = { .netns = 1, .address.bytes = { [10] = 0xff, 0xff, 10, 0, 0, 2 } };
	struct packet question, own, quoting;
	uint32_t one = 1;

	/* Into a container: 10.0.0.1 is the world, 10.0.0.2 is PEER. */
	policy(0, 0);
	address("::ffff:10.0.0.1", DB_PEER_WORLD);
	at_veth("to_container", with_ports(v4(17, 0, NULL), 0), 1, 0, "to_container: datagrams are not its business");
	at_veth("to_container", icmp4(8), 1, DB_REASON_OPEN, "to_container: a request to an open container, recorded");
	at_veth("to_container", icmp4(8), 1, 0, "to_container: the next one is known");
	policy(0, DB_EP_CLOSED_INGRESS);
	at_veth("to_container", icmp4(8), 0, DB_REASON_NO_RULE, "to_container: closed, also to a known one");
	at_veth("to_container", icmp4(13), 0, DB_REASON_NO_RULE, "to_container: a timestamp request");
	at_veth("to_container", icmp4(0), 1, 0, "to_container: an answer");
	at_veth("to_container", icmp4(3), 1, 0, "to_container: an error");
	address("::ffff:10.0.0.1", ME);
	policy(0, DB_EP_CLOSED_INGRESS);
	at_veth("to_container", icmp4(13), 0, DB_REASON_UNVOUCHED_ADDRESS, "to_container: a container's unrecorded request");
	request.bytes[14 + 19] = 9;
	at_veth("to_container", request, 1, 0, "to_container: an address of no container");

	/* Out of one: 10.0.0.1 is ME, of namespace 1. */
	policy(0, 0);
	at_veth("from_container", other, 1, 0, "from_container: an unlisted interface");
	bpf_map_update_elem(map("veths"), &device, &value, BPF_ANY);
	own = with_ports(v4(6, 0, NULL), 0x10);
	at_veth("from_container", own, 0, DB_REASON_UNVOUCHED_ADDRESS, "from_container: another MAC than the interface's");
	memcpy(eth_source, mac, 6);
	own = with_ports(v4(6, 0, NULL), 0x10);
	other = ethernet(0x88cc);
	arp = ethernet(0x0806);
	at_veth("from_container", other, 0, DB_REASON_RAW_SOCKET, "from_container: an unknown ethertype");
	at_veth("from_container", arp, 0, DB_REASON_MALFORMED_PACKET, "from_container: ARP cut short");
	add(&arp, body, 28);
	at_veth("from_container", arp, 1, 0, "from_container: ARP of its own");
	arp.bytes[14 + 17] = 2;
	at_veth("from_container", arp, 0, DB_REASON_UNVOUCHED_ADDRESS, "from_container: ARP in another's name");
	arp.bytes[14 + 17] = 1;
	arp.bytes[14 + 13] = 6;
	at_veth("from_container", arp, 0, DB_REASON_UNVOUCHED_ADDRESS, "from_container: ARP for another's MAC");
	arp.bytes[14 + 13] = 5;
	memset(arp.bytes + 14 + 14, 0, 4);
	at_veth("from_container", arp, 1, 0, "from_container: ARP that asks without an address");
	arp.bytes[14 + 4] = 5;
	at_veth("from_container", arp, 0, DB_REASON_MALFORMED_PACKET, "from_container: ARP of no Ethernet");
	bpf_map_delete_elem(map("flows"), &key);
	at_veth("from_container", with_ports(v4(17, 0, NULL), 0), 0, DB_REASON_RAW_SOCKET, "from_container: no record");
	flow.seen_ns = now();
	flow.sender = ME;
	bpf_map_update_elem(map("flows"), &key, &flow, BPF_ANY);
	at_veth("from_container", with_ports(v4(17, 0, NULL), 0), 1, 0, "from_container: a record");
	flow.sender = PEER;
	bpf_map_update_elem(map("flows"), &key, &flow, BPF_ANY);
	at_veth("from_container", with_ports(v4(17, 0, NULL), 0), 0, DB_REASON_RAW_SOCKET, "from_container: another's record");
	bpf_map_delete_elem(map("flows"), &key);
	question = with_ports(v4(17, 0, NULL), 0);
	question.bytes[14 + 22] = 0;
	question.bytes[14 + 23] = 53;
	at_veth("from_container", question, 0, DB_REASON_RAW_SOCKET, "from_container: a question to anybody's port 53");
	bpf_map_update_elem(map("resolvers"), &resolver, &one, BPF_ANY);
	at_veth("from_container", question, 1, 0, "from_container: to whom the container's resolver asks");
	question.bytes[14 + 19] = 3;
	at_veth("from_container", question, 0, DB_REASON_RAW_SOCKET, "from_container: not to its neighbour");
	at_veth("from_container", with_ports(v4(17, 0, NULL), 0), 0, DB_REASON_RAW_SOCKET,
		"from_container: nor to its other ports");
	resolver.netns = 2;
	bpf_map_update_elem(map("resolvers"), &resolver, &one, BPF_ANY);
	resolver.netns = 1;
	bpf_map_delete_elem(map("resolvers"), &resolver);
	question.bytes[14 + 19] = 2;
	at_veth("from_container", question, 0, DB_REASON_RAW_SOCKET, "from_container: nor to another namespace's");
	at_veth("from_container", with_ports(v4(6, 0, NULL), 0x02), 0, DB_REASON_RAW_SOCKET, "from_container: a SYN");
	at_veth("from_container", own, 1, 0, "from_container: a segment that opens nothing");
	at_veth("from_container", own, 1, 0, "from_container: and the next");
	at_veth("from_container", icmp4(8), 0, DB_REASON_RAW_SOCKET, "from_container: an echo request");
	at_veth("from_container", icmp4(0), 1, 0, "from_container: an answer");
	at_veth("from_container", icmp4(5), 0, DB_REASON_RAW_SOCKET, "from_container: a redirect");
	quoting = icmp4(3);
	add(&quoting, with_ports(v4(6, 0, NULL), 0).bytes + 14, 28);
	at_veth("from_container", quoting, 0, DB_REASON_RAW_SOCKET, "from_container: an error about what was sent to another");
	quoting.bytes[14 + 28 + 19] = 1;
	at_veth("from_container", quoting, 1, 0, "from_container: an error about what was sent to it");
	address("::ffff:10.0.0.1", PEER);
	policy(0, 0);
	at_veth("from_container", icmp4(0), 0, DB_REASON_UNVOUCHED_ADDRESS, "from_container: another namespace's address");
	at_veth("from_container", own, 0, DB_REASON_UNVOUCHED_ADDRESS,
		"from_container: a segment from there, vouched for until then");
	solicitation = v6(58);
	add(&solicitation, head, 24);
	at_veth("from_container", solicitation, 0, DB_REASON_UNVOUCHED_ADDRESS, "from_container: a solicitation from elsewhere");
	address("fd00::1", ME);
	at_veth("from_container", solicitation, 0, DB_REASON_RAW_SOCKET, "from_container: a solicitation that has been routed");
	solicitation.bytes[14 + 7] = 255;
	at_veth("from_container", solicitation, 1, 0, "from_container: neighbour discovery");
	memcpy(solicitation.bytes + 14 + 8, link, 16);
	at_veth("from_container", solicitation, 1, 0, "from_container: by its link's address");
	solicitation.bytes[14 + 8 + 15] ^= 1;
	at_veth("from_container", solicitation, 0, DB_REASON_UNVOUCHED_ADDRESS, "from_container: not by another's");
	memcpy(solicitation.bytes + 14 + 8, none, 16);
	memcpy(solicitation.bytes + 14 + 48, theirs, 16);
	at_veth("from_container", solicitation, 0, DB_REASON_UNVOUCHED_ADDRESS,
		"from_container: without one, about another's address");
	memcpy(solicitation.bytes + 14 + 48, ours, 16);
	at_veth("from_container", solicitation, 1, 0, "from_container: about its own");
	solicitation.bytes[14 + 40] = 136;
	memcpy(solicitation.bytes + 14 + 8, ours, 16);
	at_veth("from_container", solicitation, 1, 0, "from_container: an advertisement of its own address");
	memcpy(solicitation.bytes + 14 + 48, theirs, 16);
	at_veth("from_container", solicitation, 0, DB_REASON_UNVOUCHED_ADDRESS, "from_container: of another's");
	solicitation.bytes[14 + 40] = 134;
	at_veth("from_container", solicitation, 0, DB_REASON_RAW_SOCKET, "from_container: a router's advertisement");
	solicitation.bytes[14 + 40] = 137;
	at_veth("from_container", solicitation, 0, DB_REASON_RAW_SOCKET, "from_container: a router's redirect");
	memset(eth_source, 0, 6);
	address("::ffff:10.0.0.1", ME);
	bpf_map_delete_elem(map("veths"), &device);
}

static uint64_t lost_events(void)
{
	int cpus = libbpf_num_possible_cpus();
	uint64_t counts[cpus], sum = 0;
	uint32_t zero = 0;

	memset(counts, 0, sizeof(counts));
	bpf_map_lookup_elem(map("lost"), &zero, counts);
	for (int cpu = 0; cpu < cpus; cpu++)
		sum += counts[cpu];
	return sum;
}

/* Refused datagrams of ever new sockets: the first thousand are recorded, then 200 a second. */
static void flood(void)
{
	struct packet packet = with_ports(v4(17, 0, NULL), 0);
	uint64_t before = lost_events(), nothing;
	uint32_t bucket = ME << 1 | 1, other = PEER << 1 | 1;
	int sent = 4000, refused = 0, recorded = 0;

	policy(DB_EP_CLOSED_EGRESS, 0);
	bpf_map_delete_elem(map("budgets"), &bucket);
	for (int i = 0; i < sent; i++) {
		refused += run_on("skb_egress", &packet, packet.size, device) == DROPS;
		recorded += events;
	}
	claim(refused == sent, "flood: every datagram is refused", "%d of %d", refused, sent);
	claim(recorded >= 1000 && recorded < sent, "flood: the records are bounded", "%d of %d", recorded, sent);
	claim(recorded + (int)(lost_events() - before) == sent, "flood: the others are counted", "%d and %d lost", recorded,
		(int)(lost_events() - before));
	claim(bpf_map_lookup_elem(map("budgets"), &other, &nothing) != 0, "flood: no other endpoint paid for it", "%s", "");
	bpf_map_delete_elem(map("budgets"), &bucket);
}

static void lookup(const char *name, struct bpf_sk_lookup context, int expected, int reason)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = &context, .ctx_size_in = sizeof(context));
	int error;

	ring_buffer__consume(ring);
	events = 0;
	memset(&last, 0, sizeof(last));
	error = bpf_prog_test_run_opts(bpf_program__fd(bpf_object__find_program_by_name(object, "sk_lookup")), &options);
	ring_buffer__consume(ring);
	if (!error)
		refusal((int)options.retval == SK_DROP);
	claim(!error && (int)options.retval == expected && last.reason == reason, name, "%d, verdict %d, reason %d", error,
		options.retval, last.reason);
}

static void arrivals(void)
{
	struct bpf_sk_lookup context = { .family = AF_INET,
		.protocol = IPPROTO_TCP,
		.remote_ip4 = inet_addr("192.0.2.1"),
		.remote_port = htons(4000),
		.local_ip4 = inet_addr("10.0.0.1"),
		.local_port = 7000 };
	struct bpf_sk_lookup changed;

	policy(0, 0);
	lookup("sk_lookup: open passes, silently", context, SK_PASS, 0);
	policy(DB_EP_CLOSED_INGRESS, 0);
	lookup("sk_lookup: closed drops and records", context, SK_DROP, DB_REASON_NO_RULE);
	changed = context;
	changed.protocol = IPPROTO_UDP;
	lookup("sk_lookup: UDP passes", changed, SK_PASS, 0);
	changed = context;
	changed.local_ip4 = inet_addr("10.9.9.9");
	lookup("sk_lookup: an address that is no container's passes", changed, SK_PASS, 0);
	changed = context;
	changed.remote_ip4 = inet_addr("127.0.0.1");
	lookup("sk_lookup: loopback passes", changed, SK_PASS, 0);
	changed.remote_ip4 = context.local_ip4;
	lookup("sk_lookup: what comes from ourselves passes", changed, SK_PASS, 0);
	changed.remote_ip4 = inet_addr("10.0.0.2");
	lookup("sk_lookup: a container's address without its record drops", changed, SK_DROP, DB_REASON_UNVOUCHED_ADDRESS);
}

/* Over all that ran before. */
static void drops(void)
{
	uint64_t sum = counted(&unplaced);

	claim(refusals > 4000 && sum == refusals, "drops: every refusal is counted, once", "%d of %d", (int)sum, (int)refusals);
	claim(!unplaced, "drops: each with its hook, file and line, and so its record", "%s", "");
}

int main(int count, char **arguments)
{
	if (count < 2) {
		fprintf(stderr, "usage: %s OBJECT\n", arguments[0]);
		return 2;
	}
	if (unshare(CLONE_NEWNET) ||
		system("ip link set lo up && ip link add unit0 type veth peer name unit1 && ip link set unit0 up")) {
		fprintf(stderr, "# needs root and veth\n");
		return 2;
	}
	device = if_nametoindex("unit0");
	object = bpf_object__open_file(arguments[1], NULL);
	if (!object || bpf_object__load(object)) {
		fprintf(stderr, "# %s: %s\n", arguments[1], strerror(errno));
		return 2;
	}
	ring = ring_buffer__new(map("events"), on_event, NULL, NULL);
	verdict("skb_egress", with_ports(v4(17, 0, NULL), 0), DROPS, DB_REASON_NO_POLICY, "before any policy nothing leaves");
	verdict("skb_ingress", with_ports(v4(17, 0, NULL), 0), DROPS, DB_REASON_NO_POLICY, "and nothing comes in");
	address("::ffff:10.0.0.1", ME);
	address("::ffff:10.0.0.2", PEER);
	parsing("skb_egress");
	egress();
	flood();
	address("::ffff:10.0.0.1", DB_PEER_WORLD);
	parsing("skb_ingress");
	ingress();
	arrivals();
	veth();
	drops();
	ring_buffer__free(ring);
	bpf_object__close(object);
	return tap_end();
}
