package dev.drawbridge.l7.kafka.frame;

/** What one Kafka connection may make the engine hold; docs/configuration.md has them too. */
public final class KafkaLimits {
  /** Bytes of a frame of a client: a broker's own default, {@code socket.request.max.bytes}. */
  public static final int FRAME = 100 << 20;

  /** Bytes of a Produce request that is read as a whole; a larger one goes by in pieces. */
  public static final int WHOLE_PRODUCE = 256 << 10;

  /** Bytes of any other request, all of which are read as a whole. */
  public static final int WHOLE = 1 << 20;

  /** Bytes of what a Produce request has besides its records. */
  static final int SKELETON = 128 << 10;

  /** Bytes of an answer that something is changed in, or learnt from. */
  public static final int ANSWER = 4 << 20;

  /** Fields of a request: each becomes an object, or a part of one. */
  static final int REQUEST_FIELDS = 150_000;

  /** The same of an answer that is read: metadata of 20,000 partitions. */
  static final int ANSWER_FIELDS = 400_000;

  /** Elements of an array of an answer that is read. */
  static final int ANSWER_ELEMENTS = 8_192;

  /**
   * Fields of a request whose topics, or whatever it lists, Kafka's classes keep in a table by
   * hash. Whoever chooses the names has all of them at one place there, and each is compared with
   * all before it.
   */
  static final int HASHED_FIELDS = 40_000;

  /** Elements of an array of such a request, Produce among them. */
  public static final int HASHED_ELEMENTS = 2_000;

  /** Requests of one connection that are not answered yet; then no more is read of it. */
  public static final int UNANSWERED = 100;

  /** Bytes of answers of ours that wait for a broker's before them; likewise. */
  public static final int WAITING_ANSWERS = 256 << 10;

  private KafkaLimits() {}
}
