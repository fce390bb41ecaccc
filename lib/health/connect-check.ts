import type { ConnectCheckOptions } from '../upstream/options/checks.ts';
import { Verdict, verdictOf, type Check, type CheckOwner, type CheckPlace, type CheckTls } from './check.ts';
import { Line, type LineUser } from './line.ts';

/**
 * Connects, by TCP or on to the end of a TLS handshake. It may then send something, and it may wait for what the server says,
 * be that asked or not: a greeting, the answer to `PING`. A TCP connection on which nothing was said ends with a RST, as in
 * HAProxy: a FIN would keep its port for a minute (TIME_WAIT), 600,000 of them at 10,000 checks a second.
 */
export class ConnectCheck implements Check, LineUser {
  readonly #options: ConnectCheckOptions;
  readonly #place: CheckPlace;
  readonly #tls: CheckTls;
  readonly #greeting: string;
  readonly #pattern: RegExp | null;
  #line: Line | null = null;
  #owner: CheckOwner | null = null;
  #received = '';

  constructor(options: ConnectCheckOptions, place: CheckPlace, secure: CheckTls, greeting = '') {
    this.#options = options;
    this.#place = place;
    this.#tls = secure;
    this.#greeting = greeting;
    this.#pattern = options.expect?.isPattern === true ? new RegExp(options.expect.text) : null;
  }

  begin(owner: CheckOwner): void {
    this.#owner = owner;
    this.#received = '';
    this.#line = new Line(this.#place, this.#tls, this.#greeting, this);
  }

  abandon(): void {
    this.#owner = null;
    this.#drop();
  }

  close(): void {
    this.abandon();
  }

  onOpen(): void {
    const { send, expect } = this.#options;
    if (send !== '') this.#line?.write(send);
    if (expect === null) this.#finish(Verdict.PASS, 'connected');
  }

  onBytes(bytes: Buffer, from: number, to: number): void {
    const { expect } = this.#options;
    if (expect === null || this.#owner === null) return;
    this.#received += bytes.latin1Slice(from, to);
    if (this.#pattern === null ? this.#received.startsWith(expect.text) : this.#pattern.test(this.#received)) {
      this.#finish(Verdict.PASS, 'expected answer');
      return;
    }
    const mayCome = this.#pattern !== null || expect.text.startsWith(this.#received);
    if (!mayCome || this.#received.length > MAX_RECEIVED) this.#finish(Verdict.FAIL, 'unexpected answer');
  }

  onEnd(): void {
    this.#finish(Verdict.FAIL, this.#received === '' ? 'closed' : 'unexpected answer');
  }

  onLost(reason: string): void {
    this.#finish(verdictOf(reason), reason);
  }

  #finish(verdict: number, reason: string): void {
    const owner = this.#owner;
    this.#owner = null;
    this.#drop();
    owner?.onChecked(verdict, reason);
  }

  #drop(): void {
    const { kind, send, expect } = this.#options;
    if (kind === 'tcp' && send === '' && expect === null && this.#greeting === '') this.#line?.reset();
    else this.#line?.drop();
    this.#line = null;
  }
}

/** How much of an answer is looked at, in bytes. */
const MAX_RECEIVED = 65_536;
