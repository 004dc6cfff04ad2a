package dev.drawbridge.bpf.ffi;

/** The libc functions we need. Every {@code int} is the result, or the negative errno. */
public interface LibC {
  int O_RDONLY = 0;
  int O_NOCTTY = 0x100;
  int O_NONBLOCK = 0x800;

  /** These two have other numbers on arm64: there 0x10000 is O_DIRECT, which opens anything. */
  int O_NOFOLLOW = Libraries.arm64() ? 0x8000 : 0x20000;

  int O_DIRECTORY = Libraries.arm64() ? 0x4000 : 0x10000;
  int O_CLOEXEC = 0x80000;
  int CLONE_NEWNET = 0x40000000;

  int AF_UNIX = 1;
  int AF_NETLINK = 16;
  int SOCK_DGRAM = 2;
  int SOCK_RAW = 3;
  int SOCK_CLOEXEC = 0x80000;
  int MSG_DONTWAIT = 0x40;
  int MSG_NOSIGNAL = 0x4000;

  /** The C library of this process. */
  static LibC system() {
    return Libraries.libc();
  }

  /** open(2) without a mode: for files that exist. */
  int open(String path, int flags);

  /** close(2). */
  int close(int fd);

  /** fcntl(2) with F_DUPFD_CLOEXEC. */
  int duplicate(int fd);

  /** setns(2), for the calling thread. */
  int setns(int fd, int type);

  /** mount(2). */
  int mount(String source, String target, String type, long flags, String options);

  /** umount2(2). */
  int unmount(String target, int flags);

  /** getsockopt(2) into {@code value}; answers how many bytes were written. */
  int socketOption(int fd, int level, int name, byte[] value);

  /** setsockopt(2). */
  int setSocketOption(int fd, int level, int name, byte[] value);

  /** socket(2). */
  int socket(int family, int type, int protocol);

  /** send(2) without flags; answers how many bytes went. */
  int send(int fd, byte[] message);

  /**
   * sendto(2); answers how many bytes went.
   *
   * @param address a {@code struct sockaddr} with all of its bytes
   */
  int sendTo(int fd, byte[] message, int flags, byte[] address);

  /** clock_gettime(2) of CLOCK_MONOTONIC, in ns. */
  long monotonic();

  /**
   * sched_setattr(2) for the calling thread: policy and nice value stay, and its turns on a
   * processor are to be that long. Linux before 6.12 takes it and changes nothing.
   */
  int turn(long nanos);

  /**
   * How long a thread's turns are; sched_getattr(2).
   *
   * @param thread its number, or 0 for the calling one
   */
  long turnOf(int thread);

  /** recv(2) without flags into {@code buffer}; answers how many bytes came. */
  int receive(int fd, byte[] buffer);
}
