/**
 * Commands about the host: what is registered with its container engine, what the agent is
 * configured with, and what {@code doctor} finds.
 */
@NullMarked
package dev.drawbridge.cli.host;

import org.jspecify.annotations.NullMarked;
