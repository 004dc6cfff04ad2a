package dev.drawbridge.tools.compose;

/**
 * A label of a service.
 *
 * @param key as written, if it has a {@code $} in it
 * @param joined whether lines were joined to make the value
 */
public record Label(String key, Known value, Place place, boolean joined) {}
