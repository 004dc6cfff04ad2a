package dev.drawbridge.l7.kafka;

import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;

/**
 * A request that has been read.
 *
 * @param data belongs to whoever judges it, who may change it
 */
record Request(ApiKeys api, short version, RequestHeaderData header, ApiMessage data) {
  int correlation() {
    return header.correlationId();
  }
}
