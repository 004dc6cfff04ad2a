package dev.drawbridge.bpf.abi;

/** An enum constant that {@code abi.h} gives a number. */
public sealed interface KernelNumber
    permits KernelFile,
        Event.Side,
        KernelDirection,
        KernelHook,
        KernelVerdict,
        Self.Kind,
        SocketState.Role {
  int number();
}
