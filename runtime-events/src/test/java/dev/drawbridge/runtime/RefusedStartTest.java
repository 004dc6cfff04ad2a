package dev.drawbridge.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What engines say of a start that no agent answered, as Docker 20.10, 26.1 and 28.5 do. */
final class RefusedStartTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          true  | failed to create shim task: OCI runtime create failed: drawbridge: container not started: the agent is not answering on /run/drawbridge/hook.sock (No such file or directory); start it with systemctl start drawbridge: unknown
          true  | OCI runtime create failed: drawbridge: container not started: the agent is not answering on /s (Connection refused): unknown
          true  | OCI runtime start failed: drawbridge: container not started: the agent is not answering on /s (Connection refused): unknown
          true  | failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: error running hook #0: error running hook: exit status 1, stdout: , stderr: drawbridge: container not started: the agent is not answering on /s (Connection refused)
          false | OCI runtime create failed: drawbridge: DB0111 label drawbridge.policy.read, column 13: unknown method
          false | OCI runtime create failed: runc create failed: exec: "drawbridge: container not started: the agent is not answering on /s": stat: no such file or directory
          false | drawbridge: container not started: the agent is not answering on /s
          false | ''
          """)
  void tellsARefusalOfNobodyFromAnyOther(boolean refused, String error) {
    assertEquals(refused, RefusedStart.says(error));
  }

  @ParameterizedTest
  @CsvSource({"always,true", "unless-stopped,true", "on-failure,true", "no,false", "'',false"})
  void onlyAPolicyBringsBack(String policy, boolean back) {
    assertEquals(back, RefusedStart.restarts(policy));
  }
}
