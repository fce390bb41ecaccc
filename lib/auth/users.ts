import { readFile, stat } from 'node:fs/promises';
import { monotonicMs } from '../core/clock.ts';
import { hashKind } from './hash-kind.ts';

/** Stored hashes by user. */
export type Users = ReadonlyMap<string, string>;

/** One line that `parseUsers` could not use. */
export interface BadLine {
  readonly line: number;
  readonly msg: string;
}

/** Reads `htpasswd` lines: `user:hash`, empty ones and comments left out. Of a user that stands twice the first line counts, as in Apache. */
export function parseUsers(text: string): { readonly users: Users; readonly bad: readonly BadLine[] } {
  const users = new Map<string, string>();
  const bad: BadLine[] = [];
  for (const [i, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const [user = '', hash = ''] = line.split(':');
    if (user === '' || hashKind(hash) === null)
      bad.push({ line: i + 1, msg: 'is not user:hash with a hash that is known' });
    else if (!users.has(user)) users.set(user, hash);
  }
  return { users, bad };
}

/**
 * The users of a file, read when somebody first asks and again, at most once a second, when it has changed. A file that is
 * gone has no users. One that cannot be read leaves the last users in force; with none yet, `users` is rejected.
 */
export class UserFile {
  readonly path: string;
  #users: Users | null = null;
  #stamp = '';
  #lookedAt = -Infinity;
  #looking: Promise<void> | null = null;

  constructor(path: string) {
    this.path = path;
  }

  /** The users as of about now. */
  async users(): Promise<Users> {
    if (monotonicMs() - this.#lookedAt > LOOK_MS) {
      this.#looking ??= this.#look().finally(() => {
        this.#lookedAt = monotonicMs();
        this.#looking = null;
      });
      await this.#looking;
    }
    if (this.#users === null) throw new Error(`cannot read ${this.path}`);
    return this.#users;
  }

  /** The users, if they were looked up a moment before `now`, by `performance.now()`; else null. */
  fresh(now: number): Users | null {
    return now - this.#lookedAt > LOOK_MS ? null : this.#users;
  }

  async #look(): Promise<void> {
    try {
      const { mtimeMs, size, ino } = await stat(this.path);
      const stamp = `${mtimeMs} ${size} ${ino}`;
      if (stamp === this.#stamp || size > MAX_BYTES) return;
      this.#users = parseUsers(await readFile(this.path, 'utf8')).users;
      this.#stamp = stamp;
    } catch (error) {
      // A file that is taken away takes its users away; one that cannot be read at this moment does not.
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
        this.#users = new Map();
        this.#stamp = '';
      }
    }
  }
}

const LOOK_MS = 1000;
const MAX_BYTES = 16 * 1024 * 1024;
