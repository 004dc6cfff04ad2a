/**
 * The attack streams of the project's own: templates and mutations written from RFC 9110, 9112,
 * 9113, 7541 and 3986, each with what a strict reader must make of it. Nothing in here asks the
 * engine; {@link dev.drawbridge.l7.streams.Stream} first.
 */
@NullMarked
package dev.drawbridge.l7.streams;

import org.jspecify.annotations.NullMarked;
