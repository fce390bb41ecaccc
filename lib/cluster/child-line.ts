import type { ChildProcess, SendHandle } from 'node:child_process';
import type { Carrier } from '../net/carrier.ts';

/**
 * Node's own channel to a process it has started: messages in order, some with a socket. Node sends a socket, and all that comes behind it,
 * only when the process has taken the one before, so that descriptors have to stay open meanwhile.
 */
export class ChildLine {
  readonly #child: ChildProcess;
  readonly #leaving = new Set<() => void>();

  constructor(child: ChildProcess) {
    this.#child = child;
    // What waits then is neither sent nor answered.
    child.once('exit', () => {
      for (const left of this.#leaving) left();
      this.#leaving.clear();
    });
  }

  /** `failed`: the process is there and does not get the socket. */
  send(message: object, carrier: Carrier | undefined, failed: (error: Error) => void): void {
    // A process that dies meanwhile is told by its exit.
    if (!this.#child.connected) return;
    if (carrier === undefined) {
      this.#child.send(message, undefined, undefined, () => undefined);
      return;
    }
    const left = carrier.leave();
    this.#leaving.add(left);
    // Node takes its own wraps, too, which the published types do not know.
    this.#child.send(message, carrier.wrap as unknown as SendHandle, undefined, (error) => {
      if (!this.#leaving.delete(left)) return;
      left();
      if (error !== null && this.#child.connected) failed(error);
    });
  }
}
