@NullMarked
package dev.drawbridge.l7.accept;

import org.jspecify.annotations.NullMarked;
