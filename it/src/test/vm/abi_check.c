// SPDX-License-Identifier: Apache-2.0
/*
 * Every number of the C side that dev.drawbridge.bpf writes down, against the headers that this is
 * compiled with: Debian's of x86-64 and, by the cross compiler, of arm64. Nothing of it runs.
 */
#define _GNU_SOURCE
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define IS(what, number) _Static_assert((what) == (number), #what)
#define AT(type, field, place) IS(offsetof(type, field), place)

/* ffi.LibC */
IS(O_RDONLY, 0);
IS(O_NOCTTY, 0x100);
IS(O_NONBLOCK, 0x800);
#ifdef __aarch64__
IS(O_NOFOLLOW, 0x8000);
IS(O_DIRECTORY, 0x4000);
#else
IS(O_NOFOLLOW, 0x20000);
IS(O_DIRECTORY, 0x10000);
#endif
IS(O_CLOEXEC, 0x80000);
IS(CLONE_NEWNET, 0x40000000);
IS(AF_INET, 2);
IS(AF_NETLINK, 16);
IS(SOCK_RAW, 3);
IS(SOCK_CLOEXEC, 0x80000);
/* ffi.ForeignLibC: widths of what is passed and returned, and constants */
IS(F_DUPFD_CLOEXEC, 1030);
IS(sizeof(size_t), 8);
IS(sizeof(ssize_t), 8);
IS(sizeof(unsigned long), 8);
IS(sizeof(socklen_t), 4);
IS(MNT_DETACH, 2);
/* ffi.LibBpfMessages: a va_list reaches a callee as a pointer: an array, or a struct above 16 bytes */
_Static_assert(sizeof(va_list) > 16, "va_list");
/* ffi.Errno, RegularFile, LocalRoutes */
IS(EPERM, 1);
IS(ENOENT, 2);
IS(ESRCH, 3);
IS(EINTR, 4);
IS(ENXIO, 6);
IS(EBADF, 9);
IS(EEXIST, 17);
IS(EINVAL, 22);
IS(ENOSPC, 28);
IS(ELOOP, 40);
IS(EOPNOTSUPP, 95);
IS(EAFNOSUPPORT, 97);
IS(ESTALE, 116);
IS(S_IFMT, 0170000);
IS(S_IFREG, 0100000);
IS(S_IFDIR, 0040000);
IS(S_IFIFO, 0010000);
/* ffi.Inotify, CompletedWrites */
IS(IN_CLOSE_WRITE, 0x8);
IS(IN_MOVED_TO, 0x80);
IS(IN_IGNORED, 0x8000);
IS(IN_ONLYDIR, 0x01000000);
IS(IN_CLOEXEC, 0x80000);
IS(sizeof(struct inotify_event), 16);
/* PeerProcess, Sockets, Netlink */
IS(SOL_SOCKET, 1);
IS(SO_PEERCRED, 17);
#ifdef SO_PEERPIDFD
IS(SO_PEERPIDFD, 77);
#endif
IS(SO_COOKIE, 57);
IS(SO_RCVTIMEO, 20);
IS(SOL_NETLINK, 270);
IS(NETLINK_GET_STRICT_CHK, 12);
IS(sizeof(struct ucred), 12);
IS(sizeof(struct timeval), 16);
IS(sizeof(struct nlmsghdr), 16);
IS(NLM_F_REQUEST, 1);
IS(NLM_F_ACK, 4);
IS(NLM_F_DUMP, 0x300);
IS(NLMSG_ERROR, 2);
IS(NLMSG_DONE, 3);
/* Veths, LocalRoutes */
IS(NETLINK_ROUTE, 0);
IS(RTM_GETLINK, 18);
IS(sizeof(struct ifinfomsg), 16);
IS(IFLA_ADDRESS, 1);
IS(IFLA_IFNAME, 3);
IS(IFLA_LINK, 5);
IS(IFLA_LINK_NETNSID, 37);
IS(RTM_GETROUTE, 26);
IS(sizeof(struct rtmsg), 12);
IS(RTA_DST, 1);
IS(RT_TABLE_LOCAL, 255);
IS(RTN_LOCAL, 2);
IS(RTN_BROADCAST, 3);
IS(RTN_ANYCAST, 4);
/* SocketDump */
IS(NETLINK_SOCK_DIAG, 4);
IS(SOCK_DIAG_BY_FAMILY, 20);
IS(SOCK_DESTROY, 21);
IS(sizeof(struct inet_diag_req_v2), 56);
IS(sizeof(struct inet_diag_msg), 72);
IS(INET_DIAG_CGROUP_ID, 21);
/* Link, Program, BpfMap, PinnedMaps, MapInfo, ffi.ForeignLibBpf */
IS(BPF_LINK_TYPE_CGROUP, 3);
IS(BPF_LINK_TYPE_NETNS, 5);
IS(BPF_PROG_TYPE_SCHED_CLS, 3);
IS(BPF_PROG_TYPE_SK_LOOKUP, 30);
IS(BPF_MAP_TYPE_CGROUP_STORAGE, 19);
IS(BPF_MAP_TYPE_RINGBUF, 27);
AT(struct bpf_prog_info, verified_insns, 216);
AT(struct bpf_map_info, btf_id, 64);
AT(struct bpf_btf_info, btf_size, 8);
AT(struct bpf_btf_info, id, 12);
AT(struct bpf_test_run_opts, data_in, 8);
AT(struct bpf_test_run_opts, data_size_in, 24);
AT(struct bpf_test_run_opts, ctx_in, 32);
AT(struct bpf_test_run_opts, ctx_size_in, 48);
AT(struct bpf_test_run_opts, retval, 56);
AT(struct bpf_test_run_opts, repeat, 60);
AT(struct bpf_test_run_opts, batch_size, 76);
/* ffi.ForeignObject */
AT(struct bpf_object_open_opts, relaxed_maps, 16);
AT(struct bpf_object_open_opts, pin_root_path, 24);
AT(struct bpf_object_open_opts, kconfig, 40);
AT(struct bpf_object_open_opts, btf_custom_path, 48);
AT(struct bpf_object_open_opts, kernel_log_buf, 56);
AT(struct bpf_object_open_opts, kernel_log_size, 64);
AT(struct bpf_object_open_opts, kernel_log_level, 72);
IS(sizeof(bool), 1);
/* linux/perf_event.h's neighbours in memory are little-endian: NativeOrder reads them so. */
IS(__BYTE_ORDER__, __ORDER_LITTLE_ENDIAN__);
