package dev.drawbridge.policy.language;

import dev.drawbridge.policy.Ports;
import java.util.List;

/** What a sentence lets happen, or not. */
public sealed interface Action {
  /**
   * {@code GET,POST /path}.
   *
   * @param methods empty for ANY
   */
  record Http(List<String> methods, PathPattern path) implements Action {
    public Http {
      methods = List.copyOf(methods);
    }

    @Override
    public String print() {
      return (methods.isEmpty() ? "ANY" : String.join(",", methods)) + " " + path.print();
    }
  }

  /** {@code call pkg.Service/Method}; {@code *} and {@code **} as in a path. */
  record Call(String target) implements Action {
    @Override
    public String print() {
      return "call " + target;
    }
  }

  /** {@code produce topic}; {@code *} stands for any run of characters. */
  record Produce(String topic) implements Action {
    @Override
    public boolean covers(Action narrow) {
      return narrow instanceof Produce(var other) && Globs.covers(topic, other);
    }

    @Override
    public String print() {
      return "produce " + topic;
    }
  }

  /** {@code consume topic}; {@code *} stands for any run of characters. */
  record Consume(String topic) implements Action {
    @Override
    public boolean covers(Action narrow) {
      return narrow instanceof Consume(var other) && Globs.covers(topic, other);
    }

    @Override
    public String print() {
      return "consume " + topic;
    }
  }

  /** {@code administer}: what a Kafka cluster is asked beside producing and consuming. */
  record Administer() implements Action {
    @Override
    public String print() {
      return "administer";
    }
  }

  /** {@code resolve name}. */
  record Resolve(NamePattern name) implements Action {
    private static final Ports DNS =
        new Ports(List.of(new Ports.Span(Ports.TCP, 53, 53), new Ports.Span(Ports.UDP, 53, 53)));

    @Override
    public Ports ports(Ports written) {
      return written.isEmpty() ? DNS : written;
    }

    @Override
    public boolean namesItsObject() {
      return true;
    }

    @Override
    public boolean covers(Action narrow) {
      return narrow instanceof Resolve(var other) && name.covers(other);
    }

    @Override
    public String print() {
      return "resolve " + name.print();
    }
  }

  /** {@code connect 5432/tcp}; no span is every protocol and port. */
  record Connect(Ports ports) implements Action {
    @Override
    public Ports ports(Ports written) {
      return ports;
    }

    @Override
    public String print() {
      return ports.isEmpty() ? "connect" : "connect " + ports.print();
    }
  }

  /** {@code open tls to name}: by the name in the client's hello. */
  record OpenTls(NamePattern name) implements Action {
    @Override
    public boolean namesItsObject() {
      return true;
    }

    @Override
    public boolean covers(Action narrow) {
      return narrow instanceof OpenTls(var other) && name.covers(other);
    }

    @Override
    public String print() {
      return "open tls to " + name.print();
    }
  }

  /** The canonical spelling. */
  String print();

  /** The ports that it is about, of a sentence that names these. */
  default Ports ports(Ports written) {
    return written;
  }

  /** Whether it says itself what it is done to, so that a sentence needs no object. */
  default boolean namesItsObject() {
    return false;
  }

  /** Whether it speaks of everything that another one speaks of. May say no when unsure. */
  default boolean covers(Action narrow) {
    return equals(narrow);
  }
}
