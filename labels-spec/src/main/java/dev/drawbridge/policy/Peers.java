package dev.drawbridge.policy;

/** Peer numbers as the kernel knows them (abi.h). */
public final class Peers {
  /** In a pair: every peer that has no entry of its own. */
  public static final int ANY = 0;

  /** A process of the host, or traffic that the host relays. */
  public static final int HOST = 1;

  /** Everything that is neither host nor container. */
  public static final int WORLD = 2;

  /**
   * A container that the operator lets run unguarded. It has no side, and no selector matches it.
   */
  public static final int EXEMPT = 3;

  /** Containers are numbered from here to 2^31-1. */
  public static final int FIRST_ENDPOINT = 256;

  /**
   * Address ranges named by rules are numbered from here up, as unsigned numbers; as {@code int}
   * they are negative. Each is a part of {@link #WORLD}.
   */
  public static final int FIRST_NETWORK = 0x8000_0000;

  /**
   * Addresses that a container has learned by names which its rules are about are numbered from
   * here up, as unsigned numbers: parts of {@link #WORLD} too, and of a range if one holds them.
   */
  public static final int FIRST_NAMED = 0xC000_0000;

  /** Who can be nobody, so that what comes from or goes to it is denied. */
  public static final int UNKNOWN = Integer.MAX_VALUE;

  private Peers() {}

  /** Whether the number is a container's. */
  public static boolean isEndpoint(int peer) {
    return peer >= FIRST_ENDPOINT;
  }

  /** Whether the number is an address range's, or that of addresses known by name. */
  public static boolean isNetwork(int peer) {
    return peer < 0;
  }

  /** Whether the number is that of addresses known by name. */
  public static boolean isNamed(int peer) {
    return peer >= FIRST_NAMED && peer < 0;
  }
}
