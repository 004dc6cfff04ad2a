package dev.drawbridge.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.policy.ask.Question;
import dev.drawbridge.policy.kafka.KafkaAsk;
import dev.drawbridge.policy.kafka.KafkaAsk.Right;
import dev.drawbridge.policy.kafka.KafkaProtocol;
import dev.drawbridge.policy.language.Globs;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * SPEC K1, K2, K3: what Kafka rules say. SPEC K4, K5, K6 and K7 are the engine's: KafkaTest of
 * l7-engine.
 */
final class KafkaRulesTest {
  private static Verdict ask(String rules, KafkaAsk ask) {
    Scene scene = new Scene().container("api", "app=api").container("db", rules.split(";", -1));
    return scene.policy().judge(scene.number("api"), scene.number("db"), 9092, ask);
  }

  private static KafkaAsk read(String asked) {
    String[] words = asked.split(" ", -1);
    Right right = Right.valueOf(words[0]);
    return new KafkaAsk(right, words.length > 1 ? words[1] : "", words.length > 2 ? words[2] : "");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        // K1
        "app=api may consume incoming | CONSUME incoming | ALLOW RULE_ALLOWS",
        "app=api may consume incoming | CONSUME incoming2 | DENY NO_RULE",
        "app=api may consume incoming | CONSUME Incoming | DENY NO_RULE",
        "app=api may consume incoming | PRODUCE incoming | DENY NO_RULE",
        "app=api may produce incoming | PRODUCE incoming | ALLOW RULE_ALLOWS",
        "app=api may produce incoming | CONSUME incoming | DENY NO_RULE",
        "app=api may consume in*.a | CONSUME in.b.a | ALLOW RULE_ALLOWS",
        "app=api may consume in*.a | CONSUME in.a.b | DENY NO_RULE",
        "app=api may consume * | CONSUME anything | ALLOW RULE_ALLOWS",
        "app=api may consume *;app=api may not consume audit.* | CONSUME audit.x | DENY RULE_DENIES",
        "app=api may consume *;app=api may not consume audit.* | CONSUME other | ALLOW RULE_ALLOWS",
        "app=api may consume *;app=api may not produce audit.* | CONSUME audit.x | ALLOW RULE_ALLOWS",
        "app=api may consume incoming | DESCRIBE_TOPIC incoming | ALLOW RULE_ALLOWS",
        "app=api may produce incoming | DESCRIBE_TOPIC incoming | ALLOW RULE_ALLOWS",
        "app=api may produce incoming | DESCRIBE_TOPIC other | DENY NO_RULE",
        "app=api may produce *;app=api may not produce audit | DESCRIBE_TOPIC audit | DENY NO_RULE",
        "app=api may consume incoming | CONVERSE | ALLOW RULE_ALLOWS",
        "app=web may consume incoming | CONVERSE | DENY NO_RULE",
        "app=api may administer | ADMINISTER | ALLOW RULE_ALLOWS",
        "app=api may administer | DESCRIBE_TOPIC any | ALLOW RULE_ALLOWS",
        "app=api may administer | DESCRIBE_GROUP any | ALLOW RULE_ALLOWS",
        "app=api may administer | CONSUME any | DENY NO_RULE",
        "app=api may administer | PRODUCE any | DENY NO_RULE",
        "app=api may administer | GROUP any | DENY NO_RULE",
        "app=api may produce *;app=api may consume * | ADMINISTER | DENY NO_RULE",
        // K2
        "app=api may consume t | GROUP any | ALLOW RULE_ALLOWS",
        "app=api may produce t | GROUP any | DENY NO_RULE",
        "app=api may consume t with group g-* | GROUP g-1 | ALLOW RULE_ALLOWS",
        "app=api may consume t with group g-* | GROUP h | DENY NO_RULE",
        "app=api may consume t with group g-* | CONSUME t | ALLOW RULE_ALLOWS",
        "app=api may consume *;app=api may not consume * with group g | GROUP g | DENY RULE_DENIES",
        "app=api may consume *;app=api may not consume * with group g | GROUP h | ALLOW RULE_ALLOWS",
        "app=api may consume *;app=api may not consume * with group g | CONSUME t | ALLOW RULE_ALLOWS",
        "app=api may consume *;app=api may not consume t | GROUP g | ALLOW RULE_ALLOWS",
        "app=api may produce t | PRODUCE t x | ALLOW RULE_ALLOWS",
        "app=api may produce t with transaction pay-* | PRODUCE t pay-1 | ALLOW RULE_ALLOWS",
        "app=api may produce t with transaction pay-* | PRODUCE t | DENY NO_RULE",
        "app=api may produce t with transaction pay-* | PRODUCE t * | DENY NO_RULE",
        "app=api may produce t with transaction pay-* | TRANSACTION pay-2 | ALLOW RULE_ALLOWS",
        "app=api may produce t with transaction pay-* | TRANSACTION * | DENY NO_RULE",
        "app=api may produce t with transaction pay-* | DESCRIBE_TOPIC t | ALLOW RULE_ALLOWS",
        "app=api may produce *;app=api may not produce * with transaction x | PRODUCE t x | DENY RULE_DENIES",
        "app=api may produce *;app=api may not produce * with transaction x | TRANSACTION x | DENY RULE_DENIES",
        "app=api may produce *;app=api may not produce * with transaction x | PRODUCE t | ALLOW RULE_ALLOWS",
        "app=api may consume t | TRANSACTION x | DENY NO_RULE",
        "app=api may produce t with transaction pay-* | MAKE_TOPIC t | ALLOW RULE_ALLOWS",
        "app=api may consume t | MAKE_TOPIC t | DENY NO_RULE",
        "app=api may administer | MAKE_TOPIC t | ALLOW RULE_ALLOWS",
        // K3, by L1 to L3
        "app=api may connect 9092;anyone may not produce t port 9092 | PRODUCE t | DENY RULE_DENIES",
        "app=api may connect 9092;anyone may not produce t port 9092 | CONSUME t | ALLOW RULE_ALLOWS",
        "app=api may connect 9092;anyone may not produce t port 9092 | ADMINISTER | ALLOW RULE_ALLOWS",
        "app=api may GET / | CONSUME t | DENY NOT_HTTP",
      })
  void judged(String rules, String asked, String expected) {
    Verdict verdict = ask(rules.strip(), read(asked.strip()));
    assertEquals(expected.strip(), verdict.decision() + " " + verdict.reason());
  }

  @Test
  void whatIsAskedIsPrintedAsASentenceThatAllowsIt() {
    for (KafkaAsk ask :
        List.of(
            KafkaAsk.produce("t"),
            KafkaAsk.consume("t.x"),
            new KafkaAsk(Right.PRODUCE, "t", "pay"),
            KafkaAsk.of(Right.GROUP, "g"),
            KafkaAsk.of(Right.TRANSACTION, "pay"),
            KafkaAsk.of(Right.DESCRIBE_TOPIC, "t"),
            KafkaAsk.of(Right.ADMINISTER))) {
      assertEquals(
          Decision.ALLOW,
          ask("app=api may " + ask.actions().getFirst(), ask).decision(),
          ask::print);
    }
  }

  @Test
  void explanationsNameWhatNearlyMatched() {
    Scene scene =
        new Scene().container("api", "app=api").container("db", "app=api may consume incoming");
    Question question =
        new Question(
            scene.number("api"),
            scene.number("db"),
            Ports.TCP,
            9092,
            Optional.of(KafkaAsk.consume("other")));
    String said = question.explain(scene.policy()).toString();
    assertTrue(said.contains("it is about 'consume incoming', not consume other"), said);
    assertTrue(said.contains("app=api may consume other"), said);
  }

  @Test
  void aPortSpeaksKafkaWhereARuleDoes() {
    Scene scene =
        new Scene()
            .container("api", "app=api")
            .container("db", "app=api may consume incoming", "app=api may connect 80");
    assertEquals(
        List.of(KafkaProtocol.KAFKA),
        scene.policy().speaks(scene.number("api"), scene.number("db"), Ports.TCP, 9092));
    assertEquals(
        List.of(), scene.policy().speaks(scene.number("api"), scene.number("db"), Ports.TCP, 80));
  }

  @Test
  void starsAreAnyRun() {
    assertTrue(Globs.matches("*a*b", "xxaybzab"));
    assertFalse(Globs.matches("*a*b", "xxaybza"));
    assertTrue(Globs.matches("a**", "a"));
    assertFalse(Globs.matches("", "a"));
    assertTrue(Globs.covers("a.*", "a.b"));
    assertFalse(Globs.covers("a.*", "a*"));
  }
}
