import { watch, type FSWatcher } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { TableChange } from '../change.ts';
import type { Log } from '../core/log.ts';
import { checkCertificate, type CertificateDocument } from '../tls/certificate.ts';

/** Begins the names of certificates that come from files: no name in the store can. */
export const FILE_PREFIX = 'file:';

export interface CertificateFolderOptions {
  readonly path: string;
  readonly log: Log;
  readonly now: () => number;
  /** Puts changes into force. */
  readonly apply: (changes: readonly TableChange[]) => Promise<void>;
}

/**
 * Certificates in a folder, which is watched. Each is one of
 *
 * ```
 * shop.crt  shop.key                   (or shop.pem with shop.key; `.crt`, `.cer`, `.pem`)
 * shop.pem                             certificate and key in one file
 * shop/fullchain.pem shop/privkey.pem  as certbot keeps them, links included
 * ```
 *
 * and gets the name `file:shop`. A pair that is not good leaves the last good one in force; while a program writes it, a
 * certificate and its key may not match for a moment, and nothing is said of that until it stays so.
 */
export class CertificateFolder {
  readonly #options: CertificateFolderOptions;
  /** What is in force, by name, as text. */
  readonly #inForce = new Map<string, string>();
  /** Why others are not, by name. */
  readonly #problems = new Map<string, string>();
  readonly #watchers = new Map<string, FSWatcher>();
  #isSettling = false;
  #polling: NodeJS.Timeout | null = null;
  #last: Promise<void> = Promise.resolve();

  constructor(options: CertificateFolderOptions) {
    this.#options = options;
  }

  /** By name: why it is not in force, or an older one is. */
  get problems(): ReadonlyMap<string, string> {
    return this.#problems;
  }

  /** Reads everything, then watches. */
  async start(): Promise<void> {
    await this.read();
    this.#polling = setInterval(() => this.#look(), POLL_MS);
    this.#polling.unref();
  }

  stop(): void {
    if (this.#polling !== null) clearInterval(this.#polling);
    for (const watcher of this.#watchers.values()) watcher.close();
  }

  /** Reads everything again, now. */
  read(): Promise<void> {
    this.#last = this.#last.then(() => this.#readAll());
    return this.#last;
  }

  async #readAll(): Promise<void> {
    const { path, log, now, apply } = this.#options;
    let found: ReadonlyMap<string, CertificateDocument>;
    try {
      found = await this.#pairs();
    } catch (error) {
      log.warn({ path, reason: String(error) }, 'the directory of certificates cannot be read: what was read stays');
      return;
    }
    const changes: TableChange[] = [];
    for (const [name, pair] of found) {
      const text = JSON.stringify(pair);
      if (this.#inForce.get(name) === text) {
        this.#problems.delete(name);
        continue;
      }
      const { problems } = checkCertificate(pair, now());
      if (problems.length > 0) this.#refuse(name, problems.map(({ at, msg }) => `${at.slice(1)} ${msg}`).join('; '));
      else {
        this.#problems.delete(name);
        this.#inForce.set(name, text);
        changes.push({ kind: 'certificate', name, document: text });
      }
    }
    for (const name of this.#inForce.keys()) {
      if (found.has(name)) continue;
      this.#inForce.delete(name);
      changes.push({ kind: 'certificate', name, document: null });
    }
    for (const name of this.#problems.keys()) if (!found.has(name)) this.#problems.delete(name);
    if (changes.length === 0) return;
    log.info({ path, certificates: changes.map(({ name }) => name).slice(0, MOST_TOLD) }, 'certificates read');
    await apply(changes);
  }

  #refuse(name: string, reason: string): void {
    if (this.#problems.get(name) === reason) return;
    this.#problems.set(name, reason);
    const { path, log } = this.#options;
    log.warn({ path, certificate: name, reason, hasLastGood: this.#inForce.has(name) }, 'a certificate is refused');
  }

  async #pairs(): Promise<ReadonlyMap<string, CertificateDocument>> {
    const { path } = this.#options;
    const pairs = new Map<string, CertificateDocument>();
    this.#watch(path);
    const entries = await readdir(path, { withFileTypes: true });
    const names = new Set(entries.map((entry) => entry.name));
    for (const name of [...names].toSorted()) {
      const whole = join(path, name);
      const about = await stat(whole).catch(() => null);
      if (about?.isDirectory() === true) {
        this.#watch(whole);
        await this.#add(pairs, name, join(whole, 'fullchain.pem'), join(whole, 'privkey.pem'));
        continue;
      }
      const [, stem = '', kind] = FILE.exec(name) ?? [];
      if (kind === undefined) continue;
      const key = names.has(`${stem}.key`) ? join(path, `${stem}.key`) : whole;
      await this.#add(pairs, stem, whole, key);
    }
    return pairs;
  }

  /** Files that are not there make no pair; of two for one name the first counts. */
  async #add(pairs: Map<string, CertificateDocument>, stem: string, certPath: string, keyPath: string): Promise<void> {
    const name = FILE_PREFIX + stem;
    if (pairs.has(name)) return;
    const [certificate, key] = await Promise.all(
      [certPath, keyPath].map((one) => readFile(one, 'utf8').catch(() => null)),
    );
    if (typeof certificate === 'string' && typeof key === 'string') pairs.set(name, { certificate, key });
  }

  #watch(path: string): void {
    if (this.#watchers.has(path)) return;
    try {
      const watcher = watch(path, () => this.#look());
      const forget = (): void => {
        watcher.close();
        this.#watchers.delete(path);
      };
      watcher.on('error', forget);
      this.#watchers.set(path, watcher);
    } catch {
      // No notification here; looking at it every second remains.
    }
  }

  /** Reads in a moment, once for all that changes in it. */
  #look(): void {
    if (this.#isSettling) return;
    this.#isSettling = true;
    setTimeout(() => {
      this.#isSettling = false;
      void this.read();
    }, SETTLE_MS);
  }
}

const FILE = /^([A-Za-z0-9_*][A-Za-z0-9._*-]{0,180})\.(crt|cer|pem)$/;
const SETTLE_MS = 20;
const POLL_MS = 2000;
const MOST_TOLD = 20;
