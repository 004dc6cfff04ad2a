/**
 * The engine for Kafka: requests are read by Kafka's own generated classes on a view of the frame,
 * judged, and go on as they came, or less what is refused; answers go by unread but where something
 * is to be taken out, put in or learnt.
 *
 * <p>Read first: {@link dev.drawbridge.l7.kafka.KafkaEngine}, which the registry of engines has,
 * and its conversation; then {@link dev.drawbridge.l7.kafka.judge.Judges}, which says who judges
 * what, and {@link dev.drawbridge.l7.kafka.judge.Ruling}, which is what becomes of a request.
 *
 * <p>It never opens a batch of records, never forwards a key or a version that it does not
 * understand, never takes one topic's id for another's.
 *
 * <p>Only the registry of engines may depend on it.
 */
@NullMarked
package dev.drawbridge.l7.kafka;

import org.jspecify.annotations.NullMarked;
