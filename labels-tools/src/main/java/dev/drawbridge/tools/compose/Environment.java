package dev.drawbridge.tools.compose;

import java.util.List;
import java.util.Map;

/** Variables: those of the process first, then those of {@code .env} files. */
final class Environment {
  /** Variables of one origin. */
  record Layer(Map<String, Known> variables) {}

  /** What is known of a variable. */
  sealed interface Variable {
    record Set(String value) implements Variable {}

    record Unset() implements Variable {}

    record Unknown(String why) implements Variable {}
  }

  private final List<Layer> layers;

  Environment(List<Layer> layers) {
    this.layers = List.copyOf(layers);
  }

  static Layer process(Map<String, String> variables) {
    var known = new java.util.TreeMap<String, Known>();
    variables.forEach((key, value) -> known.put(key, new Known.Text(value)));
    return new Layer(known);
  }

  /** With further variables that count where these have none. */
  Environment and(Layer layer) {
    var all = new java.util.ArrayList<>(layers);
    all.add(layer);
    return new Environment(all);
  }

  Variable variable(String name) {
    for (Layer layer : layers) {
      Known value = layer.variables().get(name);
      if (value != null) {
        return switch (value) {
          case Known.Text(var text) -> new Variable.Set(text);
          case Known.Unknown(var why) -> new Variable.Unknown(why);
          case Known.Wrong(var why, _) -> new Variable.Unknown(why);
        };
      }
    }
    return new Variable.Unset();
  }
}
