package dev.drawbridge.api.report;

import java.util.Optional;

/**
 * Something the operator should know, in the form that {@code drawbridge lint} prints too.
 *
 * @param code stable, such as {@code DB0103}
 * @param severity {@code error} or {@code warning}
 * @param container the container's name, or empty if it belongs to none
 * @param where label key, {@code file:line}, or the part of the agent
 * @param column 1-based, 0 if there is none
 * @param expected what would have been right, or empty
 * @param suggestion nearest match or the command that mends it
 */
public record ProblemReport(
    String code,
    String severity,
    String container,
    String where,
    int column,
    String message,
    String expected,
    Optional<String> suggestion) {}
