/** What both versions of HTTP say when they refuse. */
@NullMarked
package dev.drawbridge.l7.http;

import org.jspecify.annotations.NullMarked;
