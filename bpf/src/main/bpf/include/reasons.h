/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Why a verdict was what it was. One closed list for the kernel, the engine,
 * the API and docs/reasons.md; a test compares this file, the Java enum
 * dev.drawbridge.policy.Reason and the document. Codes are never reused (3 was
 * one that nobody gave).
 */
#ifndef DRAWBRIDGE_REASONS_H
#define DRAWBRIDGE_REASONS_H

/* A line a reason. */
/* clang-format off */
enum db_reason {
	DB_REASON_RULE_ALLOWS = 1, /* both sides allow, at least one by a rule */
	DB_REASON_OPEN = 2, /* no rule selects either side in this direction, or a container talks to itself */
	DB_REASON_RULE_DENIES = 16, /* a "may not" rule matches */
	DB_REASON_NO_RULE = 17, /* the side is closed and no rule allows it */
	DB_REASON_UNKNOWN_SELF = 18, /* program attached, endpoint not yet written */
	DB_REASON_UNKNOWN_ENDPOINT = 19, /* endpoint number without an entry */
	DB_REASON_UNVOUCHED_ADDRESS = 20, /* from a container's address, but its own egress program never saw the flow */
	DB_REASON_NEEDS_ENGINE = 21, /* a layer-7 rule decides, and the bytes did not come through the engine */
	DB_REASON_ENGINE_UNAVAILABLE = 22, /* a layer-7 rule decides, and no engine listens for it */
	DB_REASON_WRONG_CALLEE = 23, /* judged for another container that had this address before */
	DB_REASON_LATE_DENY = 24, /* allowed once; the policy has changed since */
	DB_REASON_MALFORMED_PACKET = 25, /* headers that cannot be read */
	DB_REASON_FRAGMENT = 26, /* a fragment with an offset, made by hand */
	DB_REASON_RAW_SOCKET = 27, /* TCP or UDP by a raw socket */
	DB_REASON_UNJUDGED_SOCKET = 28, /* connection older than the attachment */
	DB_REASON_PROTOCOL = 29, /* protocol that no rule can name */
	DB_REASON_STATE_FULL = 30, /* kernel memory for the socket's state refused */
	DB_REASON_NO_POLICY = 31, /* the agent has not applied any generation yet */
	DB_REASON_REWRITTEN = 32, /* the packet goes elsewhere than its socket was judged for: NAT or a tunnel in the container */
	DB_REASON_CALLER_REWRITES = 33, /* a layer-7 rule decides, and CAP_NET_ADMIN or CAP_SYS_ADMIN in the caller's network namespace could change what the engine sends */
	DB_REASON_BOUND_DEVICE = 34, /* a layer-7 rule decides, and the socket is bound to an interface, from which the engine cannot be reached */
	DB_REASON_LISTENER_UNKNOWN = 35, /* containers share the callee's network namespace, and whose the listener is that a layer-7 rule decides for is not known */
	/* 64..: the engine; never set by the kernel */
	DB_REASON_HTTP_MALFORMED = 64, /* not a request that every server would read alike */
	DB_REASON_HTTP_TOO_LARGE = 65, /* beyond a named limit: 413, 414 or 431 */
	DB_REASON_HTTP_TIMEOUT = 66, /* 408: the head did not arrive in time */
	DB_REASON_HTTP_PATH_AMBIGUOUS = 67, /* readings of method or path disagree under the rules, or are too many */
	DB_REASON_NOT_HTTP = 68, /* an HTTP rule decides, and the bytes are something else */
	DB_REASON_UNSUPPORTED_PROTOCOL = 69, /* a rule for a protocol whose engine does not exist yet */
	DB_REASON_NO_ORIGIN = 70, /* reached the engine's listener without having been redirected */
	/* 71, 72, 74 and 75 were endings, not verdicts: never again */
	DB_REASON_LIMIT = 73, /* a connection or memory limit of the engine */
	DB_REASON_TLS_NO_NAME = 76, /* a TLS hello that names no server */
	DB_REASON_TLS_NAME_HIDDEN = 77, /* a TLS hello with Encrypted Client Hello, real or as a placeholder (GREASE): turn it off in the client */
	DB_REASON_TLS_UNDER_HTTP_RULE = 78, /* an HTTP or Kafka rule decides, and the client speaks TLS */
	DB_REASON_NOT_TLS = 79, /* a TLS rule decides, and the bytes are something else */
	DB_REASON_CLIENT_SILENT = 80, /* an engine rule decides, and the client said nothing in time */
	DB_REASON_INCOMPLETE = 81, /* what was to be judged ended before it was whole */
	DB_REASON_HTTP_UPGRADE = 82, /* an HTTP rule decides, and the request asks for another upgrade than websocket, which no rule names (with header Upgrade=NAME) */
	DB_REASON_NOT_KAFKA = 90, /* a Kafka rule decides, and the bytes are something else */
	DB_REASON_KAFKA_MALFORMED = 91, /* not a Kafka request that every broker would read alike */
	DB_REASON_KAFKA_UNKNOWN = 92, /* a Kafka request of a key or version that cannot be judged */
	DB_REASON_NOT_DNS = 95, /* a resolve rule decides, and the bytes are something else */
	DB_REASON_DNS_MALFORMED = 96, /* not a DNS message that every resolver would read alike */
	DB_REASON_DNS_REBINDING = 97, /* the answer gives a name of the outside an address of the inside, which no rule allows */
};
/* clang-format on */

#endif
