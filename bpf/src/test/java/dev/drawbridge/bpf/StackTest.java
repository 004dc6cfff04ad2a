package dev.drawbridge.bpf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a program and all that it calls take of the stack, as Linux before 6.8 counts it
 * (check_max_stack_depth in kernel/bpf/verifier.c): each frame is a multiple of 32 bytes, and all
 * together are at most 512. Newer kernels count by 16, and would not tell.
 */
final class StackTest {
  private static final int MOST = 512;
  private static final int UNIT = 32;

  private static final Pattern FUNCTION = Pattern.compile("^[0-9a-f]+ <(\\w+)>:$");
  private static final Pattern SLOT = Pattern.compile("r10 - (0x[0-9a-f]+|\\d+)");
  private static final Pattern FRAME = Pattern.compile("r\\d+ = r10$");
  private static final Pattern OFFSET = Pattern.compile("r\\d+ \\+= -(0x[0-9a-f]+|\\d+)");
  private static final Pattern CALL = Pattern.compile("R_BPF_64_32\\s+(\\S+)");

  @TempDir private Path directory;

  /** One function: how deep its own frame is, and whom it calls. */
  private static final class Frame {
    private int depth;
    private final List<String> calls = new ArrayList<>();
  }

  @Test
  void everyChainOfCallsFitsTheOldestKernelsStack() throws IOException, InterruptedException {
    Map<String, Frame> frames = frames(disassembled());
    assertTrue(frames.containsKey("connect4") && frames.containsKey("db_judge_rules"));
    Map<String, Integer> beyond = new TreeMap<>();
    for (String name : frames.keySet()) {
      int whole = whole(name, frames, new HashMap<>());
      if (whole > MOST) {
        beyond.put(name, whole);
      }
    }
    assertEquals(Map.of(), beyond, "bytes of stack, at most " + MOST);
  }

  private static int whole(String name, Map<String, Frame> frames, Map<String, Integer> known) {
    Integer before = known.get(name);
    if (before != null) {
      return before;
    }
    Frame frame = frames.get(name);
    assertTrue(frame != null, () -> "a call of " + name + ", which is no function of the object");
    int below = 0;
    for (String called : frame.calls) {
      below = Math.max(below, whole(called, frames, known));
    }
    int all = Math.max(UNIT, (frame.depth + UNIT - 1) / UNIT * UNIT) + below;
    known.put(name, all);
    return all;
  }

  private static Map<String, Frame> frames(List<String> lines) {
    Map<String, Frame> frames = new HashMap<>();
    @Nullable Frame frame = null;
    String before = "";
    for (String line : lines) {
      Matcher function = FUNCTION.matcher(line);
      if (function.find()) {
        // Jumps have labels of this form as well.
        if (!function.group(1).startsWith("LBB")) {
          frame = frames.computeIfAbsent(function.group(1), _ -> new Frame());
        }
        continue;
      }
      if (frame == null) {
        continue;
      }
      Matcher call = CALL.matcher(line);
      if (call.find()) {
        frame.calls.add(call.group(1));
        continue;
      }
      for (Matcher slot = SLOT.matcher(line); slot.find(); ) {
        frame.depth = Math.max(frame.depth, Integer.decode(slot.group(1)));
      }
      Matcher offset = OFFSET.matcher(line);
      if (offset.find() && FRAME.matcher(before).find()) {
        frame.depth = Math.max(frame.depth, Integer.decode(offset.group(1)));
      }
      before = line.strip();
    }
    return frames;
  }

  private List<String> disassembled() throws IOException, InterruptedException {
    Path object = Files.write(directory.resolve("drawbridge.bpf.o"), BpfObject.drawbridge());
    Process process =
        new ProcessBuilder("llvm-objdump", "-d", "-r", "--no-show-raw-insn", object.toString())
            .redirectErrorStream(true)
            .start();
    List<String> lines =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
            .lines()
            .toList();
    assertTrue(process.waitFor(60, TimeUnit.SECONDS));
    assertEquals(0, process.exitValue(), () -> String.join("\n", lines));
    return lines;
  }
}
