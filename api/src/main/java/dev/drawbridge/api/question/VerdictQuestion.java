package dev.drawbridge.api.question;

import dev.drawbridge.api.ApiException;
import dev.drawbridge.policy.ask.Asked;
import dev.drawbridge.policy.ask.Who;
import dev.drawbridge.policy.kafka.KafkaAsk;
import dev.drawbridge.policy.read.Ask;
import dev.drawbridge.policy.tls.TlsAsk;
import java.net.InetAddress;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** Reads the parameters of {@code /v1/verdict} into a question. */
public final class VerdictQuestion {
  public static final List<String> PARAMETERS =
      List.of(
          "from",
          "to",
          "method",
          "path",
          "port",
          "protocol",
          "host",
          "sni",
          "kafka",
          "topic",
          "group",
          "transaction",
          "explain");
  public static final String HEADER_PREFIX = "header.";

  private static final String PARTY_FORM =
      "labels as key=value,key2=value2, service:NAME, service:PROJECT/NAME, a container's name or id, an address, host or"
          + " world";

  private static final Pattern BROKEN_ESCAPE = Pattern.compile("%(?![0-9A-Fa-f]{2})");

  private static final int MAX_NAME = 253;

  /** Labels of at most 63, the last one not a number. */
  private static final Pattern SERVER_NAME =
      Pattern.compile("([A-Za-z0-9_-]{1,63}\\.)*(?![0-9]+$)[A-Za-z0-9_-]{1,63}");

  private VerdictQuestion() {}

  /**
   * Reads a question as {@code /v1/verdict} does.
   *
   * @param parameters name and value in turn, not encoded
   * @throws ApiException if they are no question
   */
  public static Asked of(List<String> parameters) throws ApiException {
    try {
      return read(Query.of(parameters));
    } catch (Refusal refusal) {
      throw new ApiException(refusal.report().sentence());
    }
  }

  public static Asked read(Query query) throws Refusal {
    query.allowOnly(PARAMETERS, HEADER_PREFIX);
    Who from = party("from", query.required("from", PARTY_FORM));
    Who to = party("to", query.required("to", PARTY_FORM));
    Optional<Asked.Request> request = request(query);
    Asked.Protocol protocol = protocol(query);
    Optional<String> serverName = serverName(query);
    if (serverName.isPresent() && request.isPresent()) {
      throw Query.bad(
          "sni",
          "requests within TLS are not seen",
          "sni without method and path, or method and path without sni");
    }
    if (serverName.isPresent() && protocol != Asked.Protocol.TCP) {
      throw Query.bad("protocol", "TLS travels over tcp", "tcp, or no sni");
    }
    Optional<KafkaAsk> kafka = KafkaQuestion.of(query);
    if (kafka.isPresent() && (request.isPresent() || serverName.isPresent())) {
      throw Query.bad(
          "kafka",
          "a connection speaks one protocol",
          "kafka without method, path and sni, or those without kafka");
    }
    if (kafka.isPresent() && protocol != Asked.Protocol.TCP) {
      throw Query.bad("protocol", "Kafka travels over tcp", "tcp, or no kafka");
    }
    int port = query.number("port", 1, 65535).orElse(0);
    if (request.isPresent() && protocol != Asked.Protocol.TCP) {
      throw Query.bad(
          "protocol", "a request with a method travels over tcp", "tcp, or no method and path");
    }
    Optional<Ask> ask =
        kafka.isPresent() ? kafka.map(Ask.class::cast) : serverName.map(TlsAsk::new);
    if (request.isEmpty() && ask.isEmpty() && port == 0 && protocol != Asked.Protocol.ICMP) {
      throw new Refusal(
          400,
          "missing-parameter",
          "neither a request nor a server name nor a topic nor a port is given",
          "method and path, or sni, or kafka, or port, or protocol=icmp");
    }
    SortedMap<String, List<String>> all = headers(query);
    Optional<String> host = host(query, all);
    SortedMap<String, List<String>> headers = new TreeMap<>(all);
    headers.remove("host");
    if (request.isEmpty() && (host.isPresent() || !headers.isEmpty())) {
      throw new Refusal(
          400,
          "missing-parameter",
          "a host or a header belongs to a request",
          "method and path as well");
    }
    return new Asked(
        from,
        to,
        request,
        protocol,
        port,
        host,
        Collections.unmodifiableSortedMap(headers),
        ask,
        query.flag("explain"));
  }

  private static Who party(String parameter, String text) throws Refusal {
    if (text.equals("host")) {
      return new Who.Host();
    }
    if (text.equals("world")) {
      return new Who.World();
    }
    if (text.indexOf('=') >= 0) {
      return new Who.Labels(labels(parameter, text));
    }
    if (isAddress(text)) {
      return new Who.Address(text);
    }
    if (text.startsWith("service:")) {
      return service(parameter, text);
    }
    if (text.startsWith("project:")) {
      return new Who.Project(name(parameter, text, text.substring("project:".length())));
    }
    String name = text.startsWith("container:") ? text.substring("container:".length()) : text;
    return new Who.Container(name(parameter, text, name));
  }

  private static Who service(String parameter, String text) throws Refusal {
    String name = text.substring("service:".length());
    int slash = name.indexOf('/');
    Optional<String> project =
        slash < 0 ? Optional.empty() : Optional.of(name(parameter, text, name.substring(0, slash)));
    return new Who.Service(project, name(parameter, text, name.substring(slash + 1)));
  }

  private static String name(String parameter, String text, String name) throws Refusal {
    if (name.isEmpty() || !name.chars().allMatch(VerdictQuestion::inContainerName)) {
      throw Query.bad(parameter, "\"" + text + "\" names nobody", PARTY_FORM);
    }
    return name;
  }

  /** Docker's own set for names: letters, digits, underscore, dot, dash. */
  private static boolean inContainerName(int c) {
    return isLetterOrDigit(c) || c == '_' || c == '.' || c == '-';
  }

  private static boolean isLetterOrDigit(int c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  }

  private static boolean isAddress(String text) {
    try {
      return !text.contains("%") && InetAddress.ofLiteral(text).getAddress().length > 0;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  private static SortedMap<String, String> labels(String parameter, String text) throws Refusal {
    SortedMap<String, String> labels = new TreeMap<>();
    for (String pair : Query.split(text, ',')) {
      int equals = pair.indexOf('=');
      if (equals < 1) {
        throw Query.bad(parameter, "\"" + pair + "\" is not a label", "key=value,key2=value2");
      }
      if (labels.put(pair.substring(0, equals), pair.substring(equals + 1)) != null) {
        throw Query.bad(
            parameter,
            "label \"" + pair.substring(0, equals) + "\" is given twice",
            "each label once");
      }
    }
    return Collections.unmodifiableSortedMap(labels);
  }

  private static Optional<Asked.Request> request(Query query) throws Refusal {
    Optional<String> method = query.one("method");
    Optional<String> path = query.one("path");
    if (method.isEmpty() && path.isEmpty()) {
      return Optional.empty();
    }
    if (method.isEmpty() || path.isEmpty()) {
      String missing = method.isEmpty() ? "method" : "path";
      throw new Refusal(
          400,
          "missing-parameter",
          "parameter \"" + missing + "\" is missing",
          "method and path together, as in method=GET&path=/users");
    }
    if (!isToken(method.get())) {
      throw Query.bad(
          "method", "\"" + method.get() + "\" is not an HTTP method", "a token such as GET");
    }
    boolean plain =
        (path.get().startsWith("/")
                && path.get().chars().allMatch(c -> c > 0x20 && c < 0x7f && c != '#')
                && !BROKEN_ESCAPE.matcher(path.get()).find())
            || (path.get().equals("*") && method.get().equals("OPTIONS"));
    if (!plain) {
      throw Query.bad(
          "path",
          "\"" + path.get() + "\" cannot stand in a request line",
          "a path that begins with /, percent-encoded as a client would send it");
    }
    return Optional.of(new Asked.Request(method.get(), path.get()));
  }

  /** As a client may put it into its hello: RFC 6066 section 3, no address, no dot at the end. */
  private static Optional<String> serverName(Query query) throws Refusal {
    Optional<String> name = query.one("sni");
    if (name.isPresent()
        && (name.get().length() > MAX_NAME || !SERVER_NAME.matcher(name.get()).matches())) {
      throw Query.bad(
          "sni",
          "\"" + name.get() + "\" is not a name that a TLS client can give",
          "a DNS name such as db.internal");
    }
    return name.map(text -> text.toLowerCase(Locale.ROOT));
  }

  private static Asked.Protocol protocol(Query query) throws Refusal {
    String text = query.one("protocol").orElse("tcp");
    return switch (text) {
      case "tcp" -> Asked.Protocol.TCP;
      case "udp" -> Asked.Protocol.UDP;
      case "sctp" -> Asked.Protocol.SCTP;
      case "icmp" -> Asked.Protocol.ICMP;
      default ->
          throw Query.bad("protocol", "\"" + text + "\" is unknown", "tcp, udp, sctp or icmp");
    };
  }

  private static SortedMap<String, List<String>> headers(Query query) throws Refusal {
    SortedMap<String, List<String>> headers = new TreeMap<>();
    for (Map.Entry<String, List<String>> entry : query.withPrefix(HEADER_PREFIX).entrySet()) {
      String name = entry.getKey().toLowerCase(Locale.ROOT);
      if (!isToken(name)) {
        throw Query.bad(
            HEADER_PREFIX + entry.getKey(), "not a header name", "a token such as header.X-Reason");
      }
      if (headers.put(name, List.copyOf(entry.getValue())) != null) {
        throw Query.bad(HEADER_PREFIX + entry.getKey(), "given in two spellings", "one spelling");
      }
    }
    return Collections.unmodifiableSortedMap(headers);
  }

  /** By its own parameter or as a header; a request has one. */
  private static Optional<String> host(Query query, SortedMap<String, List<String>> headers)
      throws Refusal {
    List<String> asHeader = headers.getOrDefault("host", List.of());
    Optional<String> host = query.one("host");
    if (asHeader.isEmpty()) {
      return host;
    }
    String value = asHeader.getFirst();
    if (asHeader.size() > 1 || host.filter(given -> !given.equals(value)).isPresent()) {
      throw Query.bad(HEADER_PREFIX + "host", "a request has one Host", "host=NAME, once");
    }
    return Optional.of(value);
  }

  /** RFC 9110 section 5.6.2. */
  private static boolean isToken(String text) {
    return !text.isEmpty()
        && text.chars().allMatch(c -> isLetterOrDigit(c) || "!#$%&'*+-.^_`|~".indexOf(c) >= 0);
  }
}
