/** What {@code drawbridge selftest} makes and reads; the rest of it needs an engine. */
@NullMarked
package dev.drawbridge.cli.selftest;

import org.jspecify.annotations.NullMarked;
