package dev.drawbridge.it.names;

import dev.drawbridge.testkit.Shell;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Clients that look up a name, each in its own way. Go's own resolver is not among them: Debian's
 * {@code golang-go} takes 450 MB.
 *
 * @param musl a program whose libc is musl
 */
record Clients(Path musl) {
  static final String MUSL = "musl, all servers at once by a socket that is not connected";

  static Clients madeIn(Path directory) {
    Path program = directory.resolve("resolve");
    Shell.must(
        "musl-gcc",
        "-static",
        "-O1",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-o",
        program.toString(),
        Path.of("src/test/c/resolve.c").toAbsolutePath().toString());
    return new Clients(program);
  }

  /** What a container of theirs has besides this machine's programs, as {@code -v} takes it. */
  List<String> places() {
    return List.of(
        ReachMain.class.getProtectionDomain().getCodeSource().getLocation().getPath()
            + ":/classes:ro",
        musl + ":/musl:ro");
  }

  /** What asks for a name ({@code $0}) and connects to where it leads, each in its own way. */
  Map<String, String> all() {
    String connect = " [ $(nc -w 5 $a 3306 < /dev/null | wc -c) -gt 0 ] && echo reached";
    String glibc =
        "/usr/bin/python3 -c 'import socket, sys; print(\"reached\" if"
            + " socket.create_connection((sys.argv[1], 3306), 5).recv(1) else \"silence\")' $0";
    Map<String, String> all = new LinkedHashMap<>();
    all.put("glibc, both families by one connected socket", glibc);
    all.put("glibc, a socket for each", "export RES_OPTIONS=single-request-reopen; " + glibc);
    all.put("glibc, by streams", "export RES_OPTIONS=use-vc; " + glibc);
    all.put(
        "busybox, by a socket that is not connected",
        "a=$(nslookup $0 | /bin/busybox awk '/^Address/ { a = $2 } END { print a }');" + connect);
    all.put("dig", "a=$(dig +short $0);" + connect);
    all.put("dig by a stream", "a=$(dig +tcp +short $0);" + connect);
    all.put(
        "Python's asyncio",
        """
        /usr/bin/python3 -c '
        import asyncio, sys
        async def main():
            r, w = await asyncio.open_connection(sys.argv[1], 3306)
            print("reached" if await r.read(1) else "silence")
        asyncio.run(main())' $0
        """);
    all.put(
        "Node, getaddrinfo",
        """
        /usr/bin/node -e '
        require("net").connect({host: process.argv[1], port: 3306})
            .on("data", () => { console.log("reached"); process.exit() })' $0
        """);
    all.put(
        "Node, c-ares",
        """
        /usr/bin/node -e '
        require("dns").resolve4(process.argv[1], (_, found) =>
            require("net").connect({host: found[0], port: 3306})
                .on("data", () => { console.log("reached"); process.exit() }))' $0
        """);
    all.put(
        "Java",
        System.getProperty("java.home")
            + "/bin/java -XX:TieredStopAtLevel=1 -cp /classes "
            + ReachMain.class.getName()
            + " $0 3306");
    all.put(MUSL, "/musl $0 3306");
    return all;
  }
}
