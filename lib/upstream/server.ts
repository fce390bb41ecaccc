import type { Wheel } from '../core/wheel.ts';
import { Dialer, PLAIN_WAY, type ClientEnd } from './dialer.ts';
import type { Measure } from './balancer.ts';
import { Latency } from './latency.ts';
import { EarlyEnds } from './early-ends.ts';
import { defaultBounds, Pool, type IdleTotal, type PoolBounds } from './pool.ts';
import { authorityOf, hostOf, isLookedUp } from './server-name.ts';
import { ServerConnection } from './server-connection.ts';
import type { ServerReport } from './server-report.ts';
import type { ServerSpec } from './server-spec.ts';
import { ServerSessions } from './server-sessions.ts';
import { Silence } from './silence.ts';
import type { WaitQueue } from './wait-queue.ts';
import { Traffic } from './traffic.ts';
import type { Watch } from './watch.ts';

/** Counts tries at a server: with a status, a code of `Fault`, or 0 where the client left before. */
export interface TryCounter {
  count(outcome: number, ms: number): void;
  /** A connection has carried so much for its user, heads included. */
  carried(sentBytes: number, receivedBytes: number): void;
}

/** What is dialled: a TCP address, or a Unix socket if `path` is not empty. `secure`: it is named by `https://`. */
export interface DialTarget {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly secure: boolean;
}

/**
 * A member of an upstream: its address, its parameters, and all that lives longer than a request or a document - idle
 * connections, exchanges in flight, failures. One object from the moment the address appears until its last exchange ends.
 */
export class Server {
  readonly target: DialTarget;
  /** What is dialled, as text: `10.0.0.1:80`, `[::1]:80`, `unix:/path`. */
  readonly address: string;
  bounds: PoolBounds;
  dialer: Dialer;
  /** Why the last connection could not be made; null once one is. */
  dialError: string | null = null;
  spec: ServerSpec;
  /** Exchanges that use it now. */
  inFlight = 0;
  /** Who waits for a place at it, or at another server of its upstream. */
  queue: WaitQueue | null = null;
  /** What balancers give it of all requests, in proportion to the others; 0: none but those of its sessions. */
  share = 1;
  /** Wheel time since when it is in use, for its slow start; and what it has gathered for its next request in that. */
  startedAt = -Infinity;
  warmth = 0;
  /** Of its share, that it has come to. */
  part = 1;
  /** Null where nobody asks for them. */
  latency: Latency | null = null;
  traffic: Traffic | null = null;
  /** Failures since it last worked. */
  fails = 0;
  /** Wheel time of the last failure, and since when its probation is counted. */
  failedAt = 0;
  checkedAt = 0;
  readonly silence: Silence;
  readonly earlyEnds: EarlyEnds;
  /** It was counted as a failure that it says nothing. */
  #isHung = false;
  /** What the head of a reply takes, of late, in milliseconds; -1: none was seen. */
  replyMs = -1;
  /** Connections to it, idle or not. */
  open = 0;
  /** Counted since it was told last: see `ServerReport`. */
  #tries = 0;
  #failures = 0;
  #made = 0;
  #outs = 0;
  /** Wheel time of the last reply whose time was taken. */
  #timedAt = 0;
  /** Why its health keeps it from being used: sum of `Barred`. */
  barred = 0;
  /** Whether its health lets it be chosen; see `GroupHealth`. */
  healthy = true;
  /** Who counts what becomes of tries; null: nobody. */
  counter: TryCounter | null = null;
  /** Who sees what it does, for the other processes; null: nobody. */
  watch: Watch | null = null;
  /** False once no document names it: it takes no new exchange and keeps no connection. */
  listed = true;
  readonly #wheel: Wheel;
  readonly #pool = new Pool();
  /** Of HTTP/2. */
  sessions = new ServerSessions();

  constructor(spec: ServerSpec, target: DialTarget, wheel: Wheel, idleMs: number) {
    this.spec = spec;
    this.target = target;
    this.address = addressOf(target);
    this.bounds = defaultBounds(idleMs);
    this.dialer = PLAIN;
    this.silence = new Silence(wheel);
    this.earlyEnds = new EarlyEnds(wheel);
    this.#wheel = wheel;
  }

  /** Its name as a request's Host has it. */
  get authority(): string {
    return authorityOf(this.spec.name, this.dialer.tls !== null);
  }

  /** Whether its document gives it a name, not an address or a path. */
  get isNamed(): boolean {
    return isLookedUp(this.hostName) && this.target.path === '';
  }

  /** Its host as the document says it: an address, or the name that was resolved. */
  get hostName(): string {
    return hostOf(this.spec.name);
  }

  /** Connections are made and kept like this from now on; those that were made in another way are not used again. */
  configure(dialer: Dialer, bounds: PoolBounds): void {
    const isOther = dialer !== this.dialer;
    this.dialer = dialer;
    this.bounds = bounds;
    if (isOther) this.#clear();
  }

  get idle(): number {
    return this.#pool.size;
  }

  /**
   * An idle connection, the most recently used one, or a new one that is still dialling. `freshMs`: longest idleness that is
   * accepted; below 0 always dials. `client`: whom it is for.
   */
  connect(freshMs: number, client: ClientEnd | null): ServerConnection {
    const owner = this.dialer.proxy === null ? null : client;
    return this.#pool.take(this.#wheel.now - freshMs, owner) ?? this.#dial(owner);
  }

  /** Takes a connection into the pool. */
  keep(connection: ServerConnection): void {
    connection.idleSince = this.#wheel.now;
    this.#pool.put(connection, this.bounds);
  }

  /** Its idle connections are counted there, too. It has none yet. */
  joins(total: IdleTotal): void {
    this.#pool.total = total;
  }

  /** A connection is not idle any more. */
  forget(connection: ServerConnection): void {
    this.#pool.remove(connection);
  }

  /** Closes its idle connections; answers how many there were. */
  endIdle(): number {
    const { size } = this.#pool;
    this.#pool.clear();
    return size + this.sessions.endIdle();
  }

  /** No document names it any more: idle connections go, exchanges in flight finish. */
  unlist(): void {
    this.listed = false;
    this.#clear();
  }

  #clear(): void {
    this.#pool.clear();
    this.sessions.clear();
  }

  /** Passive health as in nginx (ngx_http_upstream documentation, `max_fails`): whether it may be chosen now. */
  get available(): boolean {
    const { maxFails, failTimeoutMs } = this.spec;
    return maxFails === 0 || this.fails < maxFails || this.#wheel.now - this.checkedAt > failTimeoutMs;
  }

  /** It was chosen; after its time out it is let try once, and only once per time out. */
  chosen(): void {
    this.inFlight++;
    this.#tries++;
    if (this.#wheel.now - this.checkedAt > this.spec.failTimeoutMs) this.checkedAt = this.#wheel.now;
  }

  /** The exchange with it is over, well or not. */
  done(): void {
    this.inFlight--;
    this.queue?.wake();
  }

  failed(): void {
    this.#failures++;
    this.countFailure();
    if (this.fails === this.spec.maxFails) this.#outs++;
    this.watch?.failed();
  }

  /**
   * It is silent (`isSilent`). That is a suspicion, so it stays in this process, where it ends with the first word: when what all servers
   * wait for is back, none of them may be left out.
   */
  hung(): void {
    this.#isHung = true;
    this.#failures++;
    this.countFailure();
    if (this.fails === this.spec.maxFails) this.#outs++;
  }

  /** It says something, to whomever; true if it was silent before. */
  heard(): boolean {
    this.silence.heardAt = this.#wheel.now;
    if (!this.#isHung) return false;
    this.#isHung = false;
    this.fails = 0;
    return true;
  }

  /** For how long it is left alone for its failures yet, in milliseconds; 0: it is not. */
  get outMs(): number {
    return this.available ? 0 : this.checkedAt + this.spec.failTimeoutMs - this.#wheel.now + 1;
  }

  /** A failure that was seen here or elsewhere. */
  countFailure(): void {
    const { maxFails, failTimeoutMs } = this.spec;
    const { now } = this.#wheel;
    if (this.fails < maxFails && now - this.failedAt > failTimeoutMs) this.fails = 0;
    this.fails++;
    this.failedAt = now;
    this.checkedAt = now;
  }

  /**
   * A client has given up on a request that waited here for `ms`. Clients do that for reasons of their own; but if the server has
   * said nothing to anybody in all that time, it has failed.
   */
  forsaken(ms: number): void {
    if (ms >= SILENT_MS && this.silence.heardAt < this.#wheel.now - ms) this.failed();
  }

  /** It hangs, as far as one can tell: it says nothing to anybody for `ms`. One that has never answered may be one that takes long. */
  isSilent(ms: number): boolean {
    return this.replyMs !== -1 && this.silence.isTelling(ms, this.replyMs, this.fails > 0);
  }

  /** Only a try after its time out clears it: successes between failures do not (as in nginx). */
  succeeded(): void {
    if (this.failedAt >= this.checkedAt) return;
    const { maxFails } = this.spec;
    if (maxFails > 0 && this.fails >= maxFails) {
      this.start();
      this.watch?.recovered();
    }
    this.fails = 0;
  }

  /** Whether somebody wants to know what its reply took; beside balancers and watches, one reply a tick is enough. */
  get isTimed(): boolean {
    return this.latency !== null || this.watch?.counting === true || this.#timedAt !== this.#wheel.now;
  }

  /** The head of a good reply took so long. */
  replied(ms: number): void {
    this.#timedAt = this.#wheel.now;
    this.replyMs = this.replyMs === -1 ? ms : this.replyMs + (ms - this.replyMs) * NEWEST_PART;
    this.latency?.add(ms);
    if (this.watch?.counting === true) this.watch.good(ms);
  }

  /** There is nothing to tell of it: it was never used, or nothing is left of that. */
  get isUntouched(): boolean {
    return this.replyMs === -1 && this.open === 0 && this.inFlight === 0 && this.fails === 0 && this.#tries === 0;
  }

  /** What was counted since the last time. */
  takeCounters(): Pick<ServerReport, 'tries' | 'failures' | 'made' | 'outs'> {
    const counters = { tries: this.#tries, failures: this.#failures, made: this.#made, outs: this.#outs };
    this.#tries = 0;
    this.#failures = 0;
    this.#made = 0;
    this.#outs = 0;
    return counters;
  }

  /** It has come, or come back, among servers that are in use. */
  start(at: number = this.#wheel.now): void {
    this.startedAt = at;
    this.warmth = 0;
  }

  /** What is to be known of it from now on. */
  measure(wanted: Measure | null): void {
    this.latency = wanted === 'latency' ? (this.latency ?? new Latency(this.#wheel)) : null;
    this.traffic = wanted === 'traffic' ? (this.traffic ?? new Traffic(this.#wheel)) : null;
  }

  /** Forgets its failures: every server of its upstream is out, so all are tried again. */
  forgive(): void {
    this.fails = 0;
  }

  #dial(owner: ClientEnd | null): ServerConnection {
    this.#made++;
    this.open++;
    return new ServerConnection(this, owner, this.#wheel);
  }
}

/** In a head, stands for the name of whichever server a head is sent to. No message can have this byte. */
export const SERVER_HOST = '\0';

/** The same, of servers that have a name; what the client said goes to the others. */
export const NAMED_HOST = '\0\0';

/** A client that leaves sooner says nothing about a server. */
const SILENT_MS = 1000;

/** What the newest reply adds to the mean of those before. */
const NEWEST_PART = 0.125;

const PLAIN = new Dialer(null, PLAIN_WAY);

function addressOf({ host, port, path }: DialTarget): string {
  if (path !== '') return `unix:${path}`;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
