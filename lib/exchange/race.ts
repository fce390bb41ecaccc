import { empty } from '../core/empty.ts';
import type { ServerConnection } from '../upstream/server-connection.ts';
import type { Server } from '../upstream/server.ts';
import type { RequestRecord, TryRecord } from '../stats/request-record.ts';
import type { Context } from './context.ts';
import type { Tries } from './tries.ts';
import { Phase, Try, type TryOwner } from './try.ts';

/** The tries of a request that are under way at the same time: one, and now and then a rival beside it. */
export class Race {
  /** The try that everything is about while there is no other. */
  lead: Try;
  /** Time spent on the servers that are done with, in milliseconds. */
  costMs = 0;
  /** What became of each try, in the order of their ends; null where nobody wants to know. */
  readonly records: TryRecord[] | null;
  /** Idle most of the time; null until one is first needed. */
  #rival: Try | null = null;
  readonly #context: Context;
  readonly #owner: TryOwner;

  constructor(context: Context, owner: TryOwner) {
    this.#context = context;
    this.#owner = owner;
    this.lead = new Try(context, owner);
    this.records = wantsRecords(context) ? [] : null;
  }

  /** Begins a try at another server beside. */
  openRival(server: Server): Try {
    this.#rival ??= new Try(this.#context, this.#owner);
    this.#rival.open(server);
    return this.#rival;
  }

  /** The try under way beside this one, or null. */
  otherThan(one: Try): Try | null {
    const other = one === this.lead ? this.#rival : this.lead;
    return other === null || other.phase === Phase.IDLE ? null : other;
  }

  /** Makes this one the lead; the other becomes its rival. */
  promote(one: Try): void {
    if (one === this.lead) return;
    this.#rival = this.lead;
    this.lead = one;
  }

  /** Ends whatever a try is doing, without blame. */
  drop(one: Try): void {
    one.abandon();
    this.leave(one);
    one.reset();
  }

  /** Leaves a connection that is still being made to itself: it may be of use to another request. */
  leaveDialling(one: Try, tries: Tries): void {
    tries.spared(one.server);
    one.leaveDialling();
    this.leave(one);
    one.reset();
  }

  /** Whether another try is under way that can do without this one. */
  goOnWithout(one: Try): boolean {
    const other = this.otherThan(one);
    if (other === null) return false;
    this.drop(one);
    this.promote(other);
    return true;
  }

  /** The other try, if there is one, is no longer wanted. */
  dropOther(one: Try): void {
    const other = this.otherThan(one);
    if (other === null) return;
    // Both were silent, so it was for the same reason, which is no more: the other one will not get to say so.
    if (one.endsSilence) other.server?.heard();
    this.drop(other);
  }

  /** A try's server is done with, well or not. */
  leave(one: Try): void {
    const { server } = one;
    this.#count(one, server, one.leave());
  }

  /** Gives the connection of the lead away together with its server. */
  handOver(): HandedOver {
    const { lead } = this;
    this.#count(lead, lead.server, lead.spentMs);
    return { connection: lead.handOver(), head: lead.relay.upgradeHead(), rest: lead.relay.restOfUpgrade() };
  }

  describe(record: RequestRecord): void {
    record.serverMs = this.costMs;
    record.headBytes = this.lead.relay.output.headBytes;
    if (this.records !== null) record.servers = this.records;
  }

  /** Gives up everything. */
  abandon(): void {
    this.dropOther(this.lead);
    this.drop(this.lead);
  }

  /** Ready for the next request; connections were released or abandoned before. */
  reset(): void {
    this.dropOther(this.lead);
    this.leave(this.lead);
    this.lead.reset();
    this.costMs = 0;
    if (this.records !== null) empty(this.records);
  }

  #count(one: Try, server: Server | null, ms: number): void {
    if (server === null) return;
    this.costMs += ms;
    if (server.counter === null && this.records === null) return;
    const outcome = one.fault === 0 ? one.relay.status : one.fault;
    server.counter?.count(outcome, ms);
    this.records?.push({ address: server.address, startedMs: one.sinceMs, ms, outcome, spanId: one.spanId });
  }
}

/** A connection that becomes a tunnel, with the head for the client, and what came behind it. */
export interface HandedOver {
  readonly connection: ServerConnection | null;
  readonly head: string;
  readonly rest: Buffer;
}

function wantsRecords({ shared: { observer } }: Context): boolean {
  return observer?.capture?.servers === true;
}
