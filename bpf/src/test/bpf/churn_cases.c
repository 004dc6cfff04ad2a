// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Policy changes every millisecond under traffic: nothing allowed breaks, nothing denied arrives. */
#define _GNU_SOURCE
#include "lab.h"
#include "tap.h"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#define CONNECTIONS 400

static atomic_int stop, changes;
static int failed_dials, failed_words, answered, leaked;

static void *policy_changes(void *argument)
{
	while (!stop) {
		generation_next();
		changes++;
		poll(NULL, 0, 1);
	}
	return NULL;
}

static void *serves(void *argument)
{
	int listening = *(int *)argument;
	char byte;

	while (!stop) {
		int fd = accepted(listening, 50);

		if (fd < 0)
			continue;
		while (readable(fd, PATIENT) && recv(fd, &byte, 1, 0) == 1)
			send(fd, &byte, 1, MSG_NOSIGNAL);
		close(fd);
	}
	return NULL;
}

static void *counts(void *argument)
{
	int listening = *(int *)argument;

	while (!stop) {
		int fd = accepted(listening, 50);

		if (fd >= 0) {
			leaked++;
			close(fd);
		}
	}
	return NULL;
}

static void converse(int fd, union address to)
{
	if (dial(fd, to, PATIENT)) {
		failed_dials++;
		return;
	}
	for (int word = 0; word < 5; word++) {
		if (say(fd, "x") || !hears(fd, "x", PATIENT)) {
			failed_words++;
			return;
		}
	}
	answered++;
}

void churn_cases(void)
{
	int allowed = listener(B, AF_INET, 7000), denied = listener(C, AF_INET, 7000);
	int datagrams = udp_bound(B, AF_INET, 5300), asker = sock_in(A, AF_INET, SOCK_DGRAM, 0), lost = 0, refused = 0;
	int sockets[CONNECTIONS], outside[CONNECTIONS / 4];
	union address to = address_of(B, AF_INET, 7000), ask = address_of(B, AF_INET, 5300), from;
	socklen_t size = sizeof(from);
	pthread_t threads[3];
	char byte;

	policy_reset();
	policy_flags(ID_A, DB_EP_CLOSED_INGRESS);
	policy_flags(ID_B, DB_EP_CLOSED_INGRESS | DB_EP_CLOSED_EGRESS);
	policy_flags(ID_C, DB_EP_CLOSED_INGRESS);
	policy_rule(ID_B, DB_INGRESS, ID_A, IPPROTO_TCP, 7000, 7000, DB_ALLOW, 1);
	policy_rule(ID_B, DB_INGRESS, ID_A, IPPROTO_UDP, 5300, 5300, DB_ALLOW, 2);
	policy_rule(ID_B, DB_INGRESS, DB_PEER_WORLD, IPPROTO_TCP, 7000, 7000, DB_ALLOW, 3);
	generation_next();
	for (int i = 0; i < CONNECTIONS; i++)
		sockets[i] = sock_in(A, AF_INET, SOCK_STREAM, 0);
	for (int i = 0; i < CONNECTIONS / 4; i++)
		outside[i] = sock_in(LAN, AF_INET, SOCK_STREAM, 0);
	stop = 0;
	pthread_create(&threads[0], NULL, policy_changes, NULL);
	pthread_create(&threads[1], NULL, serves, &allowed);
	pthread_create(&threads[2], NULL, counts, &denied);
	for (int i = 0; i < CONNECTIONS; i++) {
		if (i % 4 == 3)
			refused += dial(sockets[i], address_of(C, AF_INET, 7000), IMPATIENT) == -EPERM;
		else
			converse(sockets[i], to);
		/* The server has one connection at a time. */
		close(sockets[i]);
		if (i % 4 == 0) {
			converse(outside[i / 4], to);
			close(outside[i / 4]);
		}
		if (sendto(asker, "q", 1, 0, &ask.any, sizeof(ask.v4)) != 1 || !readable(datagrams, PATIENT) ||
			recvfrom(datagrams, &byte, 1, 0, &from.any, &size) != 1 ||
			sendto(datagrams, "a", 1, 0, &from.any, size) != 1 || !hears(asker, "a", PATIENT))
			lost++;
	}
	stop = 1;
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	claim(changes > 50, "churn: the policy changed all the while", "%d changes", (int)changes);
	claim(failed_dials == 0 && failed_words == 0 && answered == CONNECTIONS, "churn: every allowed connection works",
		"%d not connected, %d broken, %d answered", failed_dials, failed_words, answered);
	claim(lost == 0, "churn: every datagram is answered", "%d lost", lost);
	claim(refused == CONNECTIONS / 4 && leaked == 0, "churn: no denied connection is made", "%d refused, %d made", refused,
		leaked);
	close(asker);
	close(datagrams);
	close(allowed);
	close(denied);
}
