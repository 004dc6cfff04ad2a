/** Tests of the Kafka engine without a socket, by Kafka's own generated classes. */
@NullMarked
package dev.drawbridge.l7.kafka;

import org.jspecify.annotations.NullMarked;
