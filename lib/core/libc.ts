/** What is called of the C library, by Node's experimental `node:ffi`. */
export interface Libc {
  /** sched_yield(2): the thread goes behind those that wait for its processor. */
  yieldProcessor(): void;
  /** syscall(2): 0 or more, or -1 where the kernel refuses it. The buffer may be read and written. */
  systemCall(number: number, first: number, buffer: Buffer, third: number, fourth: number): number;
}

/**
 * The C library of this process; null on other systems than Linux, and where Node has no `node:ffi` or does not let this process use it
 * (`--permission`, `--no-experimental-ffi`). Takes about a millisecond the first time. Node warns once of an experiment.
 */
export function openLibc(): Libc | null {
  if (process.platform !== 'linux') return null;
  try {
    // Not in the published types yet; what is asked of it is what its documentation says.
    const ffi = process.getBuiltinModule('node:ffi') as unknown as Ffi | undefined;
    if (ffi === undefined) return null;
    const { sched_yield: yieldNow, syscall } = ffi.dlopen(null, {
      sched_yield: { return: 'int32', arguments: [] },
      syscall: { return: 'int64', arguments: ['int64', 'int64', 'buffer', 'int64', 'int64'] },
    }).functions;
    return {
      yieldProcessor: () => void yieldNow(),
      systemCall: (number, first, buffer, third, fourth) =>
        Number(syscall(BigInt(number), BigInt(first), buffer, BigInt(third), BigInt(fourth))),
    };
  } catch {
    return null;
  }
}

type Foreign = (...values: readonly (bigint | Buffer)[]) => bigint | number;

interface Ffi {
  /** Null: what the process itself has loaded. */
  dlopen<Name extends string>(
    path: null,
    definitions: Readonly<Record<Name, { readonly return: string; readonly arguments: readonly string[] }>>,
  ): { readonly functions: Readonly<Record<Name, Foreign>> };
}
