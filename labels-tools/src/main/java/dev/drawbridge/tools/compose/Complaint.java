package dev.drawbridge.tools.compose;

import dev.drawbridge.policy.ProblemCode;

/**
 * Something that is wrong with a file, or that cannot be known.
 *
 * @param where the service and what of it; empty for the file
 */
public record Complaint(
    Place place, boolean error, ProblemCode code, String where, String message, String expected) {}
