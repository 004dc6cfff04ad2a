// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What an agent would write into the maps, and what it would read from the ring. */
#define _GNU_SOURCE
#include "lab.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

static const uint32_t ids[] = { ID_A, ID_B, ID_C };
static uint32_t generation;
static struct ring_buffer *ring;
static struct db_event seen[4096];
static int seen_count;

static int on_event(void *context, void *data, size_t size)
{
	if (size >= sizeof(seen[0]) && seen_count < 4096)
		memcpy(&seen[seen_count++], data, sizeof(seen[0]));
	return 0;
}

int events_open(void)
{
	ring = ring_buffer__new(lab_map("events"), on_event, NULL, NULL);
	return ring ? 0 : -1;
}

void events_close(void)
{
	ring_buffer__free(ring);
}

static void put(const char *map, const void *key, const void *value)
{
	if (bpf_map_update_elem(lab_map(map), key, value, BPF_ANY))
		die(map);
}

uint32_t generation_next(void)
{
	uint32_t zero = 0;
	struct db_config value = { .generation = ++generation };

	put("config", &zero, &value);
	return generation;
}

static struct db_endpoint endpoint_of[3];
static int shared;

void policy_flags(uint32_t id, uint32_t flags)
{
	endpoint_of[id - ID_A].flags = flags;
	endpoint_of[id - ID_A].netns = id - ID_A + 1;
	endpoint_of[id - ID_A].next = 0;
	if (shared && id != ID_B) {
		endpoint_of[id - ID_A].flags |= DB_EP_SHARED;
		endpoint_of[id - ID_A].netns = 1;
		endpoint_of[id - ID_A].next = id == ID_A ? ID_C : ID_A;
	}
	put("endpoints", &id, &endpoint_of[id - ID_A]);
}

void policy_shared(int on)
{
	shared = on;
	policy_reset();
}

void policy_engine(uint32_t id, uint16_t port4, uint16_t port6)
{
	endpoint_of[id - ID_A].engine_port4 = port4;
	endpoint_of[id - ID_A].engine_port6 = port6;
	put("endpoints", &id, &endpoint_of[id - ID_A]);
}

static void namespace_numbered(enum place place, int fd)
{
	uint64_t cookie = 0;
	socklen_t size = sizeof(cookie);
	uint32_t number = place + 1;

	must(getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size), "SO_NETNS_COOKIE");
	put("namespaces", &cookie, &number);
}

void listener_offer(enum place place, int fd)
{
	int family = 0;
	socklen_t size = sizeof(family);
	uint64_t value = fd;
	uint32_t number;

	must(getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size), "SO_DOMAIN");
	number = (place + 1) << 1 | (family == AF_INET6);
	put("listeners", &number, &value);
	namespace_numbered(place, fd);
}

static void clear(const char *map, size_t key_size)
{
	char key[64];

	while (!bpf_map_get_next_key(lab_map(map), NULL, key))
		bpf_map_delete_elem(lab_map(map), key);
}

void identity(enum place place, uint32_t endpoint)
{
	struct db_self value = { .endpoint = endpoint, .kind = DB_SELF_CONTAINER };
	struct stat status;
	uint64_t id;

	must(stat(cgroup_path(place), &status), "stat cgroup");
	id = status.st_ino;
	put("self", &id, &value);
}

void guard_denies(int denies)
{
	struct db_guard value = { .flags = denies ? DB_GUARD_DENY : 0 };
	uint32_t zero = 0;

	put("guard", &zero, &value);
}

void guard_knows(int cgroup, int knows)
{
	struct stat status;
	uint32_t exempt = 0;
	uint64_t id;

	must(stat(cgroup_path(cgroup), &status), "stat cgroup");
	id = status.st_ino;
	if (knows)
		put("guarded", &id, &exempt);
	else
		bpf_map_delete_elem(lab_map("guarded"), &id);
}

static struct db_address_key address_key(union address *address)
{
	struct db_address_key key = { .prefix_bits = 128 };

	if (address->any.sa_family == AF_INET) {
		key.address.bytes[10] = key.address.bytes[11] = 0xff;
		memcpy(key.address.bytes + 12, &address->v4.sin_addr, 4);
	} else {
		memcpy(key.address.bytes, &address->v6.sin6_addr, 16);
	}
	return key;
}

void address_owner(union address *address, uint32_t peer)
{
	struct db_address_key key = address_key(address);

	put("addresses", &key, &peer);
}

void address_forget(union address *address)
{
	struct db_address_key key = address_key(address);

	bpf_map_delete_elem(lab_map("addresses"), &key);
}

/* A namespace's own addresses, from which it reaches everything. */
static void sources_of(enum place place)
{
	struct db_source_key from4 = { .prefix_bits = 32 + 96, .netns = place + 1 },
			     from6 = { .prefix_bits = 32, .netns = place + 1 };
	union address v4 = address_of(place, AF_INET, 0), v6 = address_of(place, AF_INET6, 0), lo4 = loopback(AF_INET, 0);
	struct db_address_key own4 = address_key(&v4), own6 = address_key(&v6);

	from4.destination.bytes[10] = from4.destination.bytes[11] = 0xff;
	put("sources", &from4, &own4.address);
	put("sources", &from6, &own6.address);
	from4.prefix_bits = 32 + 104;
	from4.destination.bytes[12] = 127;
	own4 = address_key(&lo4);
	put("sources", &from4, &own4.address);
	from6.prefix_bits = 32 + 128;
	from6.destination.bytes[15] = 1;
	put("sources", &from6, &from6.destination);
}

/* `from` knows the namespace of `other`; the number that it gets is the kernel's choice. */
void policy_neighbour(enum place from, enum place other)
{
	struct db_neighbour pair = { .netns = from + 1, .other = other + 1 };
	uint32_t id = lab_netns_id(from, other);

	put("neighbours", &pair, &id);
}

void policy_reset(void)
{
	clear("pairs", sizeof(struct db_pair));
	clear("tables", sizeof(uint32_t));
	clear("flows", sizeof(struct db_flow_key));
	clear("origins", 24);
	clear("rewriters", sizeof(uint32_t));
	clear("bound", sizeof(uint32_t));
	clear("ports", 8);
	clear("neighbours", sizeof(struct db_neighbour));
	clear("resolvers", sizeof(struct db_resolver_key));
	for (int place = A; place <= C; place++) {
		union address v4 = address_of(place, AF_INET, 0), v6 = address_of(place, AF_INET6, 0);

		policy_flags(ids[place], 0);
		address_owner(&v4, ids[place]);
		address_owner(&v6, ids[place]);
		identity(place, ids[place]);
		sources_of(place);
	}
	generation_next();
	events_forget();
}

static int by_port(const void *left, const void *right)
{
	const struct db_range *a = left, *b = right;

	return (a->protocol << 16 | a->low) - (b->protocol << 16 | b->low);
}

void policy_rule(uint32_t owner, int direction, uint32_t peer, int protocol, int low, int high, int verdict, uint32_t rule)
{
	static uint32_t tables;
	struct db_pair pair = { .owner = owner, .peer = peer, .direction = direction };
	struct db_table table = {};
	uint32_t number = 0;

	if (!bpf_map_lookup_elem(lab_map("pairs"), &pair, &number))
		bpf_map_lookup_elem(lab_map("tables"), &number, &table);
	else
		number = ++tables;
	table.ranges[table.count++] = (struct db_range){ protocol, verdict, low, high, 0, rule };
	qsort(table.ranges, table.count, sizeof(table.ranges[0]), by_port);
	put("tables", &number, &table);
	put("pairs", &pair, &number);
}

void events_forget(void)
{
	ring_buffer__consume(ring);
	seen_count = 0;
}

static const struct db_event *event_find(int reason, uint32_t owner)
{
	ring_buffer__consume(ring);
	for (int i = 0; i < seen_count; i++)
		if (seen[i].reason == reason && seen[i].owner == owner)
			return &seen[i];
	return NULL;
}

int events_count(int reason, uint32_t owner)
{
	int count = 0;

	ring_buffer__consume(ring);
	for (int i = 0; i < seen_count; i++)
		count += seen[i].reason == reason && seen[i].owner == owner;
	return count;
}

const struct db_event *event_await(int reason, uint32_t owner, int deadline_ms)
{
	const struct db_event *found = event_find(reason, owner);

	if (found)
		return found;
	ring_buffer__poll(ring, deadline_ms);
	return event_find(reason, owner);
}
