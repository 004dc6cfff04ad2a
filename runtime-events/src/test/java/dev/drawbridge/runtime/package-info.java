/**
 * Tests of the Docker feed: its order against a fake engine, its reading against canned answers,
 * and all of it on a real one.
 */
@NullMarked
package dev.drawbridge.runtime;

import org.jspecify.annotations.NullMarked;
