import type { IRangeResponse } from 'etcd3';
import type { GiveWay } from '../core/give-way.ts';
import { etcdErrorText } from './etcd-error.ts';
import { clients, type EtcdMember, type WatchStream } from './etcd-member.ts';
import type { Change, Watch, WatchEnd, WatchListener } from './store.ts';
import { decodeWatchAnswer, type WatchAnswer } from './watch-answer.ts';
import type { Witness } from './witness.ts';

export interface EtcdWatchOptions {
  readonly member: EtcdMember;
  readonly range: { readonly key: Buffer; readonly range_end: Buffer };
  /** Of each key: the prefix, which is left out. */
  readonly prefixBytes: number;
  readonly fullKey: (key: string) => Buffer;
  /** Changes after it are told. */
  readonly revision: number;
  /** Of the last read; empty before. */
  readonly cluster: string;
  /** Asked before the watch begins; hears what is told. */
  readonly witness: Witness;
  /** Said before what was heard is read. */
  readonly giveWay: GiveWay;
  readonly listener: WatchListener;
  /** Called once when the watch ends or is closed. */
  readonly onEnd: (watch: EtcdWatch) => void;
}

/**
 * One watch on one member. It asks for progress all the time, so that silence means something: a half-open connection, or a
 * member that is cut off from its cluster.
 *
 * An answer to such a question moves the revision only if the member is known to send it in order with the events (etcd
 * 3.4.25, 3.5.8 and later); else it is a sign of life, and the revision moves with events and unasked progress.
 */
export class EtcdWatch implements Watch {
  readonly #options: EtcdWatchOptions;
  readonly #asking: NodeJS.Timeout;
  #silence: NodeJS.Timeout;
  #stream: WatchStream | null = null;
  #isOpen = true;
  /** Up to which everything was told. */
  #revision: number;
  /** Id that the member has given to this watch. */
  #id: string | null = null;
  #isProgressOrdered = false;
  /** Events of a response that goes on in the next one. */
  #fragments: Change[] = [];

  constructor(options: EtcdWatchOptions) {
    this.#options = options;
    this.#revision = options.revision;
    this.#silence = setTimeout(() => this.#lose('no answer'), SILENCE_MS);
    this.#asking = setInterval(() => this.#ask(), ASK_MS);
    void this.#start();
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    clearTimeout(this.#silence);
    clearInterval(this.#asking);
    this.#stream?.close();
    this.#options.onEnd(this);
  }

  async #start(): Promise<void> {
    const { member, range } = this.#options;
    const deadline = Date.now() + SILENCE_MS;
    try {
      const { version } = await member.call<{ version: string }>('Maintenance', 'status', {}, deadline);
      this.#isProgressOrdered = isProgressOrdered(version);
      const stranger = await this.#stranger(deadline);
      if (stranger !== null) {
        this.#end({ kind: 'compacted', message: stranger });
        return;
      }
      const opened = await member.watch(deadline);
      if (!this.#isOpen) {
        opened.close();
        return;
      }
      this.#stream = opened;
    } catch (error) {
      this.#lose(etcdErrorText(error));
      return;
    }
    const { stream } = this.#stream;
    stream.on('data', (bytes) => this.#hearBytes(bytes));
    stream.on('error', (error) => this.#lose(etcdErrorText(error)));
    stream.on('end', () => this.#lose('the stream has ended'));
    const start_revision = String(this.#revision + 1);
    stream.write({ create_request: { ...range, start_revision, progress_notify: true, fragment: true } });
  }

  /** Why the member's history is not the one that was told so far; null if it is. */
  async #stranger(deadline: number): Promise<string | null> {
    const { member, witness, fullKey } = this.#options;
    // It says nothing about a revision before its own.
    if (witness.key === null || witness.revision > this.#revision) return null;
    const request = { key: fullKey(witness.key), revision: String(this.#revision), keys_only: true };
    try {
      const { kvs } = await member.call<IRangeResponse>('KV', 'range', request, deadline);
      if (Number(kvs[0]?.mod_revision ?? 0) === witness.found) return null;
      return `${member.name} holds another history than what it told before: ${witness.key}`;
    } catch (error) {
      const { isCompacted } = await clients();
      if (!isCompacted(error)) throw error;
      return `${member.name} does not know revision ${this.#revision} any more, or not yet`;
    }
  }

  #ask(): void {
    if (this.#id !== null) this.#stream?.stream.write({ progress_request: {} });
  }

  #lose(message: string): void {
    this.#end({ kind: 'lost', message: `${this.#options.member.name}: ${message}` });
  }

  #end(reason: WatchEnd): void {
    if (!this.#isOpen) return;
    this.close();
    this.#options.listener.ended(reason);
  }

  #hearBytes(bytes: Buffer): void {
    if (!this.#isOpen) return;
    const { giveWay, prefixBytes } = this.#options;
    // The library has taken its time for them.
    giveWay();
    let answer: WatchAnswer;
    try {
      answer = decodeWatchAnswer(bytes, prefixBytes);
    } catch (error) {
      this.#lose(etcdErrorText(error));
      return;
    }
    this.#hear(answer);
  }

  #hear(response: WatchAnswer): void {
    this.#silence.refresh();
    const refusal = this.#refusal(response);
    if (refusal !== null) {
      this.#end(refusal);
      return;
    }
    if (response.created) this.#id = response.id;
    if (response.changes.length > 0) this.#hearEvents(response);
    else if (!response.created && this.#fragments.length === 0) this.#hearProgress(response);
    else if (response.created) this.#options.listener.progress(this.#revision);
  }

  /** Why the watch cannot go on. */
  #refusal(response: WatchAnswer): WatchEnd | null {
    const { member, cluster } = this.#options;
    if (response.compactRevision !== 0) {
      return { kind: 'compacted', message: `history before revision ${response.compactRevision} is gone` };
    }
    if (response.canceled) {
      // A token that is no longer known reads as a permission that is missing.
      member.forgetToken();
      return { kind: 'lost', message: `${member.name}: watch refused: ${response.cancelReason || 'no reason given'}` };
    }
    if (cluster !== '' && response.cluster !== cluster) {
      return { kind: 'compacted', message: `${member.name} is of another cluster than before` };
    }
    if (response.created && response.revision < this.#revision) {
      const message = `${member.name} is at revision ${response.revision}, before our ${this.#revision}`;
      return { kind: 'compacted', message };
    }
    return null;
  }

  #hearEvents({ changes: heard, fragment }: WatchAnswer): void {
    for (const change of heard) this.#fragments.push(change);
    if (fragment) return;
    const changes = this.#fragments;
    this.#fragments = [];
    let from = 0;
    for (let to = 1; to <= changes.length; to++) {
      const revision = changes[from]?.revision ?? 0;
      if (changes[to]?.revision === revision) continue;
      this.#tell(revision, changes.slice(from, to));
      from = to;
    }
  }

  #tell(revision: number, changes: readonly Change[]): void {
    if (revision <= this.#revision || !this.#isOpen) return;
    this.#revision = revision;
    this.#options.witness.hear(changes);
    this.#options.listener.changes(revision, changes);
  }

  #hearProgress({ id, revision }: WatchAnswer): void {
    if (this.#isProgressOrdered || id === this.#id) this.#revision = Math.max(this.#revision, revision);
    this.#options.listener.progress(this.#revision);
  }
}

const ASK_MS = 2000;
const SILENCE_MS = 5000;

/** Whether answers to progress requests keep their place among the events (etcd-io/etcd#15220). */
function isProgressOrdered(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  if (major !== 3) return major > 3;
  if (minor === 4) return patch >= 25;
  return minor > 5 || (minor === 5 && patch >= 8);
}
