/**
 * The other end, for the command line: one question to the agent and its answer, or an answer that
 * is followed.
 */
@NullMarked
package dev.drawbridge.api.client;

import org.jspecify.annotations.NullMarked;
