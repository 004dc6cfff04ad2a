/**
 * DNS over datagrams and streams: reads a container's questions, has each judged by its name, asks
 * the very resolver that was meant, from the container's own namespace, and gives back what answers
 * just that, once the kernel knows its addresses.
 *
 * <p>Read first: {@link dev.drawbridge.l7.dns.DnsEngine}. Messages are dnsjava's to read and write;
 * their counts and sizes are looked at before.
 *
 * <p>It never caches, never answers from what it knows, and sends on nothing that it could not
 * read.
 *
 * <p>The registry of engines alone may depend on it.
 */
@NullMarked
package dev.drawbridge.l7.dns;

import org.jspecify.annotations.NullMarked;
