package dev.drawbridge.policy.language;

import java.util.List;
import java.util.Locale;

/** What else a request must have. */
public sealed interface Condition {
  /**
   * {@code with header NAME}, {@code with header NAME=VALUE}, {@code with header NAME in (a b)}.
   *
   * @param name as written; compared without case
   * @param values empty: the header must be there, with any value
   */
  record Header(String name, List<String> values) implements Condition {
    public Header {
      values = List.copyOf(values);
    }

    public String lowerCaseName() {
      return name.toLowerCase(Locale.ROOT);
    }

    @Override
    public String print() {
      return switch (values.size()) {
        case 0 -> "with header " + name;
        case 1 -> "with header " + name + "=" + values.getFirst();
        default -> "with header " + name + " in (" + String.join(" ", values) + ")";
      };
    }
  }

  /** {@code with host NAME}. */
  record Host(NamePattern name) implements Condition {
    @Override
    public String print() {
      return "with host " + name.print();
    }
  }

  /** {@code with group NAME}: of a Kafka consumer; {@code *} stands for any run of characters. */
  record Group(String name) implements Condition {
    @Override
    public String print() {
      return "with group " + name;
    }
  }

  /** {@code with transaction NAME}: the transactional id of a Kafka producer, likewise. */
  record Transaction(String name) implements Condition {
    @Override
    public String print() {
      return "with transaction " + name;
    }
  }

  /** The canonical spelling. */
  String print();
}
