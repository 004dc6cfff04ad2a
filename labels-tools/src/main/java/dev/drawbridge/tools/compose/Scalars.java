package dev.drawbridge.tools.compose;

import dev.drawbridge.tools.yaml.YamlValue;
import dev.drawbridge.tools.yaml.YamlValue.YamlScalar;
import java.math.BigDecimal;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * What a bare word becomes as a label's value: {@code 1.10} is a number to every compose, and the
 * label {@code 1.1}; {@code yes}, {@code 1.0} and {@code 12:30} are something else to YAML 1.1 (in
 * docker-compose 1) than to docker compose 2.
 */
final class Scalars {
  private static final Pattern INTEGER = Pattern.compile("0|-?[1-9][0-9]{0,17}");
  private static final Pattern DECIMAL = Pattern.compile("-?(?:0|[1-9][0-9]*)\\.[0-9]+");
  private static final int SAFE_DIGITS = 15;
  private static final Pattern WORD =
      Pattern.compile("y|n|yes|no|on|off|true|false", Pattern.CASE_INSENSITIVE);
  private static final Pattern NUMBER =
      Pattern.compile(
          "[-+]?(?:\\.?[0-9][0-9_]*(?:\\.[0-9_]*)?(?:e[-+]?[0-9]+)?|0[xob][0-9a-f_]+|\\.inf|\\.nan)",
          Pattern.CASE_INSENSITIVE);
  private static final Pattern SEXAGESIMAL =
      Pattern.compile("[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\\.[0-9_]*)?");
  private static final Pattern TIME =
      Pattern.compile("[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt \\t].*)?");

  private Scalars() {}

  static Known text(YamlScalar scalar, boolean onlyV2) {
    String text = scalar.text();
    boolean plain = scalar.style() == YamlValue.Style.PLAIN;
    if (scalar.isNull() || (plain && text.matches("~|null|Null|NULL"))) {
      return new Known.Text("");
    }
    if (!plain && scalar.kind() != YamlValue.Kind.TEXT) {
      return differ(text); // !!int "1" and the like
    }
    boolean decimal = DECIMAL.matcher(text).matches();
    boolean tagged = decimal && scalar.kind() == YamlValue.Kind.TEXT; // !!str 1.10
    if (!plain || tagged || INTEGER.matcher(text).matches()) {
      return new Known.Text(text);
    }
    if (decimal) {
      return decimal(text, onlyV2);
    }
    if (WORD.matcher(text).matches()) {
      boolean bool = text.toLowerCase(Locale.ROOT).matches("true|false");
      boolean mixed = !text.equals(text.toLowerCase(Locale.ROOT));
      return onlyV2 && !(bool && mixed) ? new Known.Text(text) : differ(text);
    }
    if (SEXAGESIMAL.matcher(text).matches()) {
      return onlyV2 ? new Known.Text(text) : differ(text);
    }
    boolean odd =
        NUMBER.matcher(text).matches() || TIME.matcher(text).matches() || text.equals("=");
    return odd ? differ(text) : new Known.Text(text);
  }

  private static Known decimal(String text, boolean onlyV2) {
    String shortest = new BigDecimal(text).stripTrailingZeros().toPlainString();
    boolean large = text.length() > SAFE_DIGITS || text.matches("-?0\\.000.*");
    boolean whole = shortest.indexOf('.') < 0;
    boolean zero = shortest.equals("0");
    if (large || (whole && (!onlyV2 || zero))) {
      return differ(text);
    }
    return new Known.Text(shortest);
  }

  private static Known differ(String text) {
    return new Known.Unknown(
        "a bare " + text + " is not the same text to every compose; in quotes it is");
  }
}
