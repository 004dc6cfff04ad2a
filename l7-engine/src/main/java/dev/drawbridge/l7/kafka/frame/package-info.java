/**
 * Kafka's frames as bytes: put together, read by Kafka's own classes under limits, or looked
 * through in pieces.
 *
 * <p>Nothing here judges.
 */
@NullMarked
package dev.drawbridge.l7.kafka.frame;

import org.jspecify.annotations.NullMarked;
