package dev.drawbridge.bpf;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.StringJoiner;

/**
 * The types an object file or a map carries (Documentation/bpf/btf.rst), as far as layouts need
 * them: integers, arrays, structs, unions, enums and the modifiers around them.
 */
final class Btf {
  private static final int MAGIC = 0xeb9f;
  private static final int MAX_DEPTH = 32;

  /** BTF_KIND_*; the numbers are the format's. */
  private static final int INT = 1;

  private static final int PTR = 2;
  private static final int ARRAY = 3;
  private static final int STRUCT = 4;
  private static final int UNION = 5;
  private static final int ENUM = 6;
  private static final int FWD = 7;
  private static final int TYPEDEF = 8;
  private static final int VOLATILE = 9;
  private static final int CONST = 10;
  private static final int RESTRICT = 11;
  private static final int FUNC = 12;
  private static final int FUNC_PROTO = 13;
  private static final int VAR = 14;
  private static final int DATASEC = 15;
  private static final int FLOAT = 16;
  private static final int DECL_TAG = 17;
  private static final int TYPE_TAG = 18;
  private static final int ENUM64 = 19;

  /**
   * A member of a struct.
   *
   * @param bitOffset from the beginning of the struct
   */
  record Member(String name, int type, int bitOffset) {}

  /** One type; {@code value} is a size or another type's number, by kind. */
  private record Type(
      int kind, String name, int value, int element, int count, List<Member> members) {}

  private final List<Type> types;

  private Btf(List<Type> types) {
    this.types = types;
  }

  /**
   * Reads a BTF section.
   *
   * @throws IllegalArgumentException if it is none, or has kinds newer than this reader
   */
  static Btf parse(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
    if (bytes.length < 24 || Short.toUnsignedInt(in.getShort(0)) != MAGIC) {
      throw new IllegalArgumentException("not BTF of this machine's byte order");
    }
    int header = in.getInt(4);
    int typesAt = header + in.getInt(8);
    int typesEnd = typesAt + in.getInt(12);
    int stringsAt = header + in.getInt(16);
    List<Type> types = new ArrayList<>();
    types.add(new Type(0, "void", 0, 0, 0, List.of()));
    try {
      in.position(typesAt);
      while (in.position() < typesEnd) {
        types.add(type(in, stringsAt));
      }
    } catch (BufferUnderflowException | IndexOutOfBoundsException e) {
      throw new IllegalArgumentException("BTF ends too early", e);
    }
    return new Btf(types);
  }

  private static Type type(ByteBuffer in, int stringsAt) {
    String name = string(in, stringsAt + in.getInt());
    int info = in.getInt();
    int value = in.getInt();
    int kind = (info >>> 24) & 0x1f;
    int length = info & 0xffff;
    boolean bitfields = info < 0;
    int element = 0;
    int count = 0;
    List<Member> members = new ArrayList<>();
    switch (kind) {
      case INT, VAR, DECL_TAG -> in.getInt();
      case ARRAY -> {
        element = in.getInt();
        in.getInt();
        count = in.getInt();
      }
      case STRUCT, UNION -> {
        for (int i = 0; i < length; i++) {
          String member = string(in, stringsAt + in.getInt());
          int type = in.getInt();
          int offset = in.getInt();
          members.add(new Member(member, type, bitfields ? offset & 0xffffff : offset));
        }
      }
      case ENUM, FUNC_PROTO -> in.position(in.position() + 8 * length);
      case DATASEC, ENUM64 -> in.position(in.position() + 12 * length);
      case PTR, FWD, TYPEDEF, VOLATILE, CONST, RESTRICT, FUNC, FLOAT, TYPE_TAG -> {}
      default -> throw new IllegalArgumentException("unknown BTF kind " + kind);
    }
    return new Type(kind, name, value, element, count, List.copyOf(members));
  }

  private static String string(ByteBuffer in, int at) {
    int end = at;
    while (in.get(end) != 0) {
      end++;
    }
    byte[] bytes = new byte[end - at];
    in.get(at, bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  /** The number of the struct with this tag. */
  Optional<Integer> struct(String name) {
    for (int i = 0; i < types.size(); i++) {
      if (types.get(i).kind() == STRUCT && types.get(i).name().equals(name)) {
        return Optional.of(i);
      }
    }
    return Optional.empty();
  }

  /** Members of a struct, in order. */
  List<Member> members(int type) {
    return types.get(type).members();
  }

  /** Bytes of a type. */
  int size(int id) {
    return size(id, 0);
  }

  private int size(int id, int depth) {
    Type type = at(id, depth);
    return switch (type.kind()) {
      case INT, STRUCT, UNION, ENUM, ENUM64, FLOAT -> type.value();
      case ARRAY -> type.count() * size(type.element(), depth + 1);
      case TYPEDEF, VOLATILE, CONST, RESTRICT, TYPE_TAG -> size(type.value(), depth + 1);
      case PTR -> Long.BYTES;
      default -> 0;
    };
  }

  /** A type spelled out so that two are equal exactly if their bytes mean the same. */
  String layout(int id) {
    return layout(id, 0);
  }

  private String layout(int id, int depth) {
    Type type = at(id, depth);
    return switch (type.kind()) {
      case INT, ENUM, ENUM64, FLOAT -> "u" + 8 * type.value();
      case ARRAY -> layout(type.element(), depth + 1) + "[" + type.count() + "]";
      case STRUCT, UNION -> {
        StringJoiner all =
            new StringJoiner(", ", type.kind() == STRUCT ? "{" : "union {", "}:" + type.value());
        type.members()
            .forEach(member ->
                all.add(
                    "%s@%d %s"
                        .formatted(
                            member.name(),
                            member.bitOffset() / 8,
                            layout(member.type(), depth + 1))));
        yield all.toString();
      }
      case TYPEDEF, VOLATILE, CONST, RESTRICT, TYPE_TAG -> layout(type.value(), depth + 1);
      case PTR -> "pointer";
      default -> type.name();
    };
  }

  private Type at(int id, int depth) {
    if (depth > MAX_DEPTH || id < 0 || id >= types.size()) {
      throw new IllegalArgumentException("BTF type " + id + " is outside or nested too deeply");
    }
    return types.get(id);
  }
}
