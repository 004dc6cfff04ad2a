package dev.drawbridge.policy.parse;

import dev.drawbridge.policy.Cidr;
import dev.drawbridge.policy.Ports;
import dev.drawbridge.policy.ProblemCode;
import dev.drawbridge.policy.labels.Nearest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Docker's own notation: {@code 5432}, {@code 5432/tcp}, {@code 8000-8100/udp}. */
final class PortParser {
  private static final Map<String, Integer> PROTOCOLS =
      Map.of("tcp", Ports.TCP, "udp", Ports.UDP, "sctp", Ports.SCTP, "icmp", Ports.ICMP);
  private static final List<String> WORDS = List.of("tcp", "udp", "sctp", "icmp", "any");
  private static final String CONNECT = "for instance 5432, 5432/tcp, 8000-8100/udp or icmp";
  private static final String PORT = "for instance 8080, 8080,9090 or 8000-8100";

  private PortParser() {}

  /** After {@code connect}: with protocols. */
  static Ports connect(Token token) {
    if (token.is("any")) {
      return Ports.NONE;
    }
    var spans = new ArrayList<Ports.Span>();
    for (Token item : items(token)) {
      spans.add(connectSpan(item));
    }
    return new Ports(spans);
  }

  /** After {@code port}: always TCP. */
  static Ports port(Token token) {
    var spans = new ArrayList<Ports.Span>();
    for (Token item : items(token)) {
      int slash = item.text().indexOf('/');
      String numbers = item.text();
      if (slash >= 0) {
        if (!item.text().endsWith("/tcp")) {
          throw new Mistake(
              ProblemCode.BAD_PORT,
              item,
              "such a rule is about TCP",
              PORT,
              Optional.of(item.text().substring(0, slash)).filter(s -> !s.isEmpty()));
        }
        numbers = numbers.substring(0, slash);
      }
      spans.add(span(item, numbers, Ports.TCP, PORT));
    }
    return new Ports(spans);
  }

  private static List<Token> items(Token token) {
    var items = new ArrayList<Token>();
    int column = token.column();
    for (String part : token.text().split(",", -1)) {
      if (part.isEmpty()) {
        throw new Mistake(
            ProblemCode.BAD_PORT, token, "a port is missing beside a comma", "ports like 80,443");
      }
      items.add(new Token(part, column));
      column += part.length() + 1;
    }
    return items;
  }

  private static Ports.Span connectSpan(Token item) {
    String text = item.text();
    int slash = text.indexOf('/');
    if (slash < 0) {
      Integer whole = PROTOCOLS.get(text);
      if (whole != null) {
        return whole == Ports.ICMP
            ? new Ports.Span(Ports.ICMP, 0, 0)
            : new Ports.Span(whole, 0, Ports.MAX_PORT);
      }
      return span(item, text, Ports.TCP, CONNECT);
    }
    String name = text.substring(slash + 1);
    Integer protocol = PROTOCOLS.get(name);
    String numbers = text.substring(0, slash);
    if (protocol == null && PROTOCOLS.containsKey(numbers)) {
      throw new Mistake(
          ProblemCode.BAD_PORT,
          item,
          "the port stands before its protocol",
          CONNECT,
          Optional.of(name + "/" + numbers));
    }
    if (protocol == null) {
      throw new Mistake(
          ProblemCode.BAD_PORT,
          item.from(Math.min(slash + 1, text.length() - 1)),
          "'" + name + "' is no protocol that can be named",
          "tcp, udp or sctp",
          Synonyms.ofProtocol(name)
              .or(() -> Nearest.of(name, PROTOCOLS.keySet()))
              .map(p -> numbers + "/" + p));
    }
    if (protocol == Ports.ICMP) {
      throw new Mistake(
          ProblemCode.BAD_PORT, item, "ICMP has no ports", "icmp alone", Optional.of("icmp"));
    }
    return span(item, numbers, protocol, CONNECT);
  }

  private static Ports.Span span(Token item, String numbers, int protocol, String expected) {
    int dash = numbers.indexOf('-');
    int low = number(item, dash < 0 ? numbers : numbers.substring(0, dash), expected);
    int high = dash < 0 ? low : number(item, numbers.substring(dash + 1), expected);
    if (high < low) {
      throw new Mistake(
          ProblemCode.BAD_PORT,
          item,
          "the range " + numbers + " ends before it begins",
          expected,
          Optional.of(high + "-" + low));
    }
    return new Ports.Span(protocol, low, high);
  }

  private static int number(Token item, String text, String expected) {
    int value = Cidr.decimal(text, Ports.MAX_PORT);
    if (value < 1) {
      boolean word = !text.isEmpty() && !Character.isDigit(text.charAt(0));
      throw new Mistake(
          ProblemCode.BAD_PORT,
          item,
          "'" + text + "' is not a port",
          expected,
          word
              ? Synonyms.ofPort(text).filter(p -> isWhole(item, text, p)).or(() -> near(text))
              : Optional.empty());
    }
    return value;
  }

  /** What stands for a name must fit where the name stood. */
  private static boolean isWhole(Token item, String name, String port) {
    return item.text().equals(name) || port.indexOf('/') < 0;
  }

  private static Optional<String> near(String text) {
    return Synonyms.ofProtocol(text).isPresent() ? Optional.empty() : Nearest.of(text, WORDS);
  }
}
