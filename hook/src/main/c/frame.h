/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hook socket's two frames, and nothing else: connect, send one request, read one answer,
 * within a deadline. Mirrored by dev.drawbridge.hook.Frames.
 *
 *   request: "DBH1" | u8 operation | u8[3] zero | u32 length | payload
 *   answer:  "DBH1" | u8 status    | u8[3] zero | u32 length | one UTF-8 sentence
 *
 * Numbers are big-endian.
 */
#ifndef DRAWBRIDGE_FRAME_H
#define DRAWBRIDGE_FRAME_H

#include <stddef.h>
#include <stdint.h>

#define DB_HEADER 12
#define DB_MAX_PAYLOAD (1u << 20)
#define DB_MAX_TEXT 4096u

#define DB_DEFAULT_SOCKET "/run/drawbridge/hook.sock"
#define DB_DEFAULT_EXEMPT "/var/lib/drawbridge/exempt"
#define DB_DEFAULT_CONNECT_MS 2000
#define DB_DEFAULT_TOTAL_MS 8000
/* A supervisor has an agent that ended back within this; longer holds up an engine that boots. */
#define DB_DEFAULT_WAIT_MS 3000
#define DB_MAX_MS 600000

enum db_operation { DB_PATCH = 1, DB_CREATE_RUNTIME = 2, DB_POSTSTOP = 3, DB_START = 4 };

enum db_status { DB_GO = 0, DB_REFUSE = 1, DB_GO_UNGUARDED = 2 };

/* The agent's answer, or (answered == 0) a sentence that says why there is none. */
struct db_answer {
	int answered;
	enum db_status status;
	char text[DB_MAX_TEXT + 1];
};

/* Milliseconds of CLOCK_MONOTONIC. */
int64_t db_now(void);

/* Milliseconds until then, never negative. */
int db_left(int64_t deadline);

/*
 * One exchange. Never fails in another way than by answered == 0. Raises no SIGPIPE and leaves no
 * descriptor behind, whatever happens.
 *
 * An agent that is not there, or that ends before it has answered, is waited for: what is asked may
 * be asked twice. 0 waits for nobody; DEADLINE holds all the same.
 */
void db_exchange(const char *socket_path, enum db_operation operation, const void *payload, uint32_t length, int connect_ms,
	int wait_ms, int64_t deadline, struct db_answer *answer);

/* Whether somebody accepts connections there. Asks nothing. */
int db_listening(const char *socket_path, int connect_ms);

/*
 * Whether DIRECTORY lists this id as exempt: a file of that name. An id that could leave the
 * directory is never exempt.
 */
int db_exempt(const char *directory, const char *id);

/* A whole number between 1 and DB_MAX_MS, or -1; of db_wait between 0 and DB_MAX_MS. */
int db_milliseconds(const char *text);
int db_wait(const char *text);

/* Replaces control characters by spaces: what is printed stays one line. */
void db_one_line(char *text);

#endif
