/** {@code drawbridge doctor}: looks at host, kernel, engines and agent, and changes nothing. */
@NullMarked
package dev.drawbridge.cli.doctor;

import org.jspecify.annotations.NullMarked;
