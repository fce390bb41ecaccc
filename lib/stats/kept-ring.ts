import type { KeptRequest } from '../core/kept-request.ts';
import { endingOf } from './endings.ts';
import type { RequestRecord, TryRecord } from './request-record.ts';

/**
 * The last so many requests. Memory is taken once: what clients write is copied into bytes of the ring's own, so that nothing of a
 * request's head is held on to, and cut where a part is longer than its room.
 */
export class KeptRing {
  readonly size: number;
  readonly #bytes: Buffer;
  readonly #slots: Slot[] = [];
  #next = 0;

  constructor(size: number) {
    this.size = size;
    this.#bytes = Buffer.alloc(size * SLOT_BYTES);
  }

  /** Copies a record; the oldest one makes room. */
  keep(record: RequestRecord): void {
    const at = this.#next;
    this.#next = at + 1 === this.size ? 0 : at + 1;
    const slot = (this.#slots[at] ??= new Slot());
    slot.take(record);
    const { target, host, client, id } = record;
    const head = target.length > MOST_TARGET ? target.slice(0, MOST_TARGET) : target;
    slot.length = this.#bytes.latin1Write(`${host}\n${client}\n${id}\n${head}`, at * SLOT_BYTES, SLOT_BYTES);
  }

  /** Those there are, the newest first. */
  *newestFirst(): Generator<KeptRequest> {
    const { length } = this.#slots;
    for (let back = 1; back <= length; back++) {
      const at = (this.#next - back + length) % length;
      const slot = this.#slots[at];
      if (slot !== undefined) yield this.#told(slot, at);
    }
  }

  #told(slot: Slot, at: number): KeptRequest {
    const text = this.#bytes.latin1Slice(at * SLOT_BYTES, at * SLOT_BYTES + slot.length);
    const [host = '', client = '', id = '', target = ''] = text.split('\n');
    return {
      at: slot.at,
      id,
      method: slot.method,
      host,
      target,
      client,
      domain: slot.domain,
      nodes: slot.nodes.map((node, i) => ({ node, verdict: slot.edges[i + 1] || null })),
      upstream: slot.upstream,
      cache: slot.cache,
      tries: slot.tries.map(({ address, ms, outcome }) => ({ server: address, ms, outcome: outcomeText(outcome) })),
      server: slot.tries.at(-1)?.address ?? null,
      status: slot.status,
      ending: endingOf(slot.fault),
      duration_ms: slot.durationMs,
      server_ms: slot.serverMs,
      received_bytes: slot.receivedBytes,
      sent_bytes: slot.sentBytes,
      worker: process.pid,
    };
  }
}

/** What is no text of a client. */
class Slot {
  /** Of the ring's bytes. */
  length = 0;
  at = 0;
  method = '';
  domain = '';
  upstream = '';
  cache = '';
  status = 0;
  fault = 0;
  durationMs = 0;
  serverMs = 0;
  receivedBytes = 0;
  sentBytes = 0;
  readonly nodes: string[] = [];
  /** By which each of them was come to from the one before; else empty. */
  readonly edges: string[] = [];
  readonly tries: TryRecord[] = [];

  take(record: RequestRecord): void {
    this.at = nextMoment();
    this.method = record.method.length > MOST_METHOD ? `${record.method.slice(0, MOST_METHOD)}...` : record.method;
    this.domain = record.domain;
    this.upstream = record.upstream;
    this.cache = record.cache;
    this.status = record.status;
    this.fault = record.fault;
    this.durationMs = record.durationMs;
    this.serverMs = record.serverMs;
    this.receivedBytes = record.receivedBytes;
    this.sentBytes = record.sentBytes;
    const { nodes, servers } = record;
    this.nodes.length = 0;
    this.edges.length = 0;
    for (let i = 0; i < nodes.length && i < MOST_NODES; i++) {
      const { name = '', edge = '' } = nodes[i] ?? {};
      // That of an `include` where the node before has returned to it; none where a walk has begun anew.
      this.edges.push(edge);
      this.nodes.push(name);
    }
    this.tries.length = 0;
    for (let i = 0; i < servers.length; i++) this.tries.push(servers[i] as TryRecord); // i is below its length
  }
}

/** Now, in milliseconds, and never the same twice: what ended later is later. */
function nextMoment(): number {
  newest = Math.max(Date.now(), newest + 2 ** -10);
  return newest;
}

let newest = 0;

function outcomeText(outcome: number): string {
  return outcome < 0 ? endingOf(outcome) : String(outcome);
}

const SLOT_BYTES = 1024;
/** Leaves room for a host, an address and an id. */
const MOST_TARGET = 512;
const MOST_METHOD = 12;
const MOST_NODES = 256;
