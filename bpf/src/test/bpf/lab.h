/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A private world for the programs: four network namespaces (three containers
 * and a LAN with a bridge, which plays host and outside world), a cgroup for
 * each, the real object loaded and attached. One process drives every side: a
 * socket belongs to the cgroup and the namespace it was made in, for ever, so
 * sock_in() goes there, makes it, and comes back.
 *
 * It does not model an engine's agent: policy is written straight into the maps.
 */
#ifndef DRAWBRIDGE_TEST_LAB_H
#define DRAWBRIDGE_TEST_LAB_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "../../main/bpf/include/abi.h"
#include "../../main/bpf/include/reasons.h"

enum place { A, B, C, LAN, PLACES };
#define ENGINE_CGROUP 4 /* as a cgroup in sock_at(): the agent's */
#define NESTED_CGROUP 5 /* a cgroup below A's */
#define NO_CGROUP 6 /* the test's own: unguarded */
#define CGROUPS 7
#define IMPATIENT 300 /* ms: for what must not happen */
#define PATIENT 3000 /* ms: for what must */

#define ID_A 256u
#define ID_B 257u
#define ID_C 258u

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

void lab_up(const char *object);
void lab_down(void);
void lab_attach(void);
void lab_detach(void); /* everything, the parent's guard too */
int lab_map(const char *name);
int lab_program(const char *name);
const char *cgroup_path(int cgroup);
void die(const char *what); /* takes the lab down; the test's outcome is an error, not a failure */
void must(int status, const char *what); /* dies unless 0 */

/* Policy. Every change takes effect with generation_next(). */
void policy_reset(void); /* everyone open, no pairs, engine ports kept; a new generation */
void policy_flags(uint32_t id, uint32_t flags);
void policy_engine(uint32_t id, uint16_t port4, uint16_t port6);
void listener_offer(enum place place, int fd); /* as the engine's of that place's namespace, by the socket's family */
void policy_rule(uint32_t owner, int direction, uint32_t peer, int protocol, int low, int high, int verdict, uint32_t rule);
uint32_t generation_next(void);
void policy_shared(int on); /* C lives in A's namespace, sock_at(A, C, ...), and has its addresses; resets */
void policy_neighbour(enum place from, enum place other); /* connections of from's ask whether anybody listens in other's */
uint32_t lab_netns_id(enum place from, enum place other);
void guard_denies(int denies); /* what the parent's guard does with cgroups it does not know */
void guard_knows(int cgroup, int knows);
void identity(enum place place, uint32_t endpoint);
void address_owner(union address *address, uint32_t peer);
void address_forget(union address *address);

/* Sockets. The numbers are negative errnos where they fail. */
int sock_in(enum place place, int family, int type, int protocol);
int sock_at(enum place place, int cgroup, int family, int type, int protocol);
int in_place(enum place place, int cgroup, int (*action)(void *), void *argument);
union address address_of(enum place place, int family, uint16_t port);
union address mapped_of(enum place place, uint16_t port);
union address loopback(int family, uint16_t port);
socklen_t address_size(const union address *address);
int listener(enum place place, int family, uint16_t port);
int udp_bound(enum place place, int family, uint16_t port);
int dial(int fd, union address to, int deadline_ms); /* 0 or -errno; -ETIMEDOUT */
int dialled(enum place place, union address to, int deadline_ms); /* a connected TCP socket, or -errno */
int accepted(int listening, int deadline_ms);
int say(int fd, const char *text);
int hears(int fd, const char *text, int deadline_ms); /* 1 if exactly that arrives */
int is_cut(int fd, int other); /* 1 if what fd says does not reach other */
int readable(int fd, int deadline_ms);
uint16_t port_of(int fd);
int lab_run(enum place place, const char *command); /* a shell command in the place's namespace: its exit code */
void lab_sysctl(enum place place, const char *name, const char *value);

/* The engine, in engine_cases.c. */
int engine_offered(enum place place, int family);
int origin_of(int fd, struct db_socket *origin); /* an accepted socket's: 1 if there is one */

int engine_dials_for(enum place place, uint32_t caller, uint32_t callee, int family); /* its socket, not connected */

/* Events. */
int events_open(void);
void events_close(void);
void events_forget(void);
int events_count(int reason, uint32_t owner);
const struct db_event *event_await(int reason, uint32_t owner, int deadline_ms); /* NULL: none */

/* Cases, one function a file. */
void tcp_cases(void);
void engine_cases(void);
void udp_cases(void);
void bypass_cases(void);
void packet_cases(void);
void guard_cases(void);
void churn_cases(void);
void veth_cases(void);
void identity_cases(void);
void kinds_cases(void);
void rewrite_cases(void);
void flood_cases(void);
void refuse_cases(void);
void shared_cases(void);
void settle_cases(void);
void names_cases(void);

#endif
