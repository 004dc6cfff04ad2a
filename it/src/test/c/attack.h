/* SPDX-License-Identifier: Apache-2.0 */
/* What the attacker's parts share. A result is 0 for "the kernel took it" or a negative errno. */
#ifndef ATTACK_H
#define ATTACK_H

#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>

/* How long a connect may take before it counts as unanswered. */
#define PATIENCE_MS 600

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

struct shot {
	int family; /* of the target as it was given */
	union address to; /* target and the mode's own port */
	char token[64]; /* what is sent: names run and mode, so that the sink can tell them apart */
};

struct mode {
	const char *name;
	int (*fire)(const struct shot *shot);
};

extern const struct mode modes[];
extern const int mode_count;

socklen_t length_of(const union address *address);
int parse_address(const char *text, int port, union address *address);
void map_to_v6(const union address *v4, union address *v6);
/* Connects within PATIENCE_MS; -ETIMEDOUT if nothing answered. The socket is blocking afterwards. */
int dial(int fd, const union address *to);
/* Sends the token over a connected or just connecting socket and gives the peer time to read it. */
int say(int fd, const char *token);

int ring_connect(int fd, const union address *to);
int ring_sendmsg(int fd, struct msghdr *message);

int fire_icmp_ping(const struct shot *shot);
int fire_icmp_raw(const struct shot *shot);
int fire_spoof(const struct shot *shot);
int fire_raw_tcp(const struct shot *shot);
int fire_fragment(const struct shot *shot);
int fire_protocol_253(const struct shot *shot);
int fire_packet(const struct shot *shot);

int hold(int argc, char **argv);
int give(int argc, char **argv);
int take(int argc, char **argv);
int stream(int argc, char **argv);
int overrule(int argc, char **argv);
int frame(int argc, char **argv);
int harmless(void);
int rewrite(int argc, char **argv);
int hide(int argc, char **argv);
int flood(int argc, char **argv);
int forge(int argc, char **argv);
int ask(int argc, char **argv);
int answer(int argc, char **argv);
int nft(int argc, char **argv);

#endif
