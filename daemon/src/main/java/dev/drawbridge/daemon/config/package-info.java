/**
 * What the agent is told by its host: its configuration, and how it reads files and writes its log.
 *
 * <p>Read first: {@link dev.drawbridge.daemon.config.ConfigKey}, the table of keys. {@code
 * YamlText} is the only reader of YAML in the agent.
 */
@NullMarked
package dev.drawbridge.daemon.config;

import org.jspecify.annotations.NullMarked;
