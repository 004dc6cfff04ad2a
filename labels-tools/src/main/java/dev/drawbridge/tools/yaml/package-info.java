/**
 * YAML as a tree with line numbers, read strictly.
 *
 * <p>Read first: {@link dev.drawbridge.tools.yaml.YamlReader}.
 *
 * <p>It never makes objects from tags, never follows an alias without counting, and never lets a
 * repeated key or a second meaning pass: what readers disagree about is a mistake.
 *
 * <p>Used by lint and import only, and so by the client only.
 */
@NullMarked
package dev.drawbridge.tools.yaml;

import org.jspecify.annotations.NullMarked;
