import { watch as watchDirectory } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { readFile, realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { FileDocument } from './file-document.ts';
import { JsonDocument } from './json-document.ts';
import { YamlDocument } from './yaml-document.ts';
import { Ledger } from './ledger.ts';
import type { Edit } from './ledger.ts';
import { OwnFile } from './own-file.ts';
import { replaceFile } from './replace-file.ts';
import { OWN, StoreError } from './store.ts';
import type { Condition, OwnKeys, Snapshot, Store, Watch, WatchListener, Write } from './store.ts';

/**
 * All keys in one file, YAML or (named `.json`) JSON: watched, and rewritten as a whole by a write.
 *
 * Revisions are counted from the start of the process, one per content. A file that becomes unreadable, malformed or
 * empty is told as trouble, and what it held before stays. Whoever changes the file does so best by renaming another
 * onto it: half a file may look like a whole one.
 */
export class FileStore implements Store {
  readonly label: string;
  /** A file is written as a whole. */
  readonly maxWrites = Number.MAX_SAFE_INTEGER;
  readonly maxWriteBytes = Number.MAX_SAFE_INTEGER;
  readonly #path: string;
  /** In a file beside it: nobody wants to read them in his own. */
  readonly own: OwnKeys = { list: (prefix) => this.#inTurn(() => this.#ownFile.list(prefix)) };
  readonly #ownFile: OwnFile;
  readonly #ledger: Ledger;
  /** Text that the ledger holds; null before the first. */
  #text: string | null = null;
  #trouble: string | null = null;
  /** What `stat` said of the content that was read last, and of what was seen last. */
  #stamp = '';
  #seenStamp = '';
  #watcher: FSWatcher | null = null;
  #settling: NodeJS.Timeout | null = null;
  #polling: NodeJS.Timeout | null = null;
  /** Loads and writes, one after the other. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
    this.label = `file ${path}`;
    this.#ownFile = new OwnFile(`${path}.history`);
    this.#ledger = new Ledger(this.label);
  }

  read(): Promise<Snapshot> {
    return this.#inTurn(async () => {
      await this.#load();
      return this.#ledger.snapshot();
    });
  }

  watch(revision: number, listener: WatchListener): Watch {
    const watch = this.#ledger.watch(revision, listener);
    if (this.#trouble !== null) this.#ledger.trouble(this.#trouble);
    this.#startWatching();
    return watch;
  }

  write(writes: readonly Write[], conditions: readonly Condition[] = []): Promise<number | null> {
    return this.#inTurn(async () => {
      const { document, stamp } = await this.#load();
      const documents = writes.filter(({ key }) => !key.startsWith(OWN));
      const own = writes.filter(({ key }) => key.startsWith(OWN));
      if ([...documents, ...conditions].some((write) => this.#ledger.revisionOf(write.key) !== write.expected))
        return null;
      const writeOwn = own.length === 0 ? async () => undefined : await this.#ownFile.plan(own);
      if (writeOwn === null) return null;
      if (documents.length > 0) {
        const text = document.edited(documents);
        if (!(await this.#replace(text, stamp))) return null;
        this.#accept(text);
      }
      await this.#writing(writeOwn);
      return this.#ledger.revision;
    });
  }

  async close(): Promise<void> {
    this.#watcher?.close();
    if (this.#settling !== null) clearTimeout(this.#settling);
    if (this.#polling !== null) clearInterval(this.#polling);
    this.#ledger.end({ kind: 'lost', message: 'closed' });
    await this.#last;
  }

  #inTurn<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }

  /** Brings the ledger to the file's content. Throws StoreError; the ledger is as before then. */
  async #load(): Promise<{ readonly document: FileDocument; readonly stamp: string }> {
    try {
      const stamp = await this.#stampNow();
      const text = await readFile(this.#path, 'utf8');
      this.#stamp = stamp;
      const document = this.#accept(text);
      this.#tellTrouble(null);
      return { document, stamp };
    } catch (error) {
      const problem = error instanceof StoreError ? error : new StoreError(`${this.#path}: ${reasonOf(error)}`);
      this.#tellTrouble(problem.message);
      throw problem;
    }
  }

  #accept(text: string): FileDocument {
    const document = this.#path.endsWith('.json')
      ? new JsonDocument(this.#path, text)
      : new YamlDocument(this.#path, text);
    if (text === this.#text) return document;
    // Truncated first and written then, most often.
    if (text.trim() === '' && this.#text !== null) throw new StoreError(`${this.#path} is empty`);
    this.#ledger.commit(difference(this.#ledger, document.entries()));
    this.#text = text;
    return document;
  }

  /** Puts a new file in the place of the one that had this stamp; false if it has another one meanwhile. */
  async #replace(text: string, stamp: string): Promise<boolean> {
    try {
      // The file itself, where the path is a link to it.
      const target = await realpath(this.#path);
      const { mode } = await stat(target);
      const isSame = async (): Promise<boolean> => (await this.#stampNow()) === stamp;
      if (!(await replaceFile(target, text, mode, isSame))) return false;
      this.#stamp = await this.#stampNow();
      return true;
    } catch (error) {
      throw this.#unwritable(error);
    }
  }

  async #writing(write: () => Promise<unknown>): Promise<void> {
    try {
      await write();
    } catch (error) {
      throw this.#unwritable(error);
    }
  }

  #unwritable(error: unknown): StoreError {
    return new StoreError(`${this.#path} cannot be written: ${reasonOf(error)}`, { cause: error });
  }

  #startWatching(): void {
    if (this.#polling !== null) return;
    try {
      // The directory: an editor that renames leaves a watched file behind.
      this.#watcher = watchDirectory(dirname(this.#path), () => this.#look());
      this.#watcher.on('error', () => this.#watcher?.close());
    } catch {
      // No notification here; looking at it every second remains.
    }
    this.#polling = setInterval(() => this.#look(), POLL_MS);
    this.#polling.unref();
    this.#look();
  }

  /** Looks at the file in a moment; it is read once two looks have seen the same. */
  #look(): void {
    this.#settling ??= setTimeout(() => {
      this.#settling = null;
      void this.#inTurn(() => this.#loadIfChanged());
    }, SETTLE_MS);
  }

  async #loadIfChanged(): Promise<void> {
    try {
      const stamp = await this.#stampNow();
      if (stamp === this.#stamp) return;
      if (stamp !== this.#seenStamp) {
        this.#seenStamp = stamp;
        this.#look();
        return;
      }
    } catch (error) {
      this.#stamp = '';
      this.#tellTrouble(`${this.#path}: ${reasonOf(error)}`);
      return;
    }
    // A failure is told as trouble.
    await this.#load().catch(() => undefined);
  }

  async #stampNow(): Promise<string> {
    const { ino, size, mtimeNs } = await stat(this.#path, { bigint: true });
    return `${ino} ${size} ${mtimeNs}`;
  }

  #tellTrouble(message: string | null): void {
    if (message === this.#trouble) return;
    this.#trouble = message;
    this.#ledger.trouble(message);
  }
}

const SETTLE_MS = 20;
const POLL_MS = 1000;

/** What leads from the ledger to these entries. */
function difference(ledger: Ledger, entries: ReadonlyMap<string, string>): readonly Edit[] {
  const edits: Edit[] = [];
  for (const [key, value] of entries) if (ledger.get(key) !== value) edits.push({ key, value });
  for (const key of ledger.keys()) if (!entries.has(key)) edits.push({ key, value: null });
  return edits;
}

function reasonOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'no such file';
  return error instanceof Error ? error.message : String(error);
}
