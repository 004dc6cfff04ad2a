/**
 * Kafka between containers: a real broker, and Kafka's own clients of several years, each in a
 * container that is labelled by {@code docker run} alone.
 *
 * <p>Read first: {@link dev.drawbridge.it.kafka.KafkaOnTheWireTest}; {@link
 * dev.drawbridge.it.kafka.ClientMain} is what runs in the clients' containers.
 *
 * <p>It never asks a broker through the agent what arrived: the log is read where it lies.
 *
 * <p>Nobody may depend on it.
 */
@NullMarked
package dev.drawbridge.it.kafka;

import org.jspecify.annotations.NullMarked;
