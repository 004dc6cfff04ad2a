/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whose program is running: identity comes from the cgroup of the attachment and from nothing else. */
#ifndef DRAWBRIDGE_SELF_H
#define DRAWBRIDGE_SELF_H

#include "maps.h"

#ifdef DRAWBRIDGE_TEST_SELF
/* BPF_PROG_TEST_RUN gives a program an empty cgroup storage: the unit tests' build has its identity fixed. */
#define db_self_endpoint() ((__u32)DRAWBRIDGE_TEST_SELF)
#else
/* 0: not yet written. A cgroup below the attachment's gives the attachment's entry. */
static __always_inline __u32 db_self_endpoint(void)
{
	struct db_self *entry = bpf_get_local_storage(&self, 0);

	return entry->endpoint;
}
#endif

/* 0: no policy was applied yet, and nothing may pass. Read it before judging, never after. */
static __always_inline __u32 db_generation(void)
{
	__u32 zero = 0;
	const struct db_config *entry = bpf_map_lookup_elem(&config, &zero);

	return entry ? entry->generation : 0;
}

#endif
