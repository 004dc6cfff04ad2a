package dev.drawbridge.tools.compose;

/**
 * What compose makes of {@code $} in a value.
 *
 * <p>{@code $$} is the character; {@code $X} and <code>${X}</code> a variable; <code>${X:-d}</code>
 * and its kin a variable with what stands for it. docker-compose 1.29 puts no variables into
 * defaults, and refuses {@code +}.
 */
final class Interpolation {
  private static final String EXPECTED = "a value without $, or $$ for the character itself";

  private final Environment environment;
  private final boolean onlyV2;

  /**
   * @param onlyV2 whether only docker compose 2 can read the file anyway
   */
  Interpolation(Environment environment, boolean onlyV2) {
    this.environment = environment;
    this.onlyV2 = onlyV2;
  }

  Known apply(String value) {
    var out = new StringBuilder(value.length());
    int i = 0;
    while (i < value.length()) {
      char c = value.charAt(i);
      if (c != '$') {
        out.append(c);
        i++;
        continue;
      }
      if (value.startsWith("$$", i)) {
        out.append('$');
        i += 2;
        continue;
      }
      boolean braced = value.startsWith("${", i);
      int start = braced ? i + 2 : i + 1;
      int end = nameEnd(value, start);
      if (end == start) {
        return wrong("a $ that begins no variable");
      }
      String name = value.substring(start, end);
      int close = braced ? closing(value, end) : end;
      if (close < 0) {
        return wrong("${" + name + " is not closed");
      }
      Known part = substituted(name, value.substring(end, close));
      if (!(part instanceof Known.Text(var text))) {
        return part;
      }
      out.append(text);
      i = braced ? close + 1 : close;
    }
    return new Known.Text(out.toString());
  }

  private static Known wrong(String why) {
    return new Known.Wrong(why, EXPECTED);
  }

  private static int nameEnd(String value, int start) {
    int end = start;
    while (end < value.length()) {
      char c = value.charAt(end);
      boolean letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
      if (!letter && !(end > start && c >= '0' && c <= '9')) {
        break;
      }
      end++;
    }
    return end;
  }

  /** Where the brace closes; the braces of variables within count. */
  private static int closing(String value, int from) {
    int open = 1;
    for (int i = from; i < value.length(); i++) {
      if (value.charAt(i) == '}') {
        open--;
      } else if (value.startsWith("${", i)) {
        open++;
      }
      if (open == 0) {
        return i;
      }
    }
    return -1;
  }

  /** {@code rest} is what follows the name: nothing, or an operator and a word. */
  private Known substituted(String name, String rest) {
    Environment.Variable variable = environment.variable(name);
    boolean colon = rest.startsWith(":");
    String operator =
        rest.isEmpty() ? "" : rest.substring(0, Math.min(rest.length(), colon ? 2 : 1));
    if (!rest.isEmpty() && !operator.matches(":?[-?+]")) {
      return wrong("'" + rest + "' after the variable " + name + " is not known to compose");
    }
    if (variable instanceof Environment.Variable.Unknown(var why)) {
      return new Known.Unknown(why);
    }
    String word = rest.substring(operator.length());
    if (!onlyV2 && !operator.endsWith("+") && word.indexOf('$') >= 0) {
      return new Known.Unknown(
          "docker-compose 1 and docker compose 2 differ about a $ within a default");
    }
    boolean set =
        variable instanceof Environment.Variable.Set(var text) && !(colon && text.isEmpty());
    String value = variable instanceof Environment.Variable.Set(var text) ? text : "";
    return switch (operator.isEmpty() ? ' ' : operator.charAt(operator.length() - 1)) {
      case '-' -> set ? new Known.Text(value) : apply(word);
      case '+' -> set ? apply(word) : new Known.Text("");
      case '?' ->
          set
              ? new Known.Text(value)
              : new Known.Unknown("compose starts nothing unless " + name + " is set");
      default ->
          set ? new Known.Text(value) : new Known.Unknown("the variable " + name + " is not set");
    };
  }
}
