/** Tests of the command line, against a real API server where an agent is needed. */
@NullMarked
package dev.drawbridge.cli;

import org.jspecify.annotations.NullMarked;
