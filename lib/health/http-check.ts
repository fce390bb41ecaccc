import { BodyReader } from '../http/body-reader.ts';
import { frameReply } from '../http/framing.ts';
import { BodyKind, Head } from '../http/head.ts';
import { parseReplyHead } from '../http/parse-reply.ts';
import { replyPersists } from '../http/persist.ts';
import { ReadOutcome, readAtOnce, writeAtOnce } from '../net/descriptor.ts';
import { shared } from '../net/handle-connection.ts';
import type { HttpCheckOptions } from '../upstream/options/checks.ts';
import {
  Verdict,
  verdictOf,
  type Check,
  type CheckOwner,
  type CheckPlace,
  type CheckTls,
  type KeptLines,
} from './check.ts';
import type { Glancer, Glances } from './glances.ts';
import { requestOf } from './http-check-request.ts';
import { passedOf, type PassedReply } from './passed-reply.ts';
import { Line, type LineUser } from './line.ts';

/** What HTTP checks of one upstream have in common. */
export interface HttpCheckMeans {
  /** What each connection begins with; or empty. */
  readonly greeting: string;
  readonly kept: KeptLines;
  readonly glances: Glances;
}

/**
 * Asks for a resource and looks at the reply's status and, where the options say so, at its body.
 *
 *     idle -> dialling -> reply -> idle
 *       \________________/
 *
 * The connection is kept for the next time if the server keeps it. One that the server has closed meanwhile is no finding: the
 * check is begun again on a new one. Of a server that has proved steady - it keeps the connection and replies within two
 * ticks - the connection is no longer watched: the check asks past the event loop and looks for the reply a tick later, which is
 * half the work. What may have come on it in between is not known then, so only a check that passes is believed, and any other
 * is begun again on a new connection.
 */
export class HttpCheck implements Check, LineUser, Glancer {
  readonly #options: HttpCheckOptions;
  readonly #place: CheckPlace;
  readonly #tls: CheckTls;
  readonly #means: HttpCheckMeans;
  readonly #request: string;
  readonly #passed: PassedReply;
  /** Of the body; null: it has to hold a plain text, or nothing. */
  readonly #pattern: RegExp | null;
  #line: Line | null = null;
  #owner: CheckOwner | null = null;
  /** The line has carried a check before. */
  #reused = false;
  /** The line is counted as kept. */
  #isKept = false;
  /** Checks in a row that the kept line was quick to carry. */
  #steady = 0;
  /** The descriptor of the line while the event loop does not read it, else -1. Nothing but `#drop` closes it then. */
  #fd = -1;
  /** Has asked past the event loop, and has not looked yet. */
  #glances = false;
  /** It was asked so in this check: what was read may have come before. */
  #blind = false;
  #begunIn = 0;
  /** Bytes of a reply's head that has not arrived whole; null: none. */
  #partial: Buffer | null = null;
  /** Null before the head of the reply. */
  #body: BodyReader | null = null;
  #persists = false;
  #status = 0;
  #text = '';

  constructor(options: HttpCheckOptions, place: CheckPlace, tls: CheckTls, means: HttpCheckMeans) {
    this.#options = options;
    this.#place = place;
    this.#tls = tls;
    this.#means = means;
    this.#request = requestOf(options, place);
    this.#passed = passedOf(options);
    this.#pattern = options.body?.isPattern === true ? new RegExp(options.body.text) : null;
  }

  begin(owner: CheckOwner): void {
    this.#owner = owner;
    this.#begunIn = this.#means.glances.turn;
    this.#reused = this.#line !== null;
    if (this.#line === null) this.#dial();
    else if (this.#steady < STEADY) this.#line.write(this.#request);
    else this.#ask(this.#line);
  }

  glance(): void {
    if (!this.#glances) return;
    const outcome = readAtOnce(this.#fd);
    const { turn } = this.#means.glances;
    if (outcome === ReadOutcome.NOTHING && turn - this.#begunIn < QUICK_TICKS) {
      this.#means.glances.add(this);
      return;
    }
    this.#glances = false;
    if (outcome > 0) this.onBytes(shared, 0, outcome);
    else if (outcome === ReadOutcome.END) this.onEnd();
    else if (outcome === ReadOutcome.BROKEN) this.onLost('reset');
    // It takes longer than that, or only a part is there.
    if (this.#owner !== null && this.#fd !== -1) this.#watchAgain();
  }

  abandon(): void {
    this.#owner = null;
    this.#drop();
  }

  close(): void {
    this.abandon();
  }

  onOpen(): void {
    this.#line?.write(this.#request);
  }

  onBytes(bytes: Buffer, from: number, to: number): void {
    // Bytes that nobody asked for: what they belong to will never be known.
    if (this.#owner === null) this.#drop();
    else if (this.#body !== null) this.#readBody(this.#body, bytes, from, to);
    else if (this.#partial === null && this.#passed.isSame(bytes, from, to)) this.#passAgain();
    else this.#readHead(bytes, from, to);
  }

  onEnd(): void {
    if (this.#owner !== null && this.#body?.end() === 0) this.#judgeBody();
    else this.onLost('closed');
  }

  onLost(reason: string): void {
    const isStale = this.#blind || (this.#reused && this.#body === null && this.#partial === null);
    if (this.#owner === null) this.#drop();
    else if (isStale) this.#again();
    else {
      this.#drop();
      this.#finish(verdictOf(reason), reason);
    }
  }

  #dial(): void {
    this.#steady = 0;
    this.#line = new Line(this.#place, this.#tls, this.#means.greeting, this);
  }

  #ask(line: Line): void {
    if (this.#fd === -1) {
      line.watch(false);
      // Asking the handle each time would cost as much as the parsing of a head.
      this.#fd = line.fd;
    }
    this.#blind = true;
    this.#glances = writeAtOnce(this.#fd, this.#request);
    if (this.#glances) this.#means.glances.add(this);
    else this.#again();
  }

  #watchAgain(): void {
    this.#fd = -1;
    this.#steady = 0;
    this.#line?.watch(true);
  }

  /** Begins once more, on a new connection. */
  #again(): void {
    this.#drop();
    this.#reused = false;
    this.#dial();
  }

  #readHead(bytes: Buffer, from: number, to: number): void {
    let [source, start, end] = [bytes, from, to];
    if (this.#partial !== null) {
      source = Buffer.concat([this.#partial, bytes.subarray(from, to)]);
      [start, end] = [0, source.length];
    }
    const at = parseReplyHead(head, source, start, end, LIMITS);
    if (at === 0) {
      this.#partial = Buffer.from(source.subarray(start, end));
      return;
    }
    this.#partial = null;
    if (at < 0) return this.#fail('malformed reply');
    if (head.status < 200 && head.status !== 101) {
      if (at < end) this.#readHead(source, at, end);
      return;
    }
    this.#replied(source, start, at, end);
  }

  /** What was said is what has passed before, on a connection that is kept. */
  #passAgain(): void {
    this.#status = this.#passed.status;
    this.#persists = true;
    this.#pass();
  }

  /** The head of the final reply, which begins at `start`, is there. */
  #replied(bytes: Buffer, start: number, from: number, to: number): void {
    const { status } = head;
    const { statuses, body } = this.#options;
    if (!statuses.some(({ from: least, to: most }) => status >= least && status <= most)) {
      return this.#fail(`status ${status}`);
    }
    if (frameReply(head, this.#options.method) !== 0) return this.#fail('malformed reply');
    this.#status = status;
    this.#persists = this.#options.reuse && replyPersists(head);
    this.#text = '';
    // The usual case: all of it is there, and what it says does not matter.
    const isWhole =
      head.bodyKind === BodyKind.NONE
        ? from === to
        : head.bodyKind === BodyKind.LENGTH && to - from === head.bodyLength;
    if (isWhole && body === null) {
      if (this.#persists) this.#passed.keep(bytes, start, to, status);
      return this.#pass();
    }
    const reader = new BodyReader();
    reader.reset(head.bodyKind, head.bodyLength, Number.MAX_SAFE_INTEGER, true);
    this.#body = reader;
    this.#readBody(reader, bytes, from, to);
  }

  #readBody(reader: BodyReader, bytes: Buffer, from: number, to: number): void {
    const wanted = this.#options.body;
    let at = from;
    while (at < to && !reader.done) {
      at = reader.read(bytes, at, to);
      if (at < 0) return this.#fail('malformed reply');
      if (wanted !== null) this.#text += bytes.toString('latin1', reader.dataStart, reader.dataEnd);
    }
    if (at < to) this.#persists = false;
    if (reader.done) this.#judgeBody();
    else if (wanted === null || this.#text.length > MAX_TEXT) {
      // What is left of the body decides nothing any more.
      this.#persists = false;
      this.#judgeBody();
    }
  }

  #judgeBody(): void {
    const { body } = this.#options;
    // Bytes were read as Latin-1, so that a character may come in two reads.
    const text = Buffer.from(this.#text.slice(0, MAX_TEXT), 'latin1').toString();
    const isRight = body === null || (this.#pattern === null ? text.includes(body.text) : this.#pattern.test(text));
    if (isRight) this.#pass();
    else this.#fail('unexpected body');
  }

  #pass(): void {
    this.#finish(Verdict.PASS, this.#status === 200 ? 'status 200' : `status ${this.#status}`);
  }

  #fail(reason: string): void {
    if (this.#blind) return this.#again();
    this.#persists = false;
    this.#finish(Verdict.FAIL, reason);
  }

  #finish(verdict: number, reason: string): void {
    const owner = this.#owner;
    this.#owner = null;
    this.#blind = false;
    if (this.#persists && (this.#isKept || this.#means.kept.take())) {
      this.#isKept = true;
      if (this.#tls === null && !this.#place.via) this.#countSteady();
      this.#partial = null;
      this.#body = null;
      this.#text = '';
    } else this.#drop();
    owner?.onChecked(verdict, reason);
  }

  #countSteady(): void {
    if (this.#means.glances.turn - this.#begunIn > QUICK_TICKS) this.#steady = 0;
    else if (this.#reused && this.#steady < STEADY) this.#steady++;
  }

  #drop(): void {
    const line = this.#line;
    this.#line = null;
    if (this.#isKept) this.#means.kept.give();
    this.#isKept = false;
    this.#fd = -1;
    this.#glances = false;
    this.#blind = false;
    this.#partial = null;
    this.#body = null;
    this.#text = '';
    line?.drop();
  }
}

/** Heads are parsed within one turn, so one record serves all checks. */
const LIMITS = { maxHeadBytes: 65_536, maxFields: 256 };
const head = new Head(LIMITS.maxFields);

/** So many quick checks on a kept connection make a server steady. */
const STEADY = 2;

/** Who has replied by then was quick. */
const QUICK_TICKS = 2;

/** How much of a body is looked at, in bytes. */
const MAX_TEXT = 65_536;
