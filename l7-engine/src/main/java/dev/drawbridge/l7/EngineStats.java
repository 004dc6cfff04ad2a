package dev.drawbridge.l7;

/**
 * Counters since the engine was made; a snapshot whose numbers were read one after the other.
 *
 * @param connections open towards clients now
 * @param accepted connections taken
 * @param unclaimed connections that no redirect explains
 * @param requests read, whatever became of them
 * @param denied requests answered 403
 * @param malformed requests refused because they could not be read in one way only, or in time, or
 *     within the limits
 * @param upstreamFailures requests that were allowed and failed behind the engine
 * @param limited connections refused or closed because of a limit of connections or memory
 * @param heldBytes what peers make the engine hold now
 * @param lateDenied connections closed because the policy changed
 * @param requestBytes read from clients
 * @param responseBytes written to clients
 */
public record EngineStats(
    long connections,
    long accepted,
    long unclaimed,
    long requests,
    long denied,
    long malformed,
    long upstreamFailures,
    long limited,
    long heldBytes,
    long lateDenied,
    long requestBytes,
    long responseBytes) {}
