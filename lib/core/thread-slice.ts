import type { Libc } from './libc.ts';

/**
 * Gives the calling thread a slice of its own: how long it may go on where others wait for its processor. Who wakes up with a shorter one than
 * whoever runs does not wait for the end of that one's (Linux 6.12, sched(7)). Its share of the processor stays what it is. Answers the slice
 * that is in force in nanoseconds, or null where the kernel knows no such thing or refuses it; a thread whose policy somebody has chosen
 * (chrt(1), systemd's CPUSchedulingPolicy) is left alone, as is one with a shorter slice.
 */
export function threadSlice(libc: Libc, sliceNs: number, arch: NodeJS.Architecture = process.arch): number | null {
  const thread = Thread.open(libc, arch);
  if (thread === null || thread.sliceNs <= sliceNs) return thread?.sliceNs ?? null;
  return thread.set(sliceNs) ? (Thread.open(libc, arch)?.sliceNs ?? null) : null;
}

/** Gives the calling thread the slice that the system gives to those who want none of their own. */
export function usualSlice(libc: Libc, arch: NodeJS.Architecture = process.arch): void {
  Thread.open(libc, arch)?.set(USUAL);
}

/** How the calling thread is scheduled: a `struct sched_attr` as it was read. */
class Thread {
  readonly #libc: Libc;
  readonly #set: number;
  readonly #attributes: Buffer;

  private constructor(libc: Libc, set: number, attributes: Buffer) {
    this.#libc = libc;
    this.#set = set;
    this.#attributes = attributes;
  }

  /** Null where it cannot be read or has another policy, and for kernels before 6.12, which tell no slice. */
  static open(libc: Libc, arch: NodeJS.Architecture): Thread | null {
    const calls = CALLS[arch];
    if (calls === undefined) return null;
    const attributes = Buffer.alloc(ATTRIBUTES_BYTES);
    const result = libc.systemCall(calls.get, THIS_THREAD, attributes, ATTRIBUTES_BYTES, 0);
    if (result !== 0 || attributes.readUInt32LE(POLICY_AT) !== SCHED_OTHER) return null;
    const thread = new Thread(libc, calls.set, attributes);
    return thread.sliceNs === 0 ? null : thread;
  }

  get sliceNs(): number {
    return Number(this.#attributes.readBigUInt64LE(RUNTIME_AT));
  }

  /** Answers whether it was taken. Nothing else of the thread changes. */
  set(sliceNs: number): boolean {
    const attributes = this.#attributes;
    attributes.writeBigUInt64LE(BigInt(sliceNs), RUNTIME_AT);
    // Threads that it starts later have the usual slice. With a priority above the usual they would lose that as well.
    if (attributes.readInt32LE(NICE_AT) >= 0) attributes.writeBigUInt64LE(SCHED_FLAG_RESET_ON_FORK, FLAGS_AT);
    return this.#libc.systemCall(this.#set, THIS_THREAD, attributes, 0, 0) === 0;
  }
}

/** Numbers of sched_setattr(2) and sched_getattr(2), for which most C libraries have no function. All of these write numbers the short end first. */
const CALLS: Readonly<Partial<Record<NodeJS.Architecture, { readonly set: number; readonly get: number }>>> = {
  x64: { set: 314, get: 315 },
  arm64: { set: 274, get: 275 },
  riscv64: { set: 274, get: 275 },
};
const THIS_THREAD = 0;
/** `struct sched_attr` as it first was: size, policy, flags, nice, priority, runtime, deadline, period. */
const ATTRIBUTES_BYTES = 48;
const POLICY_AT = 4;
const FLAGS_AT = 8;
const NICE_AT = 16;
const RUNTIME_AT = 24;
const SCHED_OTHER = 0;
const SCHED_FLAG_RESET_ON_FORK = 1n;
const USUAL = 0;
