package dev.drawbridge.policy;

/** Every code a {@link Problem} can bear. Codes are never reused; docs/reasons.md lists them. */
public enum ProblemCode {
  UNKNOWN_KEY("DB0101", "a drawbridge.* label that does not exist"),
  MISSPELT_KEY("DB0102", "a label that looks like a misspelt drawbridge.* label"),
  UNEXPECTED_WORD("DB0103", "a word that the sentence does not expect there"),
  MISSING_WORD("DB0104", "the sentence ends too early"),
  WRONG_SIDES("DB0105", "a side too many or too few for where the sentence stands"),
  BAD_PORT("DB0106", "a port, range or protocol that does not exist"),
  BAD_PATH("DB0107", "a path or path pattern that cannot be"),
  BAD_REGEX("DB0108", "a regular expression that is wrong, unsupported or too large"),
  BAD_SELECTOR("DB0109", "a selector that is incomplete or misspelt"),
  BAD_ADDRESS("DB0110", "an address, range or exception that cannot be"),
  BAD_NAME("DB0111", "a name, topic, method or service that cannot be"),
  BAD_CONDITION("DB0112", "a condition that does not fit the action, or is incomplete"),
  EMPTY("DB0113", "a label without a sentence"),
  TOO_LONG("DB0114", "a label or line beyond 4096 bytes"),
  REPEATED("DB0115", "a part that may be written once only"),
  BAD_CHARACTER("DB0116", "quotes, backticks or invisible characters"),
  BAD_MODE("DB0117", "drawbridge.mode is none of enforce, audit, off"),
  BAD_VALUE("DB0118", "a label whose value is not text"),
  TOO_MANY("DB0119", "more rules or problems than are read"),
  BAD_CAPABILITY("DB0120", "drawbridge.capabilities is not net-raw"),
  UNREAD_LABELS("DB0121", "labels that were not read: too many, or not told from the image's"),
  NEVER_MATCHES("DB0201", "a rule that can never match"),
  NOT_ENFORCEABLE("DB0202", "a rule for a protocol whose engine does not exist yet"),
  TOO_MANY_RANGES("DB0203", "more port ranges than the kernel's table holds"),
  SHADOWED("DB0204", "a rule that another one makes useless"),
  UNKNOWN_SERVICE("DB0205", "a service that does not exist in the project"),
  ONLY_DENIES("DB0206", "closed by may-not rules alone: nothing is allowed"),
  NO_PROJECT("DB0207", "service: on a container that belongs to no compose project"),
  IMAGE_LABEL("DB0209", "a label that comes from the image"),
  REPEATED_RULE("DB0210", "the same rule twice"),
  HTTP_ON_TLS("DB0211", "an HTTP rule on a port where TLS is spoken"),
  PUBLISHED_PORT("DB0212", "a port of the host's in place of the container's own"),
  SHARED_NAME("DB0213", "a service's name that several projects have, where no project is named"),
  PASSED_BY("DB0214", "a may not that does not reach a port which a connect rule names"),
  NAMES_ASIDE("DB0215", "a resolve rule beside an open way to DNS over TLS or HTTPS"),
  SHARED_ADDRESS("DB0216", "a may not with a name that may share an address with an allowed one"),
  TCP_ALONE(
      "DB0217",
      "connect 53, which is TCP alone, where neither the same subject nor everybody may ask by UDP"),
  BAD_YAML("DB0301", "not YAML, or YAML that readers disagree about"),
  BAD_SHAPE("DB0302", "YAML, but not of the expected shape"),
  WRONG_PLACE("DB0303", "a drawbridge label where the container will not get it"),
  INTERPOLATED("DB0304", "a label whose value compose will interpolate"),
  NOT_EXPRESSIBLE("DB0401", "import: something that no sentence can express"),
  BAD_DOCUMENT("DB0402", "import: not a policy that its own system would accept");

  private final String code;
  private final String sentence;

  ProblemCode(String code, String sentence) {
    this.code = code;
    this.sentence = sentence;
  }

  /** For instance {@code DB0103}. */
  public String code() {
    return code;
  }

  /** One line for people. */
  public String sentence() {
    return sentence;
  }
}
