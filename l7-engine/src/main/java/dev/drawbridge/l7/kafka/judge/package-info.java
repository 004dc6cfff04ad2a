/**
 * Who judges which request, by which right, and what becomes of it: {@link
 * dev.drawbridge.l7.kafka.judge.Judges} lists them, {@link dev.drawbridge.l7.kafka.judge.Ruling} is
 * what they say.
 *
 * <p>Nothing here knows of connections.
 */
@NullMarked
package dev.drawbridge.l7.kafka.judge;

import org.jspecify.annotations.NullMarked;
