// SPDX-License-Identifier: Apache-2.0
#include "json.h"

#include <string.h>

/* How many keys a path has at most. */
#define MAX_KEYS 4

struct walk {
	const char *text;
	size_t length, at;
	const char *const *path;
	size_t keys;
	/* The open objects and arrays, outermost first: '{' or '['. */
	char open[DB_JSON_DEPTH];
	size_t depth;
	/* How many keys of the path lead to the innermost object; it is on the path if depth is one more. */
	size_t on;
	/* Whether the key of that number has been seen in its object. */
	int seen[MAX_KEYS];
	int twice;
};

static void skip_space(struct walk *walk)
{
	while (walk->at < walk->length) {
		char c = walk->text[walk->at];

		if (c != ' ' && c != '\t' && c != '\r' && c != '\n')
			return;
		walk->at++;
	}
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* 0 with the string that begins here, which is behind us then; -1 if there is none. */
static int read_string(struct walk *walk, struct json_string *found)
{
	if (walk->at >= walk->length || walk->text[walk->at] != '"')
		return -1;
	found->begin = walk->at++;
	while (walk->at < walk->length) {
		unsigned char c = (unsigned char)walk->text[walk->at++];

		if (c == '"') {
			found->end = walk->at;
			return 0;
		}
		if (c < ' ')
			return -1;
		if (c != '\\')
			continue;
		if (walk->at >= walk->length)
			return -1;
		c = (unsigned char)walk->text[walk->at++];
		if (c == 'u') {
			for (int i = 0; i < 4; i++, walk->at++)
				if (walk->at >= walk->length || hex(walk->text[walk->at]) < 0)
					return -1;
		} else if (strchr("\"\\/bfnrt", c) == NULL || c == '\0') {
			return -1;
		}
	}
	return -1;
}

/* A number or a word: whatever it is, no bracket and no quote is in it. */
static int skip_scalar(struct walk *walk)
{
	size_t begin = walk->at;

	while (walk->at < walk->length) {
		char c = walk->text[walk->at];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == 'E' || c == '+' || c == '-' || c == '.'))
			break;
		walk->at++;
	}
	return walk->at > begin ? 0 : -1;
}

/* The next code point of the string's inside: bytes beyond ASCII as they are, escapes decoded. */
static unsigned next(const char *text, size_t *at)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	unsigned char c = (unsigned char)text[(*at)++];
	unsigned code = 0;
	const char *known;

	/* Go folds these two to ASCII letters: the long s (C5 BF) and the Kelvin sign (E2 84 AA). */
	if (c == 0xc5 && (unsigned char)text[*at] == 0xbf) {
		(*at)++;
		return 0x17f;
	}
	if (c == 0xe2 && (unsigned char)text[*at] == 0x84 && (unsigned char)text[*at + 1] == 0xaa) {
		*at += 2;
		return 0x212a;
	}
	if (c != '\\')
		return c < 0x80 ? c : 0x110000u + c;
	c = (unsigned char)text[(*at)++];
	if (c != 'u') {
		known = strchr(from, c);
		return known == NULL ? c : (unsigned char)to[known - from];
	}
	for (int i = 0; i < 4; i++)
		code = code << 4 | (unsigned)hex(text[(*at)++]);
	return code;
}

static unsigned folded(unsigned code)
{
	if (code >= 'A' && code <= 'Z')
		return code + ('a' - 'A');
	if (code == 0x17f)
		return 's';
	return code == 0x212a ? 'k' : code;
}

int json_is(const char *text, struct json_string string, const char *word, int fold)
{
	size_t at = string.begin + 1;

	for (; *word != '\0'; word++) {
		unsigned code, wanted = (unsigned char)*word;

		if (at >= string.end - 1)
			return 0;
		code = next(text, &at);
		if (fold ? folded(code) != folded(wanted) : code != wanted)
			return 0;
	}
	return at == string.end - 1;
}

/* Reads a key and its colon. 1 if it is the path's next one, 0 if not, -1 if it is none. */
static int read_key(struct walk *walk)
{
	struct json_string key;
	int leads;

	if (read_string(walk, &key) != 0)
		return -1;
	skip_space(walk);
	if (walk->at >= walk->length || walk->text[walk->at] != ':')
		return -1;
	walk->at++;
	skip_space(walk);
	leads = walk->on + 1 == walk->depth && walk->on < walk->keys && json_is(walk->text, key, walk->path[walk->on], 1);
	if (leads) {
		walk->twice |= walk->seen[walk->on];
		walk->seen[walk->on] = 1;
	}
	return leads;
}

static int enter(struct walk *walk, char kind, int leads)
{
	if (walk->depth == DB_JSON_DEPTH)
		return -1;
	walk->open[walk->depth++] = kind;
	walk->at++;
	if (leads && kind == '{') {
		walk->on++;
		if (walk->on < walk->keys)
			walk->seen[walk->on] = 0;
	}
	return 0;
}

static void leave(struct walk *walk)
{
	walk->at++;
	walk->depth--;
	if (walk->depth > 0 && walk->on > walk->depth - 1)
		walk->on = walk->depth - 1;
}

/* Everything up to the end of the top-level object. */
static int walk_all(struct walk *walk, json_visitor *visit, void *context)
{
	/* Whether something must have come before a bracket may close: after a comma. */
	int wants = 0;

	while (walk->depth > 0) {
		char kind = walk->open[walk->depth - 1];
		struct json_string string;
		int leads = 0;
		char c;

		skip_space(walk);
		if (walk->at >= walk->length)
			return -1;
		c = walk->text[walk->at];
		if (c == (kind == '{' ? '}' : ']') && !wants) {
			leave(walk);
			goto after;
		}
		if (kind == '{') {
			leads = read_key(walk);
			if (leads < 0 || walk->at >= walk->length)
				return -1;
			c = walk->text[walk->at];
		}
		wants = 0;
		if (c == '{' || c == '[') {
			if (enter(walk, c, leads) != 0)
				return -1;
			continue;
		}
		if (c == '"') {
			if (read_string(walk, &string) != 0)
				return -1;
			if (kind == '[' && walk->on == walk->keys && walk->depth == walk->keys + 2)
				visit(context, walk->text, string);
		} else if (skip_scalar(walk) != 0) {
			return -1;
		}
	after:
		skip_space(walk);
		if (walk->depth == 0)
			break;
		if (walk->at >= walk->length)
			return -1;
		c = walk->text[walk->at];
		if (c == ',') {
			walk->at++;
			wants = 1;
		} else if (c != (walk->open[walk->depth - 1] == '{' ? '}' : ']')) {
			return -1;
		}
	}
	return walk->at == walk->length ? 0 : -1;
}

int json_walk(const char *text, size_t length, const char *const *path, size_t keys, json_visitor *visit, void *context)
{
	static struct walk walk;

	memset(&walk, 0, sizeof(walk));
	if (keys > MAX_KEYS || length > DB_JSON_MAX_BYTES)
		return -1;
	walk.text = text;
	walk.length = length;
	walk.path = path;
	walk.keys = keys;
	skip_space(&walk);
	if (walk.at >= length || text[walk.at] != '{' || enter(&walk, '{', 0) != 0 || walk_all(&walk, visit, context) != 0)
		return -1;
	return walk.twice;
}
