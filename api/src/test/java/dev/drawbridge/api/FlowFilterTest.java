package dev.drawbridge.api;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drawbridge.api.question.FlowQuestion;
import dev.drawbridge.api.question.Query;
import dev.drawbridge.api.report.FlowReport;
import dev.drawbridge.api.report.Outcome;
import dev.drawbridge.api.report.PeerReference;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What protocol and ending let pass. */
final class FlowFilterTest {
  private static final List<String> PROTOCOLS =
      List.of("tcp", "udp", "http1", "http2", "grpc", "tls", "tunnel");

  private static FlowReport flow(String protocol, String ending) {
    PeerReference peer = new PeerReference(256, "api", new TreeMap<>());
    return new FlowReport(
        1,
        Instant.EPOCH,
        "r1",
        Outcome.ALLOW,
        "rule-allows",
        1,
        "A sentence.",
        ending,
        peer,
        peer,
        "172.17.0.2:40000",
        "172.17.0.3:80",
        protocol,
        Optional.of(new FlowReport.Asked("text", Map.of("status", 502L), 1, 2, 3)),
        Optional.empty(),
        7,
        false,
        "");
  }

  private static FlowFilter filter(String name, String value) throws Exception {
    return FlowQuestion.read(Query.parse(name + "=" + value), id -> id);
  }

  @ParameterizedTest
  @CsvSource({
    "http,http1 http2 grpc",
    "http1,http1",
    "http2,http2",
    "grpc,grpc",
    "tls,tls",
    "tunnel,tunnel",
    "tcp,tcp",
    "h2,''"
  })
  void aProtocolLetsItsOwnPassAndHttpAllOfHttp(String asked, String passing) throws Exception {
    FlowFilter filter = filter("protocol", asked);
    assertEquals(
        passing,
        String.join(
            " ", PROTOCOLS.stream().filter(p -> filter.passes(flow(p, "completed"))).toList()));
  }

  @ParameterizedTest
  @CsvSource({"upstream-refused,true", "completed,false", "refused,false"})
  void anEndingLetsItsOwnPass(String asked, boolean passes) throws Exception {
    assertEquals(passes, filter("ending", asked).passes(flow("http1", "upstream-refused")));
  }
}
