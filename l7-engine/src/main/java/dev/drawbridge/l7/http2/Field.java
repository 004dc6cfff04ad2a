package dev.drawbridge.l7.http2;

import dev.drawbridge.policy.http.Overrides;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A header field, checked and classified once. Immutable but for what it remembers of itself; for
 * one event loop at a time.
 */
public final class Field {
  /** How the sender wants it to be kept. RFC 7541 section 6. */
  public enum Indexing {
    /** In the table: it will come again. */
    KEPT,
    /** Not in the table. */
    PASSING,
    /** Not in any table on the way: it is a secret. */
    NEVER
  }

  /** Bytes of memory that a field takes beyond its octets: objects, arrays, and its text again. */
  static final int OVERHEAD_BYTES = 160;

  private static final byte[] TOKEN = new byte[256];

  static {
    for (int c = 0; c < 128; c++) {
      boolean alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
      if (alphanumeric || "!#$%&'*+-.^_`|~".indexOf(c) >= 0) {
        TOKEN[c] = 1;
      }
    }
  }

  final byte[] name;
  final byte[] value;
  final int nameHash;
  final int hash;
  final Indexing indexing;
  final FieldKind kind;

  /** Index in the static table of the field, 0 if it is not there. */
  final int staticIndex;

  /** Index in the static table of a field of that name, 0 if there is none. */
  final int staticName;

  /** By which some servers take the request for another one. */
  final boolean override;

  private final boolean wellFormed;
  private @Nullable String text;

  Field(byte[] name, byte[] value, Indexing indexing) {
    this.name = name;
    this.value = value;
    this.indexing = indexing;
    this.nameHash = Arrays.hashCode(name);
    this.hash = 31 * nameHash + Arrays.hashCode(value);
    this.kind = FieldKind.of(name);
    this.override = kind == FieldKind.OTHER && overrides(name);
    this.wellFormed = nameOk(name) && valueOk(value);
    this.staticName = StaticTable.indexOfName(name);
    this.staticIndex = StaticTable.indexOf(this);
  }

  /** One of the static table. */
  Field(byte[] name, byte[] value, int staticIndex) {
    this.name = name;
    this.value = value;
    this.indexing = Indexing.KEPT;
    this.nameHash = Arrays.hashCode(name);
    this.hash = 31 * nameHash + Arrays.hashCode(value);
    this.kind = FieldKind.of(name);
    this.override = false;
    this.wellFormed = true;
    this.staticName = staticIndex;
    this.staticIndex = staticIndex;
  }

  /** One of the engine's own, which is in no table. */
  public static Field of(String name, String value) {
    return new Field(
        name.getBytes(StandardCharsets.ISO_8859_1),
        value.getBytes(StandardCharsets.ISO_8859_1),
        Indexing.PASSING);
  }

  public FieldKind kind() {
    return kind;
  }

  /**
   * Whether the name is a lower-case token, or a colon and one, and the value holds neither a
   * control character but tab, nor white space at an end. RFC 9113 section 8.2.1.
   */
  public boolean wellFormed() {
    return wellFormed;
  }

  /** The value, one character an octet. */
  public String text() {
    String known = text;
    if (known == null) {
      known = new String(value, StandardCharsets.ISO_8859_1);
      text = known;
    }
    return known;
  }

  public String nameText() {
    return new String(name, StandardCharsets.ISO_8859_1);
  }

  /** Octets of the value. */
  public int valueLength() {
    return value.length;
  }

  /** An octet of the value. */
  public int valueAt(int index) {
    return value[index];
  }

  /** Whether that is the value. */
  public boolean is(String ascii) {
    return value.length == ascii.length() && begins(ascii);
  }

  /** Whether the value begins with that, given in lower case, letters in either case. */
  public boolean beginsAnyCase(String lowerCase) {
    if (value.length < lowerCase.length()) {
      return false;
    }
    for (int i = 0; i < lowerCase.length(); i++) {
      int octet = value[i];
      if ((octet >= 'A' && octet <= 'Z' ? octet + 0x20 : octet) != lowerCase.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  private boolean begins(String ascii) {
    for (int i = 0; i < ascii.length(); i++) {
      if (value[i] != ascii.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  /** Copies the value to that place. */
  public int copyValue(byte[] to, int at) {
    System.arraycopy(value, 0, to, at, value.length);
    return at + value.length;
  }

  /** The value as a number of at most 18 digits and nothing else; -1 if it is not one. */
  public long decimal() {
    if (value.length == 0 || value.length > 18) {
      return -1;
    }
    long number = 0;
    for (byte octet : value) {
      if (octet < '0' || octet > '9') {
        return -1;
      }
      number = number * 10 + (octet - '0');
    }
    return number;
  }

  boolean sameName(String lowerCase) {
    if (name.length != lowerCase.length()) {
      return false;
    }
    for (int i = 0; i < name.length; i++) {
      if (name[i] != lowerCase.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  boolean same(Field other) {
    return this == other
        || (hash == other.hash
            && Arrays.equals(name, other.name)
            && Arrays.equals(value, other.value));
  }

  /** What it takes in a table. RFC 7541 section 4.1. */
  int size() {
    return name.length + value.length + Http2Limits.FIELD_OVERHEAD;
  }

  private static boolean overrides(byte[] name) {
    return switch (name.length) {
      case 13, 14, 17, 22 ->
          name[0] == 'x' && Overrides.isField(new String(name, StandardCharsets.ISO_8859_1));
      default -> false;
    };
  }

  private static boolean nameOk(byte[] name) {
    int start = name.length > 0 && name[0] == ':' ? 1 : 0;
    if (name.length == start) {
      return false;
    }
    for (int i = start; i < name.length; i++) {
      if (TOKEN[name[i] & 0xff] == 0) {
        return false;
      }
    }
    return true;
  }

  private static boolean valueOk(byte[] value) {
    int length = value.length;
    if (length > 0 && (blank(value[0]) || blank(value[length - 1]))) {
      return false;
    }
    for (byte octet : value) {
      if ((octet >= 0 && octet < 0x20 && octet != '\t') || octet == 0x7f) {
        return false;
      }
    }
    return true;
  }

  private static boolean blank(byte octet) {
    return octet == ' ' || octet == '\t';
  }

  @Override
  public String toString() {
    return nameText() + ": " + text();
  }
}
