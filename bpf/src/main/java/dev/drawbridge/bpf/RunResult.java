package dev.drawbridge.bpf;

/**
 * What a program did in a BPF_PROG_TEST_RUN.
 *
 * @param returnValue the program's return value
 * @param dataOut the packet afterwards, empty for programs without one
 * @param contextOut the context afterwards, empty if none was given
 * @param nanosPerRun average over the repetitions
 */
@SuppressWarnings("ArrayRecordComponent") // bytes handed to a test, never compared as a record
public record RunResult(int returnValue, byte[] dataOut, byte[] contextOut, long nanosPerRun) {}
