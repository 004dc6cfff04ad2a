package dev.drawbridge.l7.relay;

import io.netty.channel.ChannelInboundHandler;

/**
 * A client's connection in terms of its protocol: the last handler of its channel, and what the
 * loop keeps of it.
 */
public interface Conversation extends Connection, ChannelInboundHandler {}
