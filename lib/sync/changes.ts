import type {
  ChangeControl,
  ChangeTerms,
  HistoryRecord,
  ItemKind,
  ItemChange,
  Mutation,
  Outcome,
  Scope,
} from '../control.ts';
import type { Scheduler } from '../core/scheduler.ts';
import { nextBatch } from '../store/batch.ts';
import { StoreError } from '../store/store.ts';
import type { Store, Write } from '../store/store.ts';
import type { Resolver } from '../upstream/resolve.ts';
import type { SyncCore } from './core.ts';
import type { Effects } from './effects.ts';
import type { HeldNames } from './held-names.ts';
import type { DocumentKinds } from './document-kinds.ts';
import { checkMutations } from './edits.ts';
import type { History } from './history.ts';
import { itemChanges } from './item-changes.ts';
import type { KeyChange } from './item-changes.ts';
import { directoryOfScope } from './keys.ts';
import { checkValues } from './check-values.ts';
import type { Replaced, View } from './view.ts';

export interface ChangesOptions {
  readonly store: Store;
  readonly kinds: DocumentKinds;
  readonly core: SyncCore;
  readonly view: View;
  readonly resolver: Resolver;
  readonly names: HeldNames;
  readonly scheduler: Scheduler;
  /** Null: nothing is recorded. */
  readonly history: History | null;
  /** Reads the store, unless `known`, when it was read by this process already. Throws StoreError. */
  readonly read: (unless?: 'known') => Promise<void>;
  /** Resolves once the store has told everything up to a revision. Throws StoreError. */
  readonly hear: (revision: number) => Promise<void>;
  /** Does what follows from an event; resolves when it is in force. */
  readonly commit: (effects: Effects) => Promise<void>;
}

/** What a transaction is to write. */
interface Plan {
  readonly values: ReadonlyMap<string, string | null>;
  readonly changes: readonly ItemChange[];
}

/**
 * Changes that operators ask for: in memory, in the store, or only told what they would be.
 *
 * In memory a change is made in one turn. What goes to the store is one transaction that rests on what is known of each key it
 * writes; where the store has moved on it is read, and everything is planned anew, conditions included. Transactions of this
 * process are made one after the other.
 */
export class Changes implements ChangeControl {
  readonly #options: ChangesOptions;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: ChangesOptions) {
    this.#options = options;
  }

  async make(mutations: readonly Mutation[], terms: ChangeTerms, scope: Scope): Promise<Outcome> {
    const { kinds, core, resolver, scheduler, commit } = this.#options;
    const { edits, problems, names } = checkMutations(
      mutations,
      kinds,
      (of, name) => core.spellings(of, name),
      (reference) => core.needs(reference),
    );
    const preview = (): readonly KeyChange[] => edits.flatMap((edit) => this.#compared(core.keysOf(edit)));
    if (problems.length > 0) return { kind: 'refused', problems, changes: itemChanges(preview(), true) };
    if (terms.mode === 'dry-run') return this.#conflict(terms, scope) ?? this.#done(itemChanges(preview(), true));
    for (const name of names) resolver.hold(name);
    try {
      if (names.length > 0) await resolver.settle(names, RESOLVE_MS);
      if (terms.mode === 'store') {
        const plan = (): Plan => {
          const changes = preview();
          return {
            values: new Map(changes.map(({ key, after }) => [key, after])),
            changes: itemChanges(changes, true),
          };
        };
        return await this.#transact<never>(() => this.#conflict(terms, scope) ?? plan(), terms);
      }
      const conflict = this.#conflict(terms, scope);
      if (conflict !== null) return conflict;
      const changes = itemChanges(preview(), true);
      await commit(core.edit(edits, scheduler.now()));
      return this.#done(changes);
    } finally {
      for (const name of names) this.#options.names.release(name);
    }
  }

  /** Makes the store equal to memory. */
  dump(terms: ChangeTerms): Promise<Outcome> {
    const { core, store } = this.#options;
    if (terms.mode === 'dry-run') {
      return Promise.resolve(this.#conflict(terms, null) ?? this.#done(itemChanges(this.#stored(core.dump()), false)));
    }
    const own = this.#options.history === null ? NOTHING : RECORD;
    return this.#inTurn(async () => {
      await this.#options.read('known');
      const conflict = this.#conflict(terms, null);
      if (conflict !== null) return conflict;
      const changes: ItemChange[] = [];
      for (let conflicts = 0; conflicts < MAX_CONFLICTS;) {
        // Planned anew each time: memory may change while a part of it is written.
        const batch = nextBatch(core.dump(), store.maxWrites - own.writes, store.maxWriteBytes - own.bytes);
        const described = itemChanges(this.#stored(batch), false);
        const revision = await this.#write(batch, terms);
        if (revision === null) {
          conflicts++;
          await this.#options.read();
          continue;
        }
        changes.push(...described);
        if (batch.length === 0) return this.#done(changes, revision);
      }
      throw this.#contested();
    });
  }

  /** Undoes what was written after a transaction, or by it too; null: what was there is not known. */
  async rollback(id: string, isBefore: boolean, terms: ChangeTerms): Promise<Outcome | null> {
    const { history, kinds } = this.#options;
    let values: ReadonlyMap<string, string | null> | null = null;
    const find = async (): Promise<void> => {
      values = (await history?.valuesAt(id, isBefore)) ?? null;
    };
    const plan = (): Plan | Outcome | null => {
      if (values === null) return null;
      const changes = itemChanges(this.#compared([...values]), false);
      const problems = checkValues(values, kinds);
      if (problems.length > 0) return { kind: 'refused', problems, changes };
      return this.#conflict(terms, null) ?? (terms.mode === 'dry-run' ? this.#done(changes) : { values, changes });
    };
    return this.#transact(plan, terms, find);
  }

  /** Writes what `plan` says, in one transaction; it is asked again whenever the store has moved on, after `prepare`. */
  #transact<None extends null>(
    plan: () => Plan | Outcome | None,
    terms: ChangeTerms,
    prepare: () => Promise<void> = async () => undefined,
  ): Promise<Outcome | None> {
    const { core, view, scheduler, commit } = this.#options;
    return this.#inTurn(async () => {
      await this.#options.read('known');
      for (let conflicts = 0; conflicts < MAX_CONFLICTS; conflicts++) {
        await prepare();
        const planned = plan();
        if (planned === null || 'kind' in planned) return planned;
        const writes = [...planned.values]
          .map(([key, value]) => view.writeOf(key, value))
          .filter((write) => write !== null);
        // What was changed here before, and is not dumped, has come to its end with this.
        const replaced = view.overlaysOf([...planned.values.keys()]);
        if (writes.length === 0) {
          await commit(core.written([], null, scheduler.now(), replaced));
          return this.#done(planned.changes);
        }
        const revision = await this.#write(writes, terms, replaced);
        if (revision !== null) return this.#done(planned.changes, revision);
        await this.#options.read();
      }
      throw this.#contested();
    });
  }

  async records(): Promise<readonly HistoryRecord[]> {
    return (await this.#options.history?.list()) ?? [];
  }

  async recorded(id: string): Promise<readonly ItemChange[] | null> {
    const changes = (await this.#options.history?.changesOf(id)) ?? null;
    return changes === null ? null : itemChanges(changes, false);
  }

  serverTexts(): Readonly<Record<string, Readonly<Record<string, string>>>> {
    return this.#options.core.serverTexts();
  }

  names(kind: ItemKind): readonly string[] {
    return this.#options.core.names(kind);
  }

  item(kind: ItemKind, name: string): unknown {
    return this.#options.core.item(kind, name);
  }

  /** Of what the store holds. */
  get hash(): string {
    return this.#options.view.hash;
  }

  tag(scope: Scope): string {
    return this.#options.view.tag(directoryOfScope(scope));
  }

  /** One transaction, with its record. */
  async #write(writes: readonly Write[], terms: ChangeTerms, replaced?: Replaced): Promise<number | null> {
    const { store, core, history, scheduler, commit } = this.#options;
    const isKept = writes.length > 0 && terms.isPassing !== true;
    const record = !isKept ? null : ((await history?.prepare(terms, this.#stored(writes))) ?? null);
    core.writing(writes);
    const all = [...writes, ...(record?.writes ?? [])];
    const revision = await store.write(all);
    // Each of its keys has another revision then, which comes with the news.
    const isTold = revision !== null && store.inPieces?.(all) === true;
    if (isTold) await this.#options.hear(revision);
    const known = isTold ? null : revision;
    await commit(core.written(writes, known, scheduler.now(), revision === null ? undefined : replaced));
    await record?.end(revision !== null);
    return revision;
  }

  #conflict(terms: ChangeTerms, scope: Scope): Outcome | null {
    if (terms.ifMatch === null) return null;
    const { view } = this.#options;
    const directory = directoryOfScope(scope);
    const tag = view.tag(directory);
    const fits = (given: string): boolean =>
      given === tag || (/^\d{1,15}$/.test(given) && view.isUnchangedSince(Number(given), directory));
    return terms.ifMatch.some(fits) ? null : { kind: 'conflict', revision: view.revision, tag };
  }

  #done(changes: readonly ItemChange[], revision = this.#options.view.revision): Outcome {
    return { kind: 'done', revision, changes };
  }

  /** What values would make of memory. */
  #compared(values: readonly (readonly [key: string, value: string | null])[]): readonly KeyChange[] {
    return values.map(([key, after]) => ({ key, before: this.#options.view.get(key), after }));
  }

  /** What writes would make of the store. */
  #stored(writes: readonly Write[]): readonly KeyChange[] {
    return writes.map(({ key, value }) => ({ key, before: this.#options.view.stored(key), after: value }));
  }

  #contested(): StoreError {
    return new StoreError(`${this.#options.store.label} was changed by others all the time while it was written`);
  }

  #inTurn<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }
}

/** Longest time a change waits for the addresses of its names. */
const RESOLVE_MS = 2000;
const MAX_CONFLICTS = 8;
/** What the record of a transaction takes of it. */
const RECORD = { writes: 1, bytes: 65_536 };
const NOTHING = { writes: 0, bytes: 0 };
