package dev.drawbridge.policy.http;

import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.language.Action;
import dev.drawbridge.policy.language.Condition;
import dev.drawbridge.policy.language.PathPattern;
import dev.drawbridge.policy.parse.Regexes;
import dev.drawbridge.policy.read.Ask;
import dev.drawbridge.policy.read.Protocol;
import dev.drawbridge.policy.read.ProtocolRules;
import dev.drawbridge.policy.read.ReadRule;
import dev.drawbridge.policy.read.RuleCode;
import java.util.ArrayList;
import java.util.List;

/** HTTP, of all versions, and gRPC, which is HTTP. */
public final class HttpProtocol implements Protocol {
  public static final HttpProtocol HTTP = new HttpProtocol();

  private HttpProtocol() {}

  @Override
  public String name() {
    return "http";
  }

  @Override
  public String about() {
    return "HTTP in the clear";
  }

  @Override
  public boolean speaks(Action action) {
    return action instanceof Action.Http || action instanceof Action.Call;
  }

  @Override
  public ProtocolRules compile(List<ReadRule> rules, int otherwise, List<ReadRule> forbidding) {
    return new HttpRules(rules.stream().map(RuleCode.class::cast).toList(), otherwise);
  }

  @Override
  public Reason foreign() {
    return Reason.NOT_HTTP;
  }

  @Override
  public List<String> misses(ReadRule rule, Ask ask) {
    HttpRequest asked = (HttpRequest) ask;
    RuleCode code = (RuleCode) rule;
    var misses = new ArrayList<String>();
    if (rule.sentence().action() instanceof Action.Http(var methods, var path)) {
      requestLine(methods, path, path.print(), asked, misses);
    } else if (rule.sentence().action() instanceof Action.Call(var target)) {
      requestLine(List.of("POST"), Regexes.callPath(target), target, asked, misses);
    }
    if (HttpRules.conditionsHold(code, asked)) {
      if (asked.upgrades() && !HttpRules.namesUpgrade(code)) {
        misses.add(
            "it does not name what is spoken afterwards: with header Upgrade="
                + String.join(", ", asked.headers().all(Upgrades.FIELD)));
      }
      return misses;
    }
    if (code.wantsGrpc && GrpcContentType.of(asked.headers()) == GrpcContentType.NONE) {
      misses.add("it is about gRPC, whose content-type is application/grpc");
    } else {
      misses.add(
          "it asks for "
              + String.join(
                  " ", rule.sentence().conditions().stream().map(Condition::print).toList()));
    }
    return misses;
  }

  private static void requestLine(
      List<String> methods,
      PathPattern path,
      String written,
      HttpRequest asked,
      List<String> misses) {
    if (!methods.isEmpty() && !methods.contains(asked.method())) {
      misses.add("it is about " + String.join(",", methods));
    }
    for (String reading : asked.paths()) {
      if (!Regexes.matches(path, reading)) {
        misses.add("it is about " + written + ", not " + reading);
        break;
      }
    }
  }
}
