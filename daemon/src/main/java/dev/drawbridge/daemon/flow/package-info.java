/** Verdicts of kernel and engine as records of flows, and the problems that they show. */
@NullMarked
package dev.drawbridge.daemon.flow;

import org.jspecify.annotations.NullMarked;
