import type { Wheel } from '../core/wheel.ts';
import { Pool } from './pool.ts';
import { ServerConnection } from './server-connection.ts';
import type { ServerSpec } from './server-spec.ts';

/** What is dialled: a TCP address, with TLS if `secure`, or a Unix socket if `path` is not empty. */
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
  readonly idleMs: number;
  spec: ServerSpec;
  /** Exchanges that use it now. */
  inFlight = 0;
  /** Smooth weighted round robin: the weight it has gathered, and its weight lowered by recent failures. */
  currentWeight = 0;
  effectiveWeight: number;
  /** Failures since it last worked. */
  fails = 0;
  /** Wheel time of the last failure, and since when its probation is counted. */
  failedAt = 0;
  checkedAt = 0;
  /** False once no document names it: it takes no new exchange and keeps no connection. */
  listed = true;
  readonly #wheel: Wheel;
  readonly #pool = new Pool();

  constructor(spec: ServerSpec, target: DialTarget, wheel: Wheel, idleMs: number) {
    this.spec = spec;
    this.target = target;
    this.idleMs = idleMs;
    this.effectiveWeight = spec.weight;
    this.#wheel = wheel;
  }

  /** Its name as a request's Host has it: without a port that its scheme implies; a Unix socket has none. */
  get authority(): string {
    const { path, secure } = this.target;
    if (path !== '') return 'localhost';
    const { name } = this.spec;
    const implied = secure ? ':443' : ':80';
    return name.endsWith(implied) ? name.slice(0, -implied.length) : name;
  }

  /** What is dialled, as text: `10.0.0.1:80`, `[::1]:80`, `unix:/path`. */
  get address(): string {
    const { host, port, path } = this.target;
    if (path !== '') return `unix:${path}`;
    return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  }

  get idle(): number {
    return this.#pool.size;
  }

  /**
   * An idle connection, the most recently used one, or a new one that is still dialling. `freshMs`: longest idleness that is
   * accepted, for requests that cannot be sent twice; 0 always dials.
   */
  connect(freshMs: number): ServerConnection {
    return this.#pool.take(this.#wheel.now - freshMs) ?? new ServerConnection(this, this.#wheel);
  }

  /** Takes a connection into the pool; false if it is to be closed instead. */
  keep(connection: ServerConnection): boolean {
    if (!this.listed) return false;
    connection.idleSince = this.#wheel.now;
    return this.#pool.put(connection);
  }

  /** A connection has ended, idle or not. */
  forget(connection: ServerConnection): void {
    this.#pool.remove(connection);
  }

  /** No document names it any more: idle connections go, exchanges in flight finish. */
  unlist(): void {
    this.listed = false;
    this.#pool.clear();
  }

  /** Passive health as in nginx (ngx_http_upstream documentation, `max_fails`): whether it may be chosen now. */
  get available(): boolean {
    const { maxFails, failTimeoutMs } = this.spec;
    return maxFails === 0 || this.fails < maxFails || this.#wheel.now - this.checkedAt > failTimeoutMs;
  }

  /** It was chosen; after its time out it is let try once, and only once per time out. */
  chosen(): void {
    this.inFlight++;
    if (this.#wheel.now - this.checkedAt > this.spec.failTimeoutMs) this.checkedAt = this.#wheel.now;
  }

  /** The exchange with it is over, well or not. */
  done(): void {
    this.inFlight--;
  }

  failed(): void {
    const { maxFails, failTimeoutMs, weight } = this.spec;
    const { now } = this.#wheel;
    if (this.fails < maxFails && now - this.failedAt > failTimeoutMs) this.fails = 0;
    this.fails++;
    this.failedAt = now;
    this.checkedAt = now;
    if (maxFails > 0) this.effectiveWeight = Math.max(0, this.effectiveWeight - weight / maxFails);
  }

  /** Only a try after its time out clears it: successes between failures do not (as in nginx). */
  succeeded(): void {
    if (this.failedAt < this.checkedAt) this.fails = 0;
  }

  /** Forgets its failures: every server of its upstream is out, so all are tried again. */
  forgive(): void {
    this.fails = 0;
  }
}

/** In a head, stands for the name of whichever server a head is sent to. No message can have this byte. */
export const SERVER_HOST = '\0';
