/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A walk over JSON text that others wrote (RFC 8259), in one pass, with no memory of its own beyond
 * a stack of DB_JSON_DEPTH. It finds the strings of the arrays of one object, which is named by the
 * keys that lead to it from the top: ["config", "capabilities"] is the object {"config":
 * {"capabilities": HERE}} and nothing else of that name, however deep, in whatever string.
 *
 * Runtimes read these files with Go's encoding/json or yajl, so keys are compared as the laxer of
 * the two does: escapes decoded, case folded.
 */
#ifndef DRAWBRIDGE_JSON_H
#define DRAWBRIDGE_JSON_H

#include <stddef.h>

/* As deep as Go's encoding/json goes. */
#define DB_JSON_DEPTH 10000

/* Longest text that is looked at. */
#define DB_JSON_MAX_BYTES (64u << 20)

struct json_string {
	/* The quotes included. */
	size_t begin, end;
};

typedef void json_visitor(void *context, const char *text, struct json_string found);

/*
 * Visits each string that is an element of an array that is a member of the object at the path.
 * 0; 1 if a key of the path stands twice, so that two readers may see two objects; -1 if the text
 * is not one JSON object, or nests deeper than DB_JSON_DEPTH, or is longer than DB_JSON_MAX_BYTES.
 */
int json_walk(const char *text, size_t length, const char *const *path, size_t keys, json_visitor *visit, void *context);

/* Whether the string, its escapes decoded, is this word of ASCII; with FOLD, in whatever case. */
int json_is(const char *text, struct json_string string, const char *word, int fold);

#endif
