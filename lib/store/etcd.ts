import { setImmediate as turn } from 'node:timers/promises';
import type { IRangeResponse, ITxnRequest, ITxnResponse } from 'etcd3';
import type { EtcdAccess } from '../core/config.ts';
import type { GiveWay } from '../core/give-way.ts';
import { EtcdMember, clients } from './etcd-member.ts';
import { etcdErrorText } from './etcd-error.ts';
import { EtcdPresence } from './etcd-presence.ts';
import { EtcdWatch } from './etcd-watch.ts';
import { decodeRangePage, type RangePage } from './range-page.ts';
import { OWN, StoreError } from './store.ts';
import type {
  Arriving,
  Condition,
  Entry,
  OwnKeys,
  Presence,
  Snapshot,
  Store,
  Watch,
  WatchListener,
  Write,
} from './store.ts';
import { Witness } from './witness.ts';

export interface EtcdStoreOptions extends EtcdAccess {
  /** Begins every key: `/ELB/`. */
  readonly prefix: string;
  /** Said between steps of what a change takes; missing: they are one after the other. */
  readonly giveWay?: GiveWay;
}

/**
 * All keys below a prefix in etcd v3.
 *
 * Any one member that works is enough: what fails on one is tried on the next, reads at once, watches with the next watch.
 * Reads and writes are linearizable. A cluster that does not answer is given up after about three seconds.
 */
export class EtcdStore implements Store {
  readonly label: string;
  /** etcd's `--max-txn-ops`. */
  readonly maxWrites = 128;
  /** Below etcd's `--max-request-bytes` of 1.5 MiB, with room for what a request has besides. */
  readonly maxWriteBytes = 1_048_576;
  readonly #members: readonly EtcdMember[];
  readonly #prefix: Buffer;
  readonly #giveWay: GiveWay;
  /** Of the documents. */
  readonly #range: KeyRange;
  readonly #watches = new Set<EtcdWatch>();
  readonly #witness = new Witness();
  /** Index of the member that answered last. */
  #current = 0;
  /** Index of the member that was watched last; -1 before. */
  #watched = -1;
  /** Of the last read. */
  #cluster = '';
  #revision = 0;

  constructor(options: EtcdStoreOptions) {
    this.#members = options.endpoints.map((endpoint) => new EtcdMember(endpoint, options));
    this.#prefix = Buffer.from(options.prefix);
    this.#giveWay = options.giveWay ?? (() => undefined);
    this.#range = { key: this.#prefix, range_end: this.#fullKey(OWN) };
    this.label = `etcd ${this.#members.map((member) => member.name).join(',')}`;
  }

  async read(arriving: Arriving | null = null): Promise<Snapshot> {
    const snapshot = await this.#onAnyMember((member) => this.#readFrom(member, this.#range, arriving));
    this.#cluster = snapshot.cluster;
    this.#revision = snapshot.revision;
    // A watch that is open may have told more.
    if (this.#watches.size === 0 || snapshot.revision >= this.#witness.revision) this.#witness.read(snapshot.entries);
    return snapshot;
  }

  readonly presence: Presence = new EtcdPresence({
    fullKey: (key) => this.#fullKey(key),
    onAnyMember: (call) => this.#onAnyMember((member) => call(member, this.#firstDeadline())),
  });
  readonly own: OwnKeys = {
    list: async (prefix) => {
      const key = this.#fullKey(prefix);
      const range = { key, range_end: afterPrefix(key) };
      const { entries } = await this.#onAnyMember((member) => this.#readFrom(member, range, null));
      return entries;
    },
  };

  watch(revision: number, listener: WatchListener): Watch {
    // A watch that ended may have done so because of its member.
    this.#watched = this.#watched === -1 ? this.#current : this.#watched + 1;
    const member = this.#memberAt(this.#watched);
    const watch = new EtcdWatch({
      member,
      range: this.#range,
      prefixBytes: this.#prefix.length,
      fullKey: (key) => this.#fullKey(key),
      revision,
      cluster: this.#cluster,
      witness: this.#witness,
      giveWay: this.#giveWay,
      listener,
      onEnd: (ended) => this.#watches.delete(ended),
    });
    this.#watches.add(watch);
    return watch;
  }

  async write(writes: readonly Write[], conditions: readonly Condition[] = []): Promise<number | null> {
    // Finds a member that works, with a call that may be repeated; a transaction is sent once.
    const { member, header } = await this.#onAnyMember(async (candidate) => {
      const request = { key: this.#prefix, count_only: true };
      const answer = await candidate.call<IRangeResponse>('KV', 'range', request, this.#firstDeadline());
      return { member: candidate, header: answer.header };
    });
    const isOther = this.#cluster !== '' && header.cluster_id !== this.#cluster;
    if (isOther || Number(header.revision) < this.#revision) {
      throw new StoreError(`${member.name} holds another history than what was read`);
    }
    if (writes.length + conditions.length === 0) return Number(header.revision);
    const request: ITxnRequest = {
      compare: [...writes, ...conditions].map(({ key, expected }) => ({
        key: this.#fullKey(key),
        target: 'Mod',
        result: 'Equal',
        mod_revision: String(expected),
      })),
      success: writes.map(({ key, value }) =>
        value === null
          ? { request_delete_range: { key: this.#fullKey(key) } }
          : { request_put: { key: this.#fullKey(key), value: Buffer.from(value) } },
      ),
    };
    try {
      const answer = await member.call<ITxnResponse>('KV', 'txn', request, Date.now() + WRITE_MS);
      return answer.succeeded ? Number(answer.header.revision) : null;
    } catch (error) {
      throw new StoreError(`${member.name}: ${etcdErrorText(error)}`, { cause: error });
    }
  }

  async close(): Promise<void> {
    for (const watch of this.#watches) watch.close();
    for (const member of this.#members) member.close();
  }

  /** Pages of one revision; begun again if etcd forgets that revision meanwhile. */
  async #readFrom(member: EtcdMember, range: KeyRange, arriving: Arriving | null): Promise<Snapshot> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#readPages(member, range, arriving);
      } catch (error) {
        const { isCompacted } = await clients();
        if (!isCompacted(error) || tries === MAX_READS) throw error;
      }
    }
  }

  /** What a page holds is told while the next one is on its way. */
  async #readPages(member: EtcdMember, range: KeyRange, arriving: Arriving | null): Promise<Snapshot> {
    const entries: Entry[] = [];
    let { key } = range;
    let limit = FIRST_PAGE;
    const { range_end } = range;
    let page = await this.#readPage(member, { key, range_end }, limit, 0, this.#firstDeadline());
    const { revision, cluster } = page;
    for (;;) {
      const { entries: found, lastKey } = page;
      for (const entry of found) entries.push(entry);
      if (!page.more || lastKey === null) return { revision, cluster, entries };
      key = Buffer.concat([lastKey, Buffer.of(0)]);
      limit = nextLimit(page);
      const next = this.#readPage(member, { key, range_end }, limit, revision, Date.now() + PAGE_MS);
      [page] = await Promise.all([next, arriving === null ? undefined : tellInTurns(found, arriving)]);
    }
  }

  /** A page, smaller if its answer turns out to be too large. */
  async #readPage(
    member: EtcdMember,
    range: KeyRange,
    limit: number,
    revision: number,
    deadline: number,
  ): Promise<RangePage> {
    const request = { ...range, limit, revision: String(revision) };
    const decode = (bytes: Buffer): RangePage => decodeRangePage(bytes, this.#prefix.length);
    try {
      return await member.call('KV', 'range', request, deadline, decode);
    } catch (error) {
      const { isTooLarge } = await clients();
      if (!isTooLarge(error) || limit === 1) throw error;
      return this.#readPage(member, range, Math.ceil(limit / 4), revision, Date.now() + PAGE_MS);
    }
  }

  /** Tries the member that answered last, then the others. */
  async #onAnyMember<Answer>(call: (member: EtcdMember) => Promise<Answer>): Promise<Answer> {
    const failures: string[] = [];
    const first = this.#current;
    // The first call does not pay for that with its deadline.
    await clients();
    for (let index = first; index < first + this.#members.length; index++) {
      const member = this.#memberAt(index);
      try {
        const answer = await call(member);
        this.#current = index % this.#members.length;
        return answer;
      } catch (error) {
        failures.push(`${member.name}: ${etcdErrorText(error)}`);
      }
    }
    throw new StoreError(failures.join('; '));
  }

  #memberAt(index: number): EtcdMember {
    const member = this.#members[index % this.#members.length];
    if (member === undefined) throw new StoreError('no member of etcd is named');
    return member;
  }

  /** All members together have `REACH_MS` to show that they are there. */
  #firstDeadline(): number {
    return Date.now() + Math.max(MIN_REACH_MS, REACH_MS / this.#members.length);
  }

  #fullKey(key: string): Buffer {
    return Buffer.concat([this.#prefix, Buffer.from(key)]);
  }
}

interface KeyRange {
  readonly key: Buffer;
  readonly range_end: Buffer;
}

const REACH_MS = 2500;
const MIN_REACH_MS = 500;
const PAGE_MS = 10_000;
const WRITE_MS = 2500;
/** Reads until the revision is given up for being compacted all the time. */
const MAX_READS = 20;
const FIRST_PAGE = 100;
/** For each page etcd counts all keys that are left, so that many small pages of a large table cost it more than what they hold. */
const MAX_PAGE = 10_000;
/** Aimed at; half of the largest answer, since keys differ in size. */
const PAGE_BYTES = 2_097_152;

function nextLimit({ bytes, entries }: RangePage): number {
  const average = Math.max(1, bytes / entries.length);
  return Math.max(1, Math.min(MAX_PAGE, Math.floor(PAGE_BYTES / average)));
}

/** A few at a time, so that what is asked of etcd meanwhile is sent. */
async function tellInTurns(entries: readonly Entry[], arriving: Arriving): Promise<void> {
  for (let at = 0; at < entries.length; at += TOLD_AT_ONCE) {
    // Turns follow one another.
    // oxlint-disable-next-line no-await-in-loop
    await turn();
    arriving(entries.slice(at, at + TOLD_AT_ONCE));
  }
}

const TOLD_AT_ONCE = 200;

/** First key after all that begin with the prefix. */
function afterPrefix(prefix: Buffer): Buffer {
  const last = prefix.findLastIndex((byte) => byte < 0xff);
  if (last === -1) return Buffer.of(0);
  const end = Buffer.from(prefix.subarray(0, last + 1));
  end[last] = (end[last] ?? 0) + 1;
  return end;
}
