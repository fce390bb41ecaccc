import type { ChangeTerms, HistoryRecord } from '../control.ts';
import type { Scheduler } from '../core/scheduler.ts';
import type { Log } from '../core/log.ts';
import { slicesOf } from '../store/slices.ts';
import { OWN } from '../store/store.ts';
import type { Entry, OwnKeys, Store, Write } from '../store/store.ts';
import { itemChanges } from './item-changes.ts';
import type { KeyChange } from './item-changes.ts';

/** A record on its way into the store with its transaction. */
export interface PreparedRecord {
  readonly writes: readonly Write[];
  /** The transaction was made, or not. */
  end(made: boolean): Promise<void>;
}

/** What a record's key holds. */
interface Head extends Omit<HistoryRecord, 'id' | 'revision' | 'kept'> {
  /** Number of keys with the rest of it; null: it was too large to be kept. */
  readonly parts: number | null;
  /** Where there are no parts. */
  readonly changes?: readonly KeyChange[];
}

export interface HistoryOptions {
  readonly store: Store;
  readonly own: OwnKeys;
  readonly scheduler: Scheduler;
  readonly random: () => number;
  readonly log: Log;
  /** Number of records that are kept. */
  readonly max: number;
}

/**
 * What was changed through ELB, and by whom, kept in the store: the last records, each with what its keys held before and after.
 *
 * ```
 * ~history/$id                 written in the same transaction as the change itself
 * ~history-part/$id/0000 ...   what is too large for that, written before it
 * ```
 *
 * Changes that others make in the store are not recorded.
 */
export class History {
  readonly #options: HistoryOptions;
  /** Until the surplus is looked for. */
  #writesLeft = 0;

  constructor(options: HistoryOptions) {
    this.#options = options;
  }

  async prepare(terms: ChangeTerms, changes: readonly KeyChange[]): Promise<PreparedRecord> {
    const { store, scheduler, random } = this.#options;
    const at = new Date(scheduler.now()).toISOString();
    const id = `${at}-${Math.floor(random() * 0xffffffff)
      .toString(16)
      .padStart(8, '0')}`;
    const items = itemChanges(changes, false).slice(0, MAX_ITEMS);
    const named = items.map(({ kind, name, change }) => ({ kind, name, change }));
    const about = { at, by: terms.by, call: terms.call, keys: changes.length, items: named };
    const text = JSON.stringify(changes);
    const slices = text.length <= INLINE_CHARS ? [] : slicesOf(text, SLICE_CHARS);
    const isTooLarge = text.length > MAX_RECORD_CHARS;
    const parts: Write[] = isTooLarge
      ? []
      : slices.map((value, i) => ({ key: `${PARTS}${id}/${String(i).padStart(4, '0')}`, value, expected: 0 }));
    for (const part of parts) await store.write([part]);
    const head: Head =
      slices.length === 0 ? { ...about, parts: 0, changes } : { ...about, parts: isTooLarge ? null : parts.length };
    return {
      writes: [{ key: RECORDS + id, value: JSON.stringify(head), expected: 0 }],
      end: (made) => this.#ended(made ? null : `${PARTS}${id}/`),
    };
  }

  /** Newest first. Throws StoreError. */
  async list(): Promise<readonly HistoryRecord[]> {
    return (await this.#heads()).map(({ id, entry, head }) => recordOf(id, entry, head));
  }

  /** What a record's transaction changed; null: there is no such record, or it was too large. Throws StoreError. */
  async changesOf(id: string): Promise<readonly KeyChange[] | null> {
    const head = (await this.#heads()).find((one) => one.id === id)?.head;
    return head === undefined ? null : this.#changes(id, head);
  }

  /**
   * What the keys that were changed after a record, or by it too, held before that; null: it is not known, because there is no
   * such record or one of them was too large.
   */
  async valuesAt(id: string, isBefore: boolean): Promise<ReadonlyMap<string, string | null> | null> {
    const heads = await this.#heads();
    const end = heads.findIndex((one) => one.id === id);
    if (end === -1) return null;
    const values = new Map<string, string | null>();
    for (const { id: undone, head } of heads.slice(0, isBefore ? end + 1 : end)) {
      const changes = await this.#changes(undone, head);
      if (changes === null) return null;
      // From the newest to the oldest: what is oldest counts.
      for (const { key, before } of changes) values.set(key, before);
    }
    return values;
  }

  async #heads(): Promise<readonly { readonly id: string; readonly entry: Entry; readonly head: Head }[]> {
    const entries = await this.#options.own.list(RECORDS);
    const newestFirst = entries.toSorted((a, b) => b.revision - a.revision || (a.key < b.key ? 1 : -1));
    // Nobody else writes there.
    return newestFirst.map((entry) => ({
      id: entry.key.slice(RECORDS.length),
      entry,
      head: JSON.parse(entry.value) as Head,
    }));
  }

  async #changes(id: string, head: Head): Promise<readonly KeyChange[] | null> {
    if (head.changes !== undefined) return head.changes;
    if (head.parts === null) return null;
    const parts = await this.#options.own.list(`${PARTS}${id}/`);
    if (parts.length !== head.parts) return null;
    const text = parts
      .toSorted((a, b) => (a.key < b.key ? -1 : 1))
      .map(({ value }) => value)
      .join('');
    return JSON.parse(text) as readonly KeyChange[];
  }

  /** `leftovers`: of a transaction that was not made. A history that cannot be tidied now is tidied later. */
  async #ended(leftovers: string | null): Promise<void> {
    try {
      if (leftovers !== null) await this.#remove(await this.#options.own.list(leftovers));
      else if (--this.#writesLeft < 0) {
        this.#writesLeft = TIDY_EVERY;
        await this.#tidy();
      }
    } catch (error) {
      this.#options.log.warn({ reason: String(error) }, 'the history could not be tidied');
    }
  }

  async #tidy(): Promise<void> {
    const heads = await this.#heads();
    let parts = 0;
    const surplus = heads.filter(({ head }, i) => {
      parts += head.parts ?? 0;
      return i >= this.#options.max || (i > 0 && parts > MAX_PARTS);
    });
    for (const { id, entry } of surplus) {
      await this.#remove([entry, ...(await this.#options.own.list(`${PARTS}${id}/`))]);
    }
  }

  async #remove(entries: readonly Entry[]): Promise<void> {
    for (const { key, revision } of entries)
      await this.#options.store.write([{ key, value: null, expected: revision }]);
  }
}

function recordOf(id: string, { revision }: Entry, head: Head): HistoryRecord {
  const { at, by, call, keys, items, parts } = head;
  return { id, at, by, call, revision, keys, items, kept: parts !== null };
}

const RECORDS = `${OWN}history/`;
const PARTS = `${OWN}history-part/`;
const INLINE_CHARS = 8192;
/** A character is up to three bytes of UTF-8. */
const SLICE_CHARS = 262_144;
const MAX_RECORD_CHARS = 16 * 1024 * 1024;
/** Of all records together: 64 MiB of mostly ASCII. */
const MAX_PARTS = 256;
const MAX_ITEMS = 50;
const TIDY_EVERY = 16;
