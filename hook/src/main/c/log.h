/* SPDX-License-Identifier: Apache-2.0 */
/* The log that a runtime was given (--log), whose last error its caller shows to the user. */
#ifndef DRAWBRIDGE_LOG_H
#define DRAWBRIDGE_LOG_H

#include <stddef.h>

/* Writes TEXT as a JSON string's inside. Bytes above 0x7f pass, as UTF-8 may. -1 if it is full. */
int log_escape(char *to, size_t room, const char *text);

/* What cannot be written is lost: there is nobody left to tell. */
void log_write(int fd, const char *bytes, size_t length);

/* One line as runc's own logger writes it (logrus, JSON or text). */
void log_append(const char *path, int json, const char *sentence);

/*
 * The same, as JSON, in the place of a log that is there. A runtime that has it open goes on
 * writing into the former one, where nobody looks for the last word.
 */
void log_replace(const char *path, const char *sentence);

#endif
