package dev.drawbridge.bpf;

import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * The syntax tree of the programs, read for what they return. What a program returns, and what a
 * function of type {@code enum db_fate} does, is a fate: {@code DB_PASS}, a call of such a
 * function, a variable of that type that only ever held fates, a choice between two, or one
 * translated by {@code as_tcx}.
 */
final class DropRules {
  private static final String FATE = "enum db_fate";

  /** Translates a fate for the programs at a veth, whose numbers are others. */
  private static final String TRANSLATES = "as_tcx";

  private static final Set<String> TRANSPARENT =
      Set.of("ImplicitCastExpr", "ParenExpr", "ConstantExpr");

  private final Set<String> dropping;
  private final Set<String> findings = new LinkedHashSet<>();
  private final Set<String> judged = new TreeSet<>();
  private String function = "";

  private DropRules(Set<String> dropping) {
    this.dropping = dropping;
  }

  /** What is looked at of a node of clang's tree. */
  private record Node(
      String kind,
      String name,
      String type,
      String refers,
      String referredType,
      String opcode,
      boolean initialised,
      List<Node> inner) {}

  static DropRules read(Path sources, Path file, Set<String> dropping) {
    DropRules rules = new DropRules(dropping);
    Path tree = null;
    try {
      tree = Files.createTempFile("programs", ".json");
      Process clang =
          new ProcessBuilder(
                  "clang",
                  "-target",
                  "bpf",
                  "-mcpu=v3",
                  "-Wno-everything",
                  "-idirafter",
                  "/usr/include/"
                      + System.getProperty("os.arch").replace("amd64", "x86_64")
                      + "-linux-gnu",
                  "-I" + sources,
                  "-I" + sources.resolve("include"),
                  "-fsyntax-only",
                  "-Xclang",
                  "-ast-dump=json",
                  file.toString())
              .redirectOutput(tree.toFile())
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      if (clang.waitFor() != 0) {
        throw new AssertionError("clang does not read " + file);
      }
      try (JsonReader in = new JsonReader(Files.newBufferedReader(tree))) {
        rules.translationUnit(in);
      }
      return rules;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    } finally {
      if (tree != null) {
        boolean _ = tree.toFile().delete();
      }
    }
  }

  /** Each a function and what is wrong in it. */
  List<String> findings() {
    return List.copyOf(findings);
  }

  /** Programs, and functions whose answer a packet lives by. */
  Set<String> judged() {
    return judged;
  }

  /** One declaration after the other: the whole tree has millions of lines. */
  private void translationUnit(JsonReader in) throws IOException {
    in.beginObject();
    while (in.hasNext()) {
      if (in.nextName().equals("inner")) {
        in.beginArray();
        while (in.hasNext()) {
          Node declared = node(in);
          if (declared.kind().equals("FunctionDecl")) {
            function(declared);
          }
        }
        in.endArray();
      } else {
        in.skipValue();
      }
    }
    in.endObject();
  }

  private static Node node(JsonReader in) throws IOException {
    String kind = "";
    String name = "";
    String type = "";
    String[] refers = {"", ""};
    String opcode = "";
    boolean initialised = false;
    List<Node> inner = new ArrayList<>();
    in.beginObject();
    while (in.hasNext()) {
      switch (in.nextName()) {
        case "kind" -> kind = in.nextString();
        case "name" -> name = in.nextString();
        case "opcode" -> opcode = in.nextString();
        case "type" -> type = qualified(in);
        case "referencedDecl" -> refers = referred(in);
        case "init" -> {
          in.skipValue();
          initialised = true;
        }
        case "inner" -> {
          in.beginArray();
          while (in.hasNext()) {
            inner.add(node(in));
          }
          in.endArray();
        }
        default -> in.skipValue();
      }
    }
    in.endObject();
    return new Node(kind, name, type, refers[0], refers[1], opcode, initialised, inner);
  }

  private static String qualified(JsonReader in) throws IOException {
    String type = "";
    in.beginObject();
    while (in.hasNext()) {
      if (in.nextName().equals("qualType") && in.peek() == JsonToken.STRING) {
        type = in.nextString();
      } else {
        in.skipValue();
      }
    }
    in.endObject();
    return type;
  }

  /** Name and type. */
  private static String[] referred(JsonReader in) throws IOException {
    Node node = node(in);
    return new String[] {node.name(), node.type()};
  }

  private void function(Node function) {
    boolean defined = function.inner().stream().anyMatch(i -> i.kind().equals("CompoundStmt"));
    if (!defined) {
      return;
    }
    boolean program = function.inner().stream().anyMatch(i -> i.kind().equals("SectionAttr"));
    boolean decides = program || function.type().startsWith(FATE + " (");
    if (decides) {
      judged.add(function.name());
    }
    this.function = function.name();
    walk(function, function.name(), decides);
  }

  private void walk(Node node, String function, boolean decides) {
    boolean right =
        switch (node.kind()) {
          case "ReturnStmt" ->
              !decides || (!node.inner().isEmpty() && isFate(node.inner().getFirst()));
          // Without a value, the compiler's own warnings are errors.
          case "VarDecl" ->
              !node.type().equals(FATE) || !node.initialised() || isFate(node.inner().getFirst());
          case "BinaryOperator" ->
              !node.opcode().equals("=")
                  || !isVariable(node.inner().getFirst())
                  || isFate(node.inner().getLast());
          case "CompoundAssignOperator" -> !isVariable(node.inner().getFirst());
          case "UnaryOperator" -> node.opcode().equals("!") || !isVariable(node.inner().getFirst());
          case "CallExpr" -> !calls(node, TRANSLATES) || isFate(node.inner().getLast());
          default -> true;
        };
    if (!right) {
      findings.add(function + ": a " + node.kind() + " with what is no fate");
    }
    node.inner().forEach(inner -> walk(inner, function, decides));
  }

  private boolean isFate(Node expression) {
    Node bare = bare(expression);
    return switch (bare.kind()) {
      case "DeclRefExpr" ->
          bare.refers().equals("DB_PASS")
              || (bare.refers().equals("DB_DROPPED") && dropping.contains(function))
              || isVariable(bare);
      case "ConditionalOperator" -> isFate(bare.inner().get(1)) && isFate(bare.inner().get(2));
      case "CallExpr" ->
          bare(bare.inner().getFirst()).referredType().startsWith(FATE + " (")
              || calls(bare, TRANSLATES);
      default -> false;
    };
  }

  private static boolean calls(Node call, String name) {
    return bare(call.inner().getFirst()).refers().equals(name);
  }

  private static boolean isVariable(Node expression) {
    Node bare = bare(expression);
    return bare.kind().equals("DeclRefExpr") && bare.referredType().equals(FATE);
  }

  private static Node bare(Node expression) {
    Node bare = expression;
    while (TRANSPARENT.contains(bare.kind())) {
      bare = bare.inner().getLast();
    }
    return bare;
  }
}
