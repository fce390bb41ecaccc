import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { ConnectCheckOptions } from '../upstream/options/checks.ts';
import { reasonOf, Verdict, verdictOf, type Check, type CheckOwner, type CheckPlace } from './check.ts';

/**
 * Sends a datagram and waits for one that answers it. UDP says nothing of itself: without an answer nobody knows more than that a
 * machine did not say (by ICMP) that nobody listens there. Datagrams from other addresses are not looked at.
 */
export class UdpCheck implements Check {
  readonly #options: ConnectCheckOptions;
  readonly #place: CheckPlace;
  readonly #pattern: RegExp | null;
  #socket: Socket | null = null;

  constructor(options: ConnectCheckOptions, place: CheckPlace) {
    this.#options = options;
    this.#place = place;
    this.#pattern = options.expect?.isPattern === true ? new RegExp(options.expect.text) : null;
  }

  begin(owner: CheckOwner): void {
    const { host, port } = this.#place;
    const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
    this.#socket = socket;
    socket.on('error', (error) => {
      const reason = reasonOf(error);
      this.#finish(owner, socket, verdictOf(reason), reason);
    });
    socket.on('message', (message) => {
      const isRight = this.#isRight(message.latin1Slice());
      this.#finish(
        owner,
        socket,
        isRight ? Verdict.PASS : Verdict.FAIL,
        isRight ? 'expected answer' : 'unexpected answer',
      );
    });
    // Connected, so that the kernel passes on what ICMP says, and datagrams of this address alone.
    socket.connect(port, host, () => {
      if (this.#socket === socket) socket.send(Buffer.from(this.#options.send, 'latin1'));
    });
  }

  abandon(): void {
    // Closed once it is bound; what is under way until then finds that it is not wanted.
    this.#socket?.close();
    this.#socket = null;
  }

  close(): void {
    this.abandon();
  }

  #isRight(answer: string): boolean {
    const { expect } = this.#options;
    if (expect === null) return true;
    return this.#pattern === null ? answer.startsWith(expect.text) : this.#pattern.test(answer);
  }

  #finish(owner: CheckOwner, socket: Socket, verdict: number, reason: string): void {
    if (this.#socket !== socket) return;
    this.abandon();
    owner.onChecked(verdict, reason);
  }
}
