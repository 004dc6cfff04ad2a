package dev.drawbridge.control;

import dev.drawbridge.policy.Cidr;
import dev.drawbridge.policy.kernel.PortTable;

/** One change to what is applied. Executed in the order of the plan, by one executor. */
public sealed interface Action {

  /** Write a port table under a number that no pair refers to yet. */
  record PutTable(int table, PortTable content) implements Action {}

  /** Point a pair at a table; from then on it decides. */
  record PutPair(PairKey pair, int table) implements Action {}

  /** Write an endpoint's flags, namespace and engine ports. */
  record PutEndpoint(int endpoint, EndpointState state) implements Action {}

  /** Say whose address, or range of addresses, this is; the longest prefix decides. */
  record PutAddress(Cidr address, int peer) implements Action {}

  /** Nobody's address any more: it counts as the world's. */
  record DropAddress(Cidr address) implements Action {}

  /** The pair falls back to its owner's entry for any peer, or to denial. */
  record DropPair(PairKey pair) implements Action {}

  /** The endpoint is unknown from then on: denied. */
  record DropEndpoint(int endpoint) implements Action {}

  /** No pair refers to the table any more. */
  record DropTable(int table) implements Action {}

  /** Every socket is judged again at its next packet. */
  record SetGeneration(long generation) implements Action {}
}
