package dev.drawbridge.policy.language;

import dev.drawbridge.policy.labels.Workload;
import java.util.List;
import java.util.Optional;
import java.util.function.BiPredicate;

/** One condition of a selector. */
public sealed interface Term {
  /** {@code key=value}. */
  record Equal(String key, String value) implements Term {
    @Override
    public String print() {
      return key + "=" + value;
    }
  }

  /** {@code key!=value}: also true without the label. */
  record NotEqual(String key, String value) implements Term {
    @Override
    public String print() {
      return key + "!=" + value;
    }
  }

  /** {@code key in (a b)}. */
  record In(String key, List<String> values) implements Term {
    public In {
      values = List.copyOf(values);
    }

    @Override
    public String print() {
      return key + " in (" + String.join(" ", values) + ")";
    }
  }

  /** {@code has key}. */
  record Has(String key) implements Term {
    @Override
    public String print() {
      return "has " + key;
    }
  }

  /** {@code lacks key}. */
  record Lacks(String key) implements Term {
    @Override
    public String print() {
      return "lacks " + key;
    }
  }

  /**
   * {@code service:NAME} or {@code service:PROJECT/NAME}.
   *
   * @param project empty: the project of the container that bears the label
   */
  record Service(Optional<String> project, String name) implements Term {
    @Override
    public String print() {
      return "service:" + project.map(p -> p + "/").orElse("") + name;
    }
  }

  /** {@code project:NAME}: every container of the compose project. */
  record Project(String name) implements Term {
    @Override
    public String print() {
      return "project:" + name;
    }
  }

  /** {@code containers}: every container of the host. */
  record Any() implements Term {
    @Override
    public String print() {
      return "containers";
    }
  }

  /** {@code container:NAME}. */
  record Container(String name) implements Term {
    @Override
    public String print() {
      return "container:" + name;
    }
  }

  /**
   * {@code group:NAME}: whom one of the selectors of a policy file's group selects.
   *
   * @param members in the order of the file
   */
  record Group(String name, List<Party.Selector> members) implements Term {
    public Group {
      members = List.copyOf(members);
    }

    @Override
    public String print() {
      return "group:" + name;
    }
  }

  /** The canonical spelling. */
  String print();

  /**
   * Whether the workload fulfils the term.
   *
   * @param project that a {@code service:} without one stands in
   */
  default boolean matches(Workload workload, Optional<String> project) {
    return matches(
        workload,
        (_, bearer) ->
            project.isPresent() && project.get().equals(bearer.labels().get(Workload.PROJECT)));
  }

  /**
   * Whether the workload fulfils the term.
   *
   * @param bare whether a {@code service:} that names no project means the service of that name
   *     that a workload is
   */
  default boolean matches(Workload workload, BiPredicate<String, Workload> bare) {
    return switch (this) {
      case Equal(var key, var value) -> value.equals(workload.labels().get(key));
      case NotEqual(var key, var value) -> !value.equals(workload.labels().get(key));
      case In(var key, var values) -> {
        String value = workload.labels().get(key);
        yield value != null && values.contains(value);
      }
      case Any any -> true;
      case Has(var key) -> workload.labels().containsKey(key);
      case Lacks(var key) -> !workload.labels().containsKey(key);
      case Service(var named, var name) ->
          name.equals(workload.labels().get(Workload.SERVICE))
              && (named.isPresent()
                  ? named.get().equals(workload.labels().get(Workload.PROJECT))
                  : bare.test(name, workload));
      case Group(_, var members) ->
          members.stream()
              .anyMatch(
                  member -> member.terms().stream().allMatch(term -> term.matches(workload, bare)));
      case Project(var name) -> name.equals(workload.labels().get(Workload.PROJECT));
      case Container(var name) -> name.equals(workload.name());
    };
  }
}
