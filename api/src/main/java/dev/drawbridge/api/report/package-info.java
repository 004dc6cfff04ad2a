/**
 * What travels as JSON: reports of the agent as plain records, and how they are written and read.
 *
 * <p>Depends on nothing else here; read {@link dev.drawbridge.api.report.FlowReport} for what all
 * of them look like.
 */
@NullMarked
package dev.drawbridge.api.report;

import org.jspecify.annotations.NullMarked;
