/** Keys of maps, as {@code abi.h} has them. */
@NullMarked
package dev.drawbridge.bpf.key;

import org.jspecify.annotations.NullMarked;
