package dev.drawbridge.bench;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.testkit.VerifierBaseline;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

final class VerifierBenchTest {
  @Test
  @Tag("kernel")
  void noProgramHasGrownByAFifth() {
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    int grown = VerifierBench.run(new PrintStream(said, true, UTF_8));
    assertEquals(0, grown, said.toString(UTF_8));
  }

  @Test
  void aFifthMoreIsTheMost() {
    long most = VerifierBaseline.most("6.1.0-56-cloud-amd64", "getpeername4");
    assertEquals(140 + 28, most);
    assertEquals(most, VerifierBaseline.most("6.1.3", "getpeername4"));
  }

  @Test
  void aKernelThatNobodyLookedAtHasTheLargestNumber() {
    long unknown = VerifierBaseline.most("99.1", "skb_egress");
    assertTrue(unknown >= VerifierBaseline.most("6.1", "skb_egress"));
    assertEquals(0, VerifierBaseline.most("6.1", "no_such_program"));
  }
}
