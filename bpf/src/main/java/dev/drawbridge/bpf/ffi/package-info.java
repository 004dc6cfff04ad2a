/**
 * The only door to native code: libbpf and a handful of libc functions, as Java interfaces.
 *
 * <p>Read first: {@link dev.drawbridge.bpf.ffi.LibBpf} and {@link dev.drawbridge.bpf.ffi.LibC}.
 * Above them, in {@code dev.drawbridge.bpf}, is what the product wants; behind them,
 * package-private, is {@code java.lang.foreign}. Failures are negative errno numbers, as libbpf
 * returns them.
 *
 * <p>It never lets a {@code MemorySegment} out, never throws from an upcall, never keeps native
 * memory that no object owns, and never interprets what it carries.
 *
 * <p>Only {@code dev.drawbridge.bpf} may depend on it.
 */
@NullMarked
package dev.drawbridge.bpf.ffi;

import org.jspecify.annotations.NullMarked;
