// SPDX-License-Identifier: Apache-2.0
// One operation through io_uring, without a library: io_uring_setup(2), io_uring_enter(2).
#include "attack.h"

#include <errno.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static int operate(struct io_uring_sqe operation)
{
	struct io_uring_params shape = { 0 };
	int ring = (int)syscall(SYS_io_uring_setup, 1, &shape), result;
	char *submissions, *completions;
	struct io_uring_sqe *entries;
	unsigned *head, *tail;

	if (ring < 0)
		return -errno;
	submissions = mmap(NULL, shape.sq_off.array + sizeof(unsigned), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring,
		IORING_OFF_SQ_RING);
	completions = mmap(NULL, shape.cq_off.cqes + shape.cq_entries * sizeof(struct io_uring_cqe), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_CQ_RING);
	entries = mmap(NULL, sizeof(*entries), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQES);
	if (submissions == MAP_FAILED || completions == MAP_FAILED || entries == MAP_FAILED)
		return -errno;
	entries[0] = operation;
	*(unsigned *)(submissions + shape.sq_off.array) = 0;
	__atomic_store_n((unsigned *)(submissions + shape.sq_off.tail), 1, __ATOMIC_RELEASE);
	result = (int)syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0);
	head = (unsigned *)(completions + shape.cq_off.head);
	tail = (unsigned *)(completions + shape.cq_off.tail);
	if (result < 0)
		result = -errno;
	else if (__atomic_load_n(tail, __ATOMIC_ACQUIRE) == *head)
		result = -ETIMEDOUT;
	else
		result = ((struct io_uring_cqe *)(completions + shape.cq_off.cqes))->res;
	close(ring);
	return result < 0 ? result : 0;
}

int ring_connect(int fd, const union address *to)
{
	return operate(
		(struct io_uring_sqe){ .opcode = IORING_OP_CONNECT, .fd = fd, .addr = (unsigned long)to, .off = length_of(to) });
}

int ring_sendmsg(int fd, struct msghdr *message)
{
	return operate((struct io_uring_sqe){ .opcode = IORING_OP_SENDMSG, .fd = fd, .addr = (unsigned long)message, .len = 1 });
}
