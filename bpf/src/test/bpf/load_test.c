// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * load_test OBJECT: loads each program by itself, attaches it where it belongs (a cgroup and a network namespace
 * of the test's own, or the loopback interface), and tells how many instructions the verifier went through:
 *   PROGRAM name instructions attached|loaded
 * One that this machine has no place for is "loaded", which fails nothing; one that is refused fails.
 */
#define _GNU_SOURCE
#include "tap.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOOPBACK 1
#define TCX_EGRESS 47 /* enum bpf_attach_type, newer than the headers */

static char messages[8192];
static char verifier[16 << 20];

static int keep(enum libbpf_print_level level, const char *format, va_list arguments)
{
	size_t used = strlen(messages);

	return level == LIBBPF_WARN ? vsnprintf(messages + used, sizeof(messages) - used, format, arguments) : 0;
}

static int link_at(int program, int target, int type)
{
	union bpf_attr attributes;
	int fd;

	memset(&attributes, 0, sizeof(attributes));
	attributes.link_create.prog_fd = program;
	attributes.link_create.target_fd = target;
	attributes.link_create.attach_type = type;
	fd = syscall(__NR_bpf, BPF_LINK_CREATE, &attributes, sizeof(attributes));
	return fd < 0 ? -errno : fd;
}

static int cgroup_of_our_own(char *path, size_t size)
{
	FILE *mounts = fopen("/proc/self/mounts", "re");
	char line[1024], where[512], type[64];

	*path = 0;
	while (mounts && fgets(line, sizeof(line), mounts))
		if (!*path && sscanf(line, "%*s %511s %63s", where, type) == 2 && !strcmp(type, "cgroup2"))
			snprintf(path, size, "%s/drawbridge-load-%d", where, getpid());
	if (mounts)
		fclose(mounts);
	return *path && !mkdir(path, 0755) ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
}

static int filter_at(int program, enum bpf_tc_attach_point point)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = LOOPBACK, .attach_point = point);
	LIBBPF_OPTS(bpf_tc_opts, filter, .handle = 1, .priority = 1, .prog_fd = program, .flags = BPF_TC_F_REPLACE);
	int made = bpf_tc_hook_create(&hook);

	return made && made != -EEXIST ? made : bpf_tc_attach(&hook, &filter);
}

/* What the attachment said: 0 if it holds, 1 if this machine has no such place, else -errno. */
static int attach(struct bpf_program *program, int cgroup)
{
	const char *section = bpf_program__section_name(program);
	int type = bpf_program__expected_attach_type(program), fd = bpf_program__fd(program), link;

	if (!strcmp(section, "tc")) {
		int in = filter_at(fd, BPF_TC_INGRESS);

		if (in != -ENOENT)
			return in ? in : filter_at(fd, BPF_TC_EGRESS);
		/* Without the kernel's modules there is no clsact. A link needs none, and Linux 6.6. */
		link = link_at(fd, LOOPBACK, TCX_EGRESS);
		if (link == -EINVAL)
			return 1;
	} else if (!strcmp(section, "sk_lookup")) {
		int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

		link = link_at(fd, here, type);
		close(here);
	} else {
		link = link_at(fd, cgroup, type);
	}
	if (link < 0)
		return link;
	close(link);
	return 0;
}

static void one(const char *path, const char *name, int cgroup)
{
	struct bpf_prog_info info;
	struct bpf_program *program, *mine = NULL;
	DECLARE_LIBBPF_OPTS(bpf_object_open_opts, options, .kernel_log_buf = verifier, .kernel_log_size = sizeof(verifier));
	struct bpf_object *object = bpf_object__open_file(path, &options);
	unsigned int size = sizeof(info);
	char title[128];
	int status;

	messages[0] = verifier[0] = 0;
	snprintf(title, sizeof(title), "%s is accepted", name);
	bpf_object__for_each_program(program, object)
	{
		int is = !strcmp(bpf_program__name(program), name);

		bpf_program__set_autoload(program, is);
		mine = is ? program : mine;
	}
	status = bpf_object__load(object);
	if (status) {
		size_t length = strlen(verifier), from = length > 800 ? length - 800 : 0;

		for (char *at = verifier + from; *at; at++)
			*at = *at == '\n' ? '|' : *at;
		claim(0, title, "%s: %s %.300s", strerror(-status), verifier + from, messages);
		bpf_object__close(object);
		return;
	}
	claim(1, title, "%s", "");
	memset(&info, 0, sizeof(info));
	bpf_obj_get_info_by_fd(bpf_program__fd(mine), &info, &size);
	status = attach(mine, cgroup);
	snprintf(title, sizeof(title), "%s is attached", name);
	if (status != 1)
		claim(status == 0, title, "%s", strerror(-status));
	printf("PROGRAM %s %u %s\n", name, info.verified_insns, status ? "loaded" : "attached");
	fflush(stdout);
	bpf_object__close(object);
}

int main(int count, char **arguments)
{
	struct bpf_object *all;
	struct bpf_program *program;
	char path[700];
	int cgroup;

	libbpf_set_print(keep);
	if (count != 2) {
		fprintf(stderr, "usage: %s OBJECT\n", arguments[0]);
		return 2;
	}
	all = bpf_object__open(arguments[1]);
	cgroup = cgroup_of_our_own(path, sizeof(path));
	if (!all || cgroup < 0 || unshare(CLONE_NEWNET)) {
		fprintf(stderr, "%s: %s %s\n", arguments[1], strerror(errno), messages);
		return 2;
	}
	bpf_object__for_each_program(program, all) one(arguments[1], bpf_program__name(program), cgroup);
	messages[0] = 0;
	claim(!bpf_object__load(all), "the whole object is accepted", "%.400s", messages);
	bpf_object__close(all);
	close(cgroup);
	rmdir(path);
	return tap_end();
}
