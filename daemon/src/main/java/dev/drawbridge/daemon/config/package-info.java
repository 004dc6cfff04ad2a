/**
 * What the agent is told by its host: its configuration, read once, and how it reads files and
 * writes its log.
 */
@NullMarked
package dev.drawbridge.daemon.config;

import org.jspecify.annotations.NullMarked;
