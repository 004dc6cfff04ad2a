/** Tests of reading compose files, beside the real programs. */
@NullMarked
package dev.drawbridge.tools.compose;

import org.jspecify.annotations.NullMarked;
