/**
 * Records and numbers that mirror {@code abi.h}: what is written into maps, what comes out of the
 * ring, how large a map may be.
 *
 * <p>A test compares each with the BTF of the object.
 */
@NullMarked
package dev.drawbridge.bpf.abi;

import org.jspecify.annotations.NullMarked;
