import { readFile } from 'node:fs/promises';
import { replaceFile } from './replace-file.ts';
import { StoreError } from './store.ts';
import type { Entry, Write } from './store.ts';

/** What the file holds. Revisions are counted in it, so that they grow over restarts. */
interface Content {
  readonly revision: number;
  readonly entries: readonly Entry[];
}

/** The program's own keys of a file store: a JSON file beside the operator's, replaced as a whole. Called in turn. */
export class OwnFile {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async list(prefix: string): Promise<readonly Entry[]> {
    return (await this.#read()).entries.filter(({ key }) => key.startsWith(prefix));
  }

  /** What is to be written, or null where an `expected` revision does not hold. */
  async plan(writes: readonly Write[]): Promise<(() => Promise<unknown>) | null> {
    const { revision, entries } = await this.#read();
    const byKey = new Map(entries.map((entry) => [entry.key, entry]));
    for (const { key, value, expected } of writes) {
      if ((byKey.get(key)?.revision ?? 0) !== expected) return null;
      if (value === null) byKey.delete(key);
      else byKey.set(key, { key, value, revision: revision + 1 });
    }
    const content: Content = { revision: revision + 1, entries: [...byKey.values()] };
    return () => replaceFile(this.#path, JSON.stringify(content), 0o600);
  }

  async #read(): Promise<Content> {
    let text: string;
    try {
      text = await readFile(this.#path, 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return { revision: 0, entries: [] };
      throw new StoreError(`${this.#path} cannot be read: ${String(error)}`, { cause: error });
    }
    try {
      return JSON.parse(text) as Content; // nobody else writes it
    } catch {
      throw new StoreError(`${this.#path} is damaged: remove it to begin a new history`);
    }
  }
}
