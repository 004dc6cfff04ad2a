// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#define _GNU_SOURCE
#include "lab.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct bpf_object *object;
static struct bpf_link *links[96];
static int link_count;
static int home_netns, netns[PLACES];
static pid_t holders[PLACES];
static char cgroup_root[256], cgroups[CGROUPS][320];

const char *cgroup_path(int cgroup)
{
	return cgroups[cgroup];
}

void die(const char *what)
{
	fprintf(stderr, "# lab: %s: %s\n", what, strerror(errno));
	lab_down();
	exit(2);
}

static int run(const char *format, ...)
{
	char command[512];
	va_list arguments;
	int status;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	status = system(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void must(int status, const char *what)
{
	if (status)
		die(what);
}

static void write_file(const char *directory, const char *name, const char *text)
{
	char path[400];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die(path);
	close(fd);
}

static void find_cgroup2(char *to, size_t size)
{
	FILE *mounts = fopen("/proc/self/mounts", "re");
	char line[1024], where[512], type[64];

	while (mounts && fgets(line, sizeof(line), mounts)) {
		if (sscanf(line, "%*s %511s %63s", where, type) == 2 && !strcmp(type, "cgroup2")) {
			snprintf(to, size, "%s", where);
			fclose(mounts);
			return;
		}
	}
	errno = ENOENT;
	die("no cgroup2 mount");
}

static void make_cgroups(void)
{
	static const char *names[CGROUPS] = { "a", "b", "c", "lan", "agent", "a/nested", NULL };
	char mount[256];

	find_cgroup2(mount, sizeof(mount));
	snprintf(cgroup_root, sizeof(cgroup_root), "%.200s/drawbridge-test-%d", mount, getpid());
	must(mkdir(cgroup_root, 0755), cgroup_root);
	for (int i = 0; i < CGROUPS; i++) {
		snprintf(cgroups[i], sizeof(cgroups[i]), "%s/%s", cgroup_root, names[i] ? names[i] : "unguarded");
		must(mkdir(cgroups[i], 0755), cgroups[i]);
	}
}

static void make_namespaces(void)
{
	home_netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	for (int i = 0; i < PLACES; i++) {
		char path[64], byte;
		int ready[2];

		must(pipe2(ready, O_CLOEXEC), "pipe");
		holders[i] = fork();
		if (holders[i] == 0) {
			if (unshare(CLONE_NEWNET) || write(ready[1], "!", 1) != 1)
				_exit(1);
			pause();
			_exit(0);
		}
		must(read(ready[0], &byte, 1) != 1, "unshare");
		close(ready[0]);
		close(ready[1]);
		snprintf(path, sizeof(path), "/proc/%d/ns/net", holders[i]);
		netns[i] = open(path, O_RDONLY | O_CLOEXEC);
		must(netns[i] < 0, path);
		must(run("nsenter -t %d -n ip link set lo up", holders[i]), "lo");
	}
	must(run("nsenter -t %d -n sh -c 'ip link add br0 type bridge && ip link set br0 up &&"
		 " ip addr add 10.77.0.4/24 dev br0 && ip addr add fd77::4/64 dev br0 nodad'",
		     holders[LAN]),
		"bridge");
	for (int i = 0; i < LAN; i++) {
		must(run("nsenter -t %d -n ip link add v%d type veth peer name eth0 netns %d", holders[LAN], i, holders[i]),
			"veth");
		must(run("nsenter -t %d -n sh -c 'ip link set v%d master br0 && ip link set v%d up'", holders[LAN], i, i),
			"port");
		must(run("nsenter -t %d -n sh -c 'ip addr add 10.77.0.%d/24 dev eth0 &&"
			 " ip addr add fd77::%d/64 dev eth0 nodad && ip link set eth0 up &&"
			 " ip route add default via 10.77.0.4'",
			     holders[i], i + 1, i + 1),
			"address");
	}
}

static void attach(const char *name, const char *cgroup)
{
	struct bpf_program *program = bpf_object__find_program_by_name(object, name);
	int fd = open(cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (!program || fd < 0)
		die(name);
	links[link_count] = bpf_program__attach_cgroup(program, fd);
	if (!links[link_count++])
		die(name);
	close(fd);
}

int lab_program(const char *name)
{
	return bpf_program__fd(bpf_object__find_program_by_name(object, name));
}

int lab_map(const char *name)
{
	return bpf_object__find_map_fd_by_name(object, name);
}

static int quiet(enum libbpf_print_level level, const char *format, va_list arguments)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, arguments) : 0;
}

static const char *guards[] = { "guard_connect4", "guard_connect6", "guard_egress", "guard_ingress" };

void lab_attach(void)
{
	static const char *programs[] = { "connect4", "connect6", "sendmsg4", "sendmsg6", "recvmsg4", "recvmsg6", "getpeername4",
		"getpeername6", "getsockname4", "getsockname6", "skb_egress", "skb_ingress", "sock_ops" };

	for (int place = A; place <= C; place++) {
		struct bpf_program *lookup = bpf_object__find_program_by_name(object, "sk_lookup");

		for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
			attach(programs[i], cgroups[place]);
		links[link_count] = bpf_program__attach_netns(lookup, netns[place]);
		if (!links[link_count++])
			die("sk_lookup");
	}
	attach("agent_egress", cgroups[ENGINE_CGROUP]);
	attach("agent_accept", cgroups[ENGINE_CGROUP]);
}

void lab_detach(void)
{
	while (link_count > 0)
		bpf_link__destroy(links[--link_count]);
}

void lab_up(const char *path)
{
	libbpf_set_print(quiet);
	make_cgroups();
	make_namespaces();
	object = bpf_object__open_file(path, NULL);
	must(!object || bpf_object__load(object), path);
	lab_attach();
	/* The guard of the parent is always there; it denies nothing until guard_denies(). */
	for (size_t i = 0; i < sizeof(guards) / sizeof(guards[0]); i++)
		attach(guards[i], cgroup_root);
	must(events_open(), "ring");
}

void lab_down(void)
{
	events_close();
	lab_detach();
	bpf_object__close(object);
	for (int i = 0; i < PLACES; i++) {
		if (holders[i] > 0) {
			kill(holders[i], SIGKILL);
			waitpid(holders[i], NULL, 0);
		}
	}
	rmdir(cgroups[NESTED_CGROUP]);
	for (int i = 0; i < CGROUPS; i++)
		rmdir(cgroups[i]);
	rmdir(cgroup_root);
}

/* The test's own directory is never attached to; coming back is to where the test started from. */
static char home_cgroup[512];

static void find_home(void)
{
	FILE *file = fopen("/proc/self/cgroup", "re");
	char line[400], mount[64];

	find_cgroup2(mount, sizeof(mount));
	while (file && fgets(line, sizeof(line), file)) {
		if (!strncmp(line, "0::", 3)) {
			line[strcspn(line, "\n")] = 0;
			snprintf(home_cgroup, sizeof(home_cgroup), "%s%s", mount, line + 3);
		}
	}
	if (file)
		fclose(file);
}

int in_place(enum place place, int cgroup, int (*action)(void *), void *argument)
{
	char pid[16];
	int result;

	if (!home_cgroup[0])
		find_home();
	snprintf(pid, sizeof(pid), "%d", getpid());
	write_file(cgroups[cgroup], "cgroup.procs", pid);
	must(setns(netns[place], CLONE_NEWNET), "setns");
	result = action(argument);
	must(setns(home_netns, CLONE_NEWNET), "setns home");
	write_file(home_cgroup, "cgroup.procs", pid);
	return result;
}

int lab_run(enum place place, const char *command)
{
	return run("nsenter -t %d -n sh -c \"%s\"", holders[place], command);
}

void lab_sysctl(enum place place, const char *name, const char *value)
{
	must(run("nsenter -t %d -n sh -c 'echo %s >/proc/sys/%s'", holders[place], value, name), name);
}

static int make_socket(void *argument)
{
	int *what = argument;
	int fd = socket(what[0], what[1] | SOCK_NONBLOCK | SOCK_CLOEXEC, what[2]);

	return fd < 0 ? -errno : fd;
}

int sock_at(enum place place, int cgroup, int family, int type, int protocol)
{
	int what[] = { family, type, protocol };

	return in_place(place, cgroup, make_socket, what);
}

int sock_in(enum place place, int family, int type, int protocol)
{
	return sock_at(place, place, family, type, protocol);
}

static int ask_netns_id(void *argument)
{
	int other = *(int *)argument, id = -1;
	struct {
		struct nlmsghdr header;
		uint8_t family, padding[3]; /* struct rtgenmsg */
		struct rtattr id_header;
		int id;
		struct rtattr fd_header;
		int fd;
	} request = { { sizeof(request), 0, NLM_F_REQUEST, 1, 0 }, 0, { 0 }, { 8, NETNSA_NSID }, -1, { 8, NETNSA_FD }, other };
	char answer[512];
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	const uint16_t types[] = { RTM_NEWNSID, RTM_GETNSID };

	for (int i = 0; i < 2; i++) {
		ssize_t length;

		request.header.nlmsg_type = types[i];
		request.header.nlmsg_flags = NLM_F_REQUEST | (i ? 0 : NLM_F_ACK);
		must(send(fd, &request, sizeof(request), 0) != sizeof(request), "netns id");
		length = recv(fd, answer, sizeof(answer), 0);
		/* Of the second alone: the first may say that there is one. */
		if (i && length >= 28 && ((struct nlmsghdr *)answer)->nlmsg_type == RTM_NEWNSID)
			memcpy(&id, answer + 24, 4);
	}
	close(fd);
	return id;
}

uint32_t lab_netns_id(enum place from, enum place other)
{
	int id = in_place(from, NO_CGROUP, ask_netns_id, &netns[other]);

	must(id < 0, "netns id");
	return id;
}
