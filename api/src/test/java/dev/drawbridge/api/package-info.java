/**
 * Tests of the control API, against a real server on a real Unix socket and a real loopback port.
 */
@NullMarked
package dev.drawbridge.api;

import org.jspecify.annotations.NullMarked;
