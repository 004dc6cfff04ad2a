// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tap.h"

int tap_passed, tap_failed, tap_skipped;

int tap_end(void)
{
	printf("1..%d\n%d passed, %d failed, %d skipped\n", tap_passed + tap_failed + tap_skipped, tap_passed, tap_failed,
		tap_skipped);
	fflush(stdout);
	return tap_failed ? 1 : 0;
}
