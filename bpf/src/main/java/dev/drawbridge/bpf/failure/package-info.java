/**
 * What is thrown when the kernel or libbpf refuses: {@link dev.drawbridge.bpf.failure.BpfException}
 * and its kinds.
 *
 * <p>"Not permitted" never becomes "not there" here.
 */
@NullMarked
package dev.drawbridge.bpf.failure;

import org.jspecify.annotations.NullMarked;
