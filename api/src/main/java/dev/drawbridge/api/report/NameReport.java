package dev.drawbridge.api.report;

/**
 * One name by which a container knows an address.
 *
 * @param endpoint the container's number in the kernel's tables
 * @param name in lower case, as its answer had it
 * @param address textual
 * @param seconds for how long it is known by it, rounded up; 0: no longer, and kept for connections
 *     that it opened
 * @param open whether some rule speaks of the address by a name whose time is not over
 */
public record NameReport(
    String container, int endpoint, String name, String address, long seconds, boolean open) {}
