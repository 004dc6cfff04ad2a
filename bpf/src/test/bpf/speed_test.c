// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * speed_test OBJECT: what the programs cost, in rounds with and without them, in
 * one run and on one pair of namespaces. The callee admits the caller by rule,
 * both are closed. Prints medians over the rounds; the last line is JSON:
 *   connect_added_us   blocking connect() of TCP over IPv4, from call to return
 *   rr_ratio           one byte there and one back on a settled connection, with : without
 *   throughput_ratio   bytes of one settled connection in a quarter of a second
 * Needs root and an idle machine: two processors that others use measure them.
 */
#define _GNU_SOURCE
#include "lab.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 25
#define DIALS 400
#define TURNS 4000
#define BLOCK 131072

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

static int by_size(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

static double median(double *values, int count)
{
	qsort(values, count, sizeof(*values), by_size);
	return values[count / 2];
}

/* Of single operations: half of them may be disturbed by other processes without harm. */
static double quarter(double *values, int count)
{
	qsort(values, count, sizeof(*values), by_size);
	return values[count / 4];
}

static int make_many(void *argument)
{
	int *sockets = argument;

	for (int i = 0; i < DIALS; i++)
		sockets[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return 0;
}

static double dial_time(int listening)
{
	union address to = address_of(B, AF_INET, 7000);
	struct linger reset = { 1, 0 };
	int sockets[DIALS], server;
	double times[DIALS], begin;

	in_place(A, A, make_many, sockets);
	for (int i = 0; i < DIALS; i++) {
		begin = now();
		if (connect(sockets[i], &to.any, sizeof(to.v4)))
			die("connect");
		times[i] = now() - begin;
		server = accepted(listening, PATIENT);
		setsockopt(sockets[i], SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		close(sockets[i]);
		close(server);
	}
	return quarter(times, DIALS);
}

static void settled(int listening, int *client, int *server)
{
	*client = dialled(A, address_of(B, AF_INET, 7000), PATIENT);
	*server = accepted(listening, PATIENT);
	if (*client < 0 || *server < 0)
		die("a connection");
	fcntl(*client, F_SETFL, 0);
	fcntl(*server, F_SETFL, 0);
}

static double turn_time(int listening)
{
	static double times[TURNS];
	int client, server;
	char byte = 'x';

	settled(listening, &client, &server);
	for (int i = 0; i < TURNS; i++) {
		times[i] = now();
		if (send(client, &byte, 1, 0) != 1 || recv(server, &byte, 1, 0) != 1 || send(server, &byte, 1, 0) != 1 ||
			recv(client, &byte, 1, 0) != 1)
			die("a turn");
		times[i] = now() - times[i];
	}
	close(client);
	close(server);
	return quarter(times, TURNS);
}

static void *drinks(void *argument)
{
	static char block[BLOCK];
	static double bytes;
	ssize_t size;

	bytes = 0;
	while ((size = recv(*(int *)argument, block, BLOCK, 0)) > 0)
		bytes += size;
	return &bytes;
}

static double throughput(int listening)
{
	static char block[BLOCK];
	int client, server;
	pthread_t reader;
	void *bytes;
	double begin;

	settled(listening, &client, &server);
	pthread_create(&reader, NULL, drinks, &server);
	begin = now();
	while (now() - begin < 250e3)
		if (send(client, block, BLOCK, 0) < 0)
			die("send");
	shutdown(client, SHUT_WR);
	pthread_join(reader, &bytes);
	begin = *(double *)bytes / (now() - begin);
	close(client);
	close(server);
	return begin;
}

static void rules(void)
{
	policy_reset();
	policy_flags(ID_A, DB_EP_CLOSED_EGRESS | DB_EP_CLOSED_INGRESS);
	policy_flags(ID_B, DB_EP_CLOSED_EGRESS | DB_EP_CLOSED_INGRESS);
	policy_rule(ID_A, DB_EGRESS, ID_B, IPPROTO_TCP, 7000, 7000, DB_ALLOW, 1);
	policy_rule(ID_B, DB_INGRESS, ID_A, IPPROTO_TCP, 7000, 7000, DB_ALLOW, 2);
	generation_next();
}

/* Medians of with - without, and of with : without; the two of a round follow each other. */
static void measure(const char *name, double (*figure)(int), int listening, double *difference, double *ratio)
{
	double with[ROUNDS], without[ROUNDS], differences[ROUNDS], ratios[ROUNDS];

	for (int round = 0; round < ROUNDS; round++) {
		for (int half = 0; half < 2; half++) {
			if ((round + half) % 2) {
				lab_detach();
				without[round] = figure(listening);
			} else {
				lab_detach();
				lab_attach();
				rules();
				with[round] = figure(listening);
			}
		}
		differences[round] = with[round] - without[round];
		ratios[round] = with[round] / without[round];
	}
	*difference = median(differences, ROUNDS);
	*ratio = median(ratios, ROUNDS);
	printf("%-22s with %9.2f without %9.2f, paired difference %6.2f ratio %.3f\n", name, median(with, ROUNDS),
		median(without, ROUNDS), *difference, *ratio);
}

int main(int count, char **arguments)
{
	double added, rr, bytes, unused;
	cpu_set_t one;
	int listening;

	if (count < 2) {
		fprintf(stderr, "usage: %s OBJECT\n", arguments[0]);
		return 2;
	}
	lab_up(arguments[1]);
	listening = listener(B, AF_INET, 7000);
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(0, sizeof(one), &one); /* the handshake is the caller's own work then */
	measure("connect, us", dial_time, listening, &added, &unused);
	measure("one turn, us", turn_time, listening, &unused, &rr);
	CPU_SET(1, &one);
	sched_setaffinity(0, sizeof(one), &one);
	measure("throughput, MB/s", throughput, listening, &unused, &bytes);
	lab_down();
	printf("{\"throughput_ratio\":%.3f,\"rr_ratio\":%.3f,\"connect_added_us\":%.2f}\n", bytes, 1 / rr, added);
	return 0;
}
