package dev.drawbridge.bpf.ffi;

/** Numbers of errno(3) on Linux, those that BPF and namespaces answer with. */
public final class Errno {
  public static final int EPERM = 1;
  public static final int ENOENT = 2;
  public static final int ESRCH = 3;
  public static final int EINTR = 4;
  public static final int EBADF = 9;
  public static final int EEXIST = 17;
  public static final int EINVAL = 22;
  public static final int ENOSPC = 28;
  public static final int E2BIG = 7;
  public static final int EOPNOTSUPP = 95;
  public static final int ESTALE = 116;

  /** Internal to the kernel, yet BPF leaks it: "operation not supported". */
  public static final int ENOTSUPP = 524;

  private Errno() {}

  /**
   * The symbolic name of a number, negative or positive; {@code errno 1234} if it has none here.
   */
  public static String name(int number) {
    int errno = Math.abs(number);
    return switch (errno) {
      case EPERM -> "EPERM";
      case ENOENT -> "ENOENT";
      case ESRCH -> "ESRCH";
      case EINTR -> "EINTR";
      case 5 -> "EIO";
      case 6 -> "ENXIO";
      case E2BIG -> "E2BIG";
      case 8 -> "ENOEXEC";
      case EBADF -> "EBADF";
      case 11 -> "EAGAIN";
      case 12 -> "ENOMEM";
      case 13 -> "EACCES";
      case 14 -> "EFAULT";
      case 16 -> "EBUSY";
      case EEXIST -> "EEXIST";
      case 18 -> "EXDEV";
      case 19 -> "ENODEV";
      case 20 -> "ENOTDIR";
      case 21 -> "EISDIR";
      case EINVAL -> "EINVAL";
      case 23 -> "ENFILE";
      case 24 -> "EMFILE";
      case 25 -> "ENOTTY";
      case 27 -> "EFBIG";
      case ENOSPC -> "ENOSPC";
      case 30 -> "EROFS";
      case 34 -> "ERANGE";
      case 36 -> "ENAMETOOLONG";
      case 38 -> "ENOSYS";
      case 39 -> "ENOTEMPTY";
      case 40 -> "ELOOP";
      case 61 -> "ENODATA";
      case 67 -> "ENOLINK";
      case 75 -> "EOVERFLOW";
      case 88 -> "ENOTSOCK";
      case 92 -> "ENOPROTOOPT";
      case EOPNOTSUPP -> "EOPNOTSUPP";
      case 110 -> "ETIMEDOUT";
      case ESTALE -> "ESTALE";
      case ENOTSUPP -> "ENOTSUPP";
      case 4001 -> "LIBBPF_ERRNO__FORMAT";
      case 4000 -> "LIBBPF_ERRNO__LIBELF";
      case 4003 -> "LIBBPF_ERRNO__ENDIAN";
      case 4005 -> "LIBBPF_ERRNO__RELOC";
      case 4007 -> "LIBBPF_ERRNO__VERIFY";
      default -> "errno " + errno;
    };
  }
}
