/**
 * What the language knows of Kafka: what a request asks of a cluster, and how that is judged.
 *
 * <p>Read first: {@link dev.drawbridge.policy.kafka.KafkaProtocol}, which the registry of protocols
 * has, then {@link dev.drawbridge.policy.kafka.KafkaAsk}: SPEC K1 to K8 in types.
 *
 * <p>It knows no API key and no version: which request asks for what is the engine's affair.
 *
 * <p>Whoever asks about topics, groups and transactions may depend on it.
 */
@NullMarked
package dev.drawbridge.policy.kafka;

import org.jspecify.annotations.NullMarked;
