package dev.drawbridge.bpf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.drawbridge.bpf.ffi.LibBpf;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class BtfTest {
  private static byte[] shipped() throws Exception {
    try (LibBpf.Opened object = LibBpf.system().open(BpfObject.drawbridge(), "btf")) {
      return object.btf();
    }
  }

  @Test
  void layoutTellsMovedMembersApart() throws Exception {
    String usual = layout(SampleObject.sample());
    assertEquals("{first@0 u32, second@4 u32}:8", usual);
    assertEquals(usual, layout(SampleObject.sample("MEMBERS=int first; volatile __u32 second")));
    assertEquals(
        "{second@0 u32, first@4 u32}:8",
        layout(SampleObject.sample("MEMBERS=__u32 second, first")));
    assertEquals("{first@0 u16[4]}:8", layout(SampleObject.sample("MEMBERS=__u16 first[4]")));
    assertEquals(
        "{a@0 union {b@0 u32, c@0 u16}:4}:4",
        layout(SampleObject.sample("MEMBERS=union { __u32 b; __u16 c; } a")));
  }

  private static String layout(byte[] elf) throws Exception {
    try (LibBpf.Opened object = LibBpf.system().open(elf, "btf")) {
      LibBpf.MapSpec hash =
          object.maps().stream().filter(map -> map.name().equals("hash")).findFirst().orElseThrow();
      return Btf.parse(object.btf()).layout(hash.valueTypeId());
    }
  }

  @Test
  void everyCutOfABtfSectionIsRefusedOrRead() throws Exception {
    byte[] whole = shipped();
    for (int length = 0; length < Math.min(whole.length, 3000); length++) {
      byte[] cut = Arrays.copyOf(whole, length);
      try {
        Btf.parse(cut);
      } catch (IllegalArgumentException e) {
        assertTrue(String.valueOf(e.getMessage()).length() > 0);
      }
    }
  }

  @Test
  void whatIsNoBtfIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> Btf.parse(new byte[0]));
    assertThrows(IllegalArgumentException.class, () -> Btf.parse(new byte[24]));
    assertThrows(IllegalArgumentException.class, () -> Btf.parse(new byte[] {1, 2, 3, 4}));
  }

  /** Our reader against bpftool's: the layout test rests on it. */
  @Test
  @Tag("kernel")
  void agreesWithBpftool() throws Exception {
    Path file = Files.createTempFile("drawbridge", ".o");
    Files.write(file, BpfObject.drawbridge());
    String json =
        SampleObject.run(List.of("bpftool", "-j", "btf", "dump", "file", file.toString()));
    Files.delete(file);
    Btf btf = Btf.parse(shipped());
    int structs = 0;
    for (JsonElement element :
        JsonParser.parseString(json).getAsJsonObject().getAsJsonArray("types")) {
      JsonObject type = element.getAsJsonObject();
      String name = type.get("name").getAsString();
      if (!type.get("kind").getAsString().equals("STRUCT") || name.startsWith("(")) {
        continue;
      }
      int id = type.get("id").getAsInt();
      assertEquals(type.get("size").getAsInt(), btf.size(id), name);
      List<String> expected =
          type.getAsJsonArray("members").asList().stream()
              .map(JsonElement::getAsJsonObject)
              .map(m ->
                  m.get("name").getAsString().replace("(anon)", "")
                      + "@"
                      + m.get("bits_offset").getAsInt())
              .toList();
      assertEquals(
          expected,
          btf.members(id).stream().map(m -> m.name() + "@" + m.bitOffset()).toList(),
          name);
      structs++;
    }
    assertTrue(structs >= 14, "bpftool saw only " + structs + " structs");
  }
}
