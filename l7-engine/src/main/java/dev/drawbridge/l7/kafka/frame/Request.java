package dev.drawbridge.l7.kafka.frame;

import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;

/**
 * A request that has been read.
 *
 * @param data belongs to whoever judges it, who may change it
 * @param followed whether bytes followed it in its frame, which are no part of it and go nowhere
 * @param weight bytes of memory that it takes while it is kept, at most
 */
public record Request(
    ApiKeys api,
    short version,
    RequestHeaderData header,
    ApiMessage data,
    boolean followed,
    long weight) {
  public int correlation() {
    return header.correlationId();
  }
}
