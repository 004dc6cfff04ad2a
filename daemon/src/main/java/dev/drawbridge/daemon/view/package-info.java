/**
 * What answers the API: read-only views of what others own, and who may ask.
 *
 * <p>Only the agent knows it.
 */
@NullMarked
package dev.drawbridge.daemon.view;

import org.jspecify.annotations.NullMarked;
