/** Tests of the Java side; those tagged kernel need root and a kernel that loads programs. */
@NullMarked
package dev.drawbridge.bpf;

import org.jspecify.annotations.NullMarked;
