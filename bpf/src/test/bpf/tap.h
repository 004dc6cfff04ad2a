/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Claims in TAP, and a last line with the sums. */
#ifndef DRAWBRIDGE_TEST_TAP_H
#define DRAWBRIDGE_TEST_TAP_H

#include <stdio.h>

extern int tap_passed, tap_failed, tap_skipped;

/* One claim; `detail` is a printf format that is shown when it fails. */
#define claim(truth, name, ...) \
	do { \
		if (truth) { \
			printf("ok %d - %s\n", ++tap_passed + tap_failed + tap_skipped, name); \
		} else { \
			printf("not ok %d - %s\n# %s:%d: ", tap_passed + ++tap_failed + tap_skipped, name, __FILE__, __LINE__); \
			printf("" __VA_ARGS__); \
			printf("\n"); \
		} \
		fflush(stdout); \
	} while (0)

#define skip(name, why) printf("ok %d - %s # SKIP %s\n", tap_passed + tap_failed + ++tap_skipped, name, why)

int tap_end(void);

#endif
