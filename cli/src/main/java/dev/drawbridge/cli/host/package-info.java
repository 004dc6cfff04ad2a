/**
 * Commands about the host: what is registered with its container engines, and what the agent is
 * configured with.
 */
@NullMarked
package dev.drawbridge.cli.host;

import org.jspecify.annotations.NullMarked;
