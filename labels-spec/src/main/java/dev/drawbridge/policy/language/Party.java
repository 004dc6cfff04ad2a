package dev.drawbridge.policy.language;

import dev.drawbridge.policy.Cidr;
import dev.drawbridge.policy.LinkRanges;
import java.util.List;
import java.util.stream.Stream;

/** Subject or object of a sentence. */
public sealed interface Party {

  /** Names that stand for themselves. */
  enum Entity implements Party {
    /** Any container, the host, the world. */
    ANYONE("anyone"),
    /** Nothing at all: a rule with it closes a direction and allows nothing. */
    NOBODY("nobody"),
    /** Processes of the host, and traffic that it relays. */
    HOST("host"),
    /** Everything that is neither host nor container. */
    WORLD("world");

    private final String word;

    Entity(String word) {
      this.word = word;
    }

    @Override
    public String print() {
      return word;
    }
  }

  /** Parts of the world that go by a word; {@link ZoneRanges} has their addresses. */
  enum Zone implements Party {
    /** Private networks. */
    LAN("lan"),
    /** What can be reached from everywhere. */
    INTERNET("internet");

    private final String word;

    Zone(String word) {
      this.word = word;
    }

    /** What belongs to it, but for {@link #except} and {@link LinkRanges}. */
    public List<Cidr> ranges() {
      return switch (this) {
        case LAN -> ZoneRanges.LAN;
        case INTERNET -> ZoneRanges.REACHABLE;
      };
    }

    /** Parts of {@link #ranges} that do not belong. */
    public List<Cidr> except() {
      return switch (this) {
        case LAN -> List.of();
        case INTERNET -> ZoneRanges.NOT_REACHABLE;
      };
    }

    @Override
    public String print() {
      return word;
    }
  }

  /**
   * Containers, by labels and names; every term must hold.
   *
   * @param terms at least one
   */
  record Selector(List<Term> terms) implements Party {
    public Selector {
      terms = List.copyOf(terms);
      if (terms.isEmpty()) {
        throw new IllegalArgumentException("an empty selector selects nothing; say nobody");
      }
    }

    @Override
    public String print() {
      return String.join(" and ", terms.stream().map(Term::print).toList());
    }
  }

  /**
   * Addresses outside: never those of a container or of the host.
   *
   * @param except parts of {@code range} that do not belong
   */
  record Network(Cidr range, List<Cidr> except) implements Party {
    public Network {
      except = List.copyOf(except);
    }

    @Override
    public String print() {
      if (except.isEmpty()) {
        return range.print();
      }
      String list = String.join(" ", except.stream().map(Cidr::print).toList());
      return range.print() + " except " + (except.size() == 1 ? list : "(" + list + ")");
    }
  }

  /**
   * Addresses outside, by a DNS name that the container resolved. Only as object.
   *
   * @param within parts of the world, in one of which an address must lie; empty: what can be
   *     reached from everywhere, or any for a name of the inside
   */
  record Name(NamePattern pattern, List<Party> within) implements Party {
    public Name {
      within = List.copyOf(within);
    }

    @Override
    public String print() {
      if (within.isEmpty()) {
        return pattern.print();
      }
      String list = String.join(" ", within.stream().map(Party::print).toList());
      return pattern.print() + " within " + (within.size() == 1 ? list : "(" + list + ")");
    }
  }

  /** The ranges of addresses that it names, those that it takes out included. */
  default List<Cidr> named() {
    return switch (this) {
      case Network(var range, var except) ->
          Stream.concat(Stream.of(range), except.stream()).toList();
      case Zone zone -> ZoneRanges.named(zone);
      case Entity _, Selector _, Name _ -> List.of();
    };
  }

  /** The canonical spelling. */
  String print();
}
