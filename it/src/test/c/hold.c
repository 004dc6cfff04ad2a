// SPDX-License-Identifier: Apache-2.0
// Doors that need time: sockets that are older than what guards them, or that belong to somebody else.
#include "attack.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static void tell(const char *name, int result)
{
	printf("%s\t%s\t0\n", name, result ? strerror(-result) : "sent");
	fflush(stdout);
}

static char *token(char *buffer, const char *run, const char *mode)
{
	snprintf(buffer, 64, "dbx:%.20s:%.30s;", run, mode);
	return buffer;
}

static union address at(char **argv, int offset)
{
	union address to;

	if (parse_address(argv[3], atoi(argv[4]) + offset, &to))
		exit(255);
	return to;
}

static int bytes(int fd, const char *text)
{
	return send(fd, text, strlen(text), MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* Ports: BASE+0 established, +1 created, +2 udp-connected-before, +3 udp-cork, +4 fresh-tcp, +5 fresh-udp. */
int hold(int argc, char **argv)
{
	char text[64];
	union address to = at(argv, 0);
	int family = to.any.sa_family, result, opened;
	int established = socket(family, SOCK_STREAM, 0), created = socket(family, SOCK_STREAM, 0);
	int connected = socket(family, SOCK_DGRAM, 0), corked = socket(family, SOCK_DGRAM, 0), fresh;
	struct stat go;

	if (argc != 6)
		return 255;
	opened = dial(established, &to);
	if (!opened)
		opened = say(established, "hello");
	to = at(argv, 2);
	connect(connected, &to.any, length_of(&to));
	to = at(argv, 3);
	sendto(corked, "dbx:", 4, MSG_MORE, &to.any, length_of(&to));
	printf("READY\t%s\t%d\n", opened ? strerror(-opened) : "established", getpid());
	fflush(stdout);
	for (int waited = 0; stat(argv[5], &go) && waited < 6000; waited++)
		usleep(10000);

	errno = 0;
	tell("established", opened ? opened : say(established, token(text, argv[2], "established")));
	to = at(argv, 1);
	errno = 0;
	result = dial(created, &to);
	tell("created", result ? result : say(created, token(text, argv[2], "created")));
	tell("udp-connected-before", bytes(connected, token(text, argv[2], "udp-connected-before")));
	token(text, argv[2], "udp-cork");
	tell("udp-cork", bytes(corked, text + 4));
	to = at(argv, 4);
	fresh = socket(family, SOCK_STREAM, 0);
	errno = 0;
	result = dial(fresh, &to);
	tell("fresh-tcp", result ? result : say(fresh, token(text, argv[2], "fresh-tcp")));
	to = at(argv, 5);
	fresh = socket(family, SOCK_DGRAM, 0);
	token(text, argv[2], "fresh-udp");
	tell("fresh-udp", sendto(fresh, text, strlen(text), 0, &to.any, length_of(&to)) < 0 ? -errno : 0);
	return 0;
}

#define PASSED 3

/* Ports: BASE+0 connected TCP, +1 unconnected TCP, +2 UDP. */
int give(int argc, char **argv)
{
	struct sockaddr_un path = { .sun_family = AF_UNIX };
	union address to = at(argv, 0);
	int family = to.any.sa_family, listening = socket(AF_UNIX, SOCK_STREAM, 0), taker;
	int passed[PASSED] = { socket(family, SOCK_STREAM, 0), socket(family, SOCK_STREAM, 0), socket(family, SOCK_DGRAM, 0) };
	char control[CMSG_SPACE(sizeof(passed))] = { 0 }, byte = 'x';
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);
	int result;

	if (argc != 6)
		return 255;
	result = dial(passed[0], &to);
	snprintf(path.sun_path, sizeof(path.sun_path), "%s", argv[5]);
	unlink(path.sun_path);
	if (bind(listening, (struct sockaddr *)&path, sizeof(path)) || listen(listening, 1))
		return 254;
	printf("READY\t%s\t%d\n", result ? strerror(-result) : "established", getpid());
	fflush(stdout);
	taker = accept(listening, NULL, NULL);
	*head = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(passed)) };
	memcpy(CMSG_DATA(head), passed, sizeof(passed));
	if (sendmsg(taker, &message, 0) < 0)
		return 253;
	return read(taker, &byte, 1) < 0; // lives as long as the taker needs
}

int take(int argc, char **argv)
{
	struct sockaddr_un path = { .sun_family = AF_UNIX };
	int giver = socket(AF_UNIX, SOCK_STREAM, 0), passed[PASSED], result;
	char control[CMSG_SPACE(sizeof(passed))] = { 0 }, byte, text[64];
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	union address to;

	if (argc != 6)
		return 255;
	snprintf(path.sun_path, sizeof(path.sun_path), "%s", argv[5]);
	if (connect(giver, (struct sockaddr *)&path, sizeof(path)) || recvmsg(giver, &message, 0) != 1)
		return 254;
	memcpy(passed, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(passed));
	errno = 0;
	tell("fd-passed-connected", say(passed[0], token(text, argv[2], "fd-passed-connected")));
	to = at(argv, 1);
	errno = 0;
	result = dial(passed[1], &to);
	tell("fd-passed-unconnected", result ? result : say(passed[1], token(text, argv[2], "fd-passed-unconnected")));
	to = at(argv, 2);
	token(text, argv[2], "fd-passed-udp");
	tell("fd-passed-udp", sendto(passed[2], text, strlen(text), 0, &to.any, length_of(&to)) < 0 ? -errno : 0);
	return 0;
}

static int bpf(enum bpf_cmd command, union bpf_attr *attributes)
{
	return (int)syscall(SYS_bpf, command, attributes, sizeof(*attributes));
}

/* As somebody who owns a cgroup below the guarded one would: programs that allow, beside the parent's. */
int overrule(int argc, char **argv)
{
	static const struct bpf_insn allow[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 1 },
		{ .code = BPF_JMP | BPF_EXIT } };
	static const struct {
		enum bpf_prog_type type;
		enum bpf_attach_type attach;
	} doors[] = {
		{ BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS },
		{ BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_CONNECT },
		{ BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET6_CONNECT },
		{ BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UDP4_SENDMSG },
		{ BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UDP6_SENDMSG },
	};
	int cgroup = argc == 3 ? open(argv[2], O_RDONLY | O_DIRECTORY) : -1;

	for (size_t i = 0; i < sizeof(doors) / sizeof(doors[0]); i++) {
		union bpf_attr load = { .prog_type = doors[i].type,
			.expected_attach_type = doors[i].attach,
			.insns = (unsigned long)allow,
			.insn_cnt = 2,
			.license = (unsigned long)"GPL" };
		union bpf_attr attach;
		int program = bpf(BPF_PROG_LOAD, &load);

		memset(&attach, 0, sizeof(attach));
		attach.target_fd = (unsigned)cgroup;
		attach.attach_bpf_fd = (unsigned)program;
		attach.attach_type = doors[i].attach;
		attach.attach_flags = BPF_F_ALLOW_MULTI;
		if (program < 0 || bpf(BPF_PROG_ATTACH, &attach))
			return 254;
	}
	puts("attached");
	return 0;
}
