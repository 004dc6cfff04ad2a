package dev.drawbridge.runtime.podman;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A Bolt database (go.etcd.io/bbolt, file format 2) for reading, without its lock, which is
 * flock(2)'s and is held by whoever writes. Nothing of the last committed transaction is written
 * over before the one after next: pages of the newest are free for nobody, and those that it has
 * freed are for the next to write. So what was read is one state of the database if the newest
 * transaction is the same before and after, and is read again if it is not.
 */
final class BoltFile implements Closeable {

  private static final int MAGIC = 0xED0CDAED;
  private static final int VERSION = 2;

  /** Of a page's header, in bytes: id, flags, count, overflow. */
  private static final int HEADER = 16;

  /** Of an element of a branch or a leaf, in bytes. */
  private static final int ELEMENT = 16;

  private static final int BRANCH = 1;
  private static final int LEAF = 2;
  private static final int IS_BUCKET = 1;

  /** Of a bucket's own header: root page, sequence. */
  private static final int BUCKET = 16;

  /** Of a meta page, without its header. */
  private static final int META = 64;

  private static final int MOST_LEVELS = 32;

  /** Of one page with all that overflows, in bytes: the parts of one container are on one. */
  private static final int LARGEST_PAGE = 2 * PodmanState.LARGEST_RECORD;

  /** How often a reading is begun anew because somebody wrote meanwhile. */
  private static final int TRIES = 50;

  private static final int PAUSE_MILLIS = 2;

  private final Path file;
  private final FileChannel channel;

  private BoltFile(Path file, FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  static BoltFile open(Path file) throws IOException {
    return new BoltFile(file, FileChannel.open(file, StandardOpenOption.READ));
  }

  /** The newest transaction whose pages are whole. */
  private record Meta(int pageSize, long root, long transaction) {}

  /** What is asked of one state of the database. */
  @FunctionalInterface
  interface Reading<T> {
    T of(Bucket root) throws IOException;
  }

  /** Told of each entry of a bucket, in the order of keys. False ends it. */
  @FunctionalInterface
  interface Visitor {
    boolean entry(byte[] key, Value value) throws IOException;
  }

  /** Bytes, or a bucket of more. */
  sealed interface Value {
    @SuppressWarnings("ArrayRecordComponent") // handed on at once, never compared
    record Bytes(byte[] bytes) implements Value {}

    record Nested(Bucket bucket) implements Value {}
  }

  /** Reads one state of the database; the reading may be done several times. */
  <T> T read(Reading<T> reading) throws IOException {
    IOException last = null;
    for (int attempt = 0; attempt < TRIES; attempt++) {
      Meta before = newest();
      try {
        T read = reading.of(new Bucket(before, before.root(), Optional.empty()));
        if (newest().equals(before)) {
          return read;
        }
      } catch (IOException e) {
        if (newest().equals(before)) {
          throw e;
        }
        last = e;
      }
      try {
        TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted while reading " + file, e);
      }
    }
    throw new IOException(file + " was written to during each of " + TRIES + " readings", last);
  }

  private Meta newest() throws IOException {
    Optional<Meta> first = meta(0);
    // The second is on the second page, whose size the first one says; without it, the usual ones.
    int[] sizes =
        first.isPresent() ? new int[] {first.get().pageSize()} : new int[] {4096, 16384, 65536};
    Optional<Meta> newest = first;
    for (int size : sizes) {
      Optional<Meta> second = meta(size).filter(meta -> meta.pageSize() == size);
      if (second.isPresent()
          && (newest.isEmpty() || second.get().transaction() > newest.get().transaction())) {
        newest = second;
      }
    }
    return newest.orElseThrow(
        () -> new IOException(file + " is no Bolt database of format " + VERSION));
  }

  private Optional<Meta> meta(long at) throws IOException {
    ByteBuffer page;
    try {
      page = bytes(at + HEADER, META);
    } catch (EOFException e) {
      return Optional.empty();
    }
    int pageSize = page.getInt(8);
    // magic, version, page size, flags, root and its sequence, free list, pages, transaction,
    // checksum
    if (page.getInt(0) != MAGIC
        || page.getInt(4) != VERSION
        || Integer.bitCount(pageSize) != 1
        || pageSize < 1024
        || pageSize > 65536
        || page.getLong(META - 8) != checksum(page, META - 8)) {
      return Optional.empty();
    }
    return Optional.of(new Meta(pageSize, page.getLong(16), page.getLong(48)));
  }

  /** FNV-1a, 64 bits. */
  private static long checksum(ByteBuffer bytes, int length) {
    long hash = 0xcbf29ce484222325L;
    for (int i = 0; i < length; i++) {
      hash = (hash ^ (bytes.get(i) & 0xff)) * 0x100000001b3L;
    }
    return hash;
  }

  private ByteBuffer bytes(long at, int length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    while (bytes.hasRemaining()) {
      if (channel.read(bytes, at + bytes.position()) < 0) {
        throw new EOFException(file + " ends before byte " + (at + length));
      }
    }
    return bytes.flip();
  }

  /** Sorted keys, each with bytes or another bucket. Of one state: valid inside its reading. */
  final class Bucket {
    private final Meta meta;
    private final long root;
    private final Optional<ByteBuffer> inline;

    private Bucket(Meta meta, long root, Optional<ByteBuffer> inline) {
      this.meta = meta;
      this.root = root;
      this.inline = inline;
    }

    /** What a key has; empty if there is no such key. */
    Optional<Value> get(String key) throws IOException {
      byte[] wanted = key.getBytes(StandardCharsets.UTF_8);
      ByteBuffer page = first();
      for (int level = 0; level < MOST_LEVELS; level++) {
        int count = count(page);
        if (isLeaf(page)) {
          for (int i = 0; i < count; i++) {
            if (Arrays.equals(leafKey(page, i), wanted)) {
              return Optional.of(leafValue(page, i));
            }
          }
          return Optional.empty();
        }
        // The last child whose first key is not beyond what is wanted.
        int child = 0;
        for (int i = 1; i < count && Arrays.compareUnsigned(branchKey(page, i), wanted) <= 0; i++) {
          child = i;
        }
        if (count == 0) {
          return Optional.empty();
        }
        page = page(branchPage(page, child));
      }
      throw damaged("has more than " + MOST_LEVELS + " levels");
    }

    /** A bucket by its key; empty if there is none. */
    Optional<Bucket> bucket(String key) throws IOException {
      return get(key)
          .flatMap(value ->
              switch (value) {
                case Value.Nested(Bucket nested) -> Optional.of(nested);
                case Value.Bytes _ -> Optional.empty();
              });
    }

    /** Bytes by their key; empty if there are none. */
    Optional<byte[]> bytes(String key) throws IOException {
      return get(key)
          .flatMap(value ->
              switch (value) {
                case Value.Nested _ -> Optional.empty();
                case Value.Bytes(byte[] bytes) -> Optional.of(bytes);
              });
    }

    /** Goes through all keys. */
    void each(Visitor visitor) throws IOException {
      boolean _ = each(first(), visitor, 0, new long[] {channel.size() / meta.pageSize()});
    }

    private boolean each(ByteBuffer page, Visitor visitor, int level, long[] pagesLeft)
        throws IOException {
      if (level == MOST_LEVELS || --pagesLeft[0] < 0) {
        throw damaged("has more levels or more pages in one bucket than it can have");
      }
      for (int i = 0; i < count(page); i++) {
        boolean goesOn =
            isLeaf(page)
                ? visitor.entry(leafKey(page, i), leafValue(page, i))
                : each(page(branchPage(page, i)), visitor, level + 1, pagesLeft);
        if (!goesOn) {
          return false;
        }
      }
      return true;
    }

    private ByteBuffer first() throws IOException {
      return inline.isPresent() ? inline.get() : page(root);
    }

    private ByteBuffer page(long id) throws IOException {
      if (id < 2 || id > channel.size() / meta.pageSize()) {
        throw damaged("names page " + id);
      }
      long at = id * meta.pageSize();
      ByteBuffer header = BoltFile.this.bytes(at, HEADER);
      long length = (1L + Integer.toUnsignedLong(header.getInt(12))) * meta.pageSize();
      if (header.getLong(0) != id || length > LARGEST_PAGE) {
        throw damaged(
            "has a page " + id + " of " + length + " bytes that says it is " + header.getLong(0));
      }
      ByteBuffer page = BoltFile.this.bytes(at, (int) length);
      boolean _ = isLeaf(page);
      return page;
    }

    private boolean isLeaf(ByteBuffer page) throws IOException {
      int flags = page.getShort(8);
      if (flags != LEAF && flags != BRANCH) {
        throw damaged("has a page of kind " + flags + " where a branch or a leaf belongs");
      }
      return flags == LEAF;
    }

    private int count(ByteBuffer page) throws IOException {
      int count = Short.toUnsignedInt(page.getShort(10));
      if (HEADER + (long) count * ELEMENT > page.limit()) {
        throw damaged("has a page with " + count + " elements that do not fit");
      }
      return count;
    }

    // Of a branch: where its key is from here, its size, the child's page.
    private byte[] branchKey(ByteBuffer page, int i) throws IOException {
      int element = HEADER + i * ELEMENT;
      return cut(
          page, element + Integer.toUnsignedLong(page.getInt(element)), page.getInt(element + 4));
    }

    private long branchPage(ByteBuffer page, int i) {
      return page.getLong(HEADER + i * ELEMENT + 8);
    }

    // Of a leaf: flags, where its key is from here, the key's size, and that of the value behind
    // it.
    private byte[] leafKey(ByteBuffer page, int i) throws IOException {
      int element = HEADER + i * ELEMENT;
      return cut(
          page,
          element + Integer.toUnsignedLong(page.getInt(element + 4)),
          page.getInt(element + 8));
    }

    private Value leafValue(ByteBuffer page, int i) throws IOException {
      int element = HEADER + i * ELEMENT;
      long at =
          element
              + Integer.toUnsignedLong(page.getInt(element + 4))
              + Integer.toUnsignedLong(page.getInt(element + 8));
      byte[] value = cut(page, at, page.getInt(element + 12));
      if ((page.getInt(element) & IS_BUCKET) == 0) {
        return new Value.Bytes(value);
      }
      if (value.length < BUCKET) {
        throw damaged("has a bucket of " + value.length + " bytes");
      }
      ByteBuffer bucket = ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN);
      long page0 = bucket.getLong(0);
      if (page0 != 0) {
        return new Value.Nested(new Bucket(meta, page0, Optional.empty()));
      }
      if (value.length < BUCKET + HEADER) {
        throw damaged("has a bucket of " + value.length + " bytes");
      }
      ByteBuffer inside =
          bucket.slice(BUCKET, value.length - BUCKET).order(ByteOrder.LITTLE_ENDIAN);
      return new Value.Nested(new Bucket(meta, 0, Optional.of(inside)));
    }

    private byte[] cut(ByteBuffer page, long at, int length) throws IOException {
      if (length < 0 || at > page.limit() - (long) length) {
        throw damaged("has an element beyond its page");
      }
      byte[] bytes = new byte[length];
      page.get((int) at, bytes);
      return bytes;
    }

    private IOException damaged(String how) {
      return new IOException(file + " is damaged: it " + how);
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
