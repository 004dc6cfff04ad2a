package dev.drawbridge.bpf.ffi;

/** Input and output of one BPF_PROG_TEST_RUN. */
public final class TestRun {
  private final byte[] dataIn;
  private final byte[] contextIn;
  private final int repeat;
  private byte[] dataOut = {};
  private byte[] contextOut = {};
  private int returnValue;
  private long nanosPerRun;

  public TestRun(byte[] dataIn, byte[] contextIn, int repeat) {
    this.dataIn = dataIn.clone();
    this.contextIn = contextIn.clone();
    this.repeat = repeat;
  }

  byte[] dataIn() {
    return dataIn;
  }

  byte[] contextIn() {
    return contextIn;
  }

  int repeat() {
    return repeat;
  }

  void finished(int returnValue, long nanosPerRun, byte[] dataOut, byte[] contextOut) {
    this.returnValue = returnValue;
    this.nanosPerRun = nanosPerRun;
    this.dataOut = dataOut;
    this.contextOut = contextOut;
  }

  public int returnValue() {
    return returnValue;
  }

  public long nanosPerRun() {
    return nanosPerRun;
  }

  public byte[] dataOut() {
    return dataOut.clone();
  }

  public byte[] contextOut() {
    return contextOut.clone();
  }
}
