import type { TableChange } from '../change.ts';
import type { CertificateControl, CertificateView, Mutation } from '../control.ts';
import type { Log } from '../core/log.ts';
import type { Scheduler } from '../core/scheduler.ts';
import type { Seal } from '../core/seal.ts';
import type { StatusSection } from '../core/status-board.ts';
import { certificateFacts, type CertificateDocument, type CertificateFacts } from '../tls/certificate.ts';
import { FILE_PREFIX } from './certificate-folder.ts';

export interface InventoryOptions {
  readonly scheduler: Scheduler;
  readonly log: Log;
  readonly seal: Seal;
  /** Documents of certificates, as memory holds them. */
  readonly documents: () => Readonly<Record<string, unknown>>;
}

/** The certificates in force, wherever they come from: what they are for and how long, and a word before one runs out. */
export class Inventory implements CertificateControl {
  readonly #options: InventoryOptions;
  readonly #facts = new Map<string, CertificateFacts>();
  /** When a word about each was said last. */
  readonly #warned = new Map<string, number>();
  #cancel: (() => void) | null = null;

  constructor(options: InventoryOptions) {
    this.#options = options;
  }

  /** Follows the table. */
  follow(changes: readonly TableChange[]): void {
    for (const change of changes) {
      if (change.kind !== 'certificate') continue;
      this.#warned.delete(change.name);
      if (change.document === null) this.#facts.delete(change.name);
      // It has passed its check.
      else this.#facts.set(change.name, certificateFacts(JSON.parse(change.document) as CertificateDocument));
    }
  }

  start(): void {
    this.#warn();
    this.#cancel = this.#options.scheduler.after(LOOK_MS, () => this.start());
  }

  stop(): void {
    this.#cancel?.();
  }

  list(): Readonly<Record<string, CertificateView>> {
    const sorted = [...this.#facts].toSorted(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(sorted.map(([name, facts]) => [name, this.#view(name, facts)]));
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#options.documents(), name);
  }

  toSeal(): readonly Mutation[] {
    const { documents, seal } = this.#options;
    return Object.entries(documents())
      .filter(([, document]) => !seal.isCurrent((document as CertificateDocument).key)) // they have passed their check
      .map(([name, document]) => ({ kind: 'put-certificate', name, document }));
  }

  /** Names of all, and when they run out, in seconds since the epoch. */
  expiries(): readonly (readonly [name: string, seconds: number])[] {
    return Array.from(this.#facts, ([name, { notAfter }]) => [name, notAfter / 1000] as const);
  }

  section(): StatusSection {
    return {
      name: 'certificates',
      read: () => {
        const left = (facts: CertificateFacts): number => facts.notAfter - this.#options.scheduler.now();
        const soon = [...this.#facts].filter(([, facts]) => left(facts) < WARN_MS);
        return {
          count: this.#facts.size,
          expiring: soon
            .toSorted(([, a], [, b]) => a.notAfter - b.notAfter)
            .slice(0, MOST_TOLD)
            .map(([name, facts]) => ({ name, ...this.#view(name, facts) })),
        };
      },
    };
  }

  #view(name: string, facts: CertificateFacts): CertificateView {
    return {
      names: facts.names,
      key_type: facts.keyType,
      not_before: new Date(facts.notBefore).toISOString(),
      not_after: new Date(facts.notAfter).toISOString(),
      expires_in_s: Math.round((facts.notAfter - this.#options.scheduler.now()) / 1000),
      issuer: facts.issuer,
      serial: facts.serial,
      fingerprint: facts.fingerprint,
      source: name.startsWith(FILE_PREFIX) ? 'file' : 'store',
    };
  }

  /** One line a day for each that is about to run out, or has. */
  #warn(): void {
    const { scheduler, log } = this.#options;
    const now = scheduler.now();
    for (const [name, { names, notAfter }] of this.#facts) {
      if (notAfter - now > WARN_MS || now - (this.#warned.get(name) ?? -Infinity) < WORD_MS) continue;
      this.#warned.set(name, now);
      const about = { certificate: name, names: names.slice(0, MOST_TOLD), until: new Date(notAfter).toISOString() };
      if (notAfter > now) log.warn(about, 'a certificate is about to run out');
      else log.error(about, 'a certificate has run out');
    }
  }
}

const LOOK_MS = 60 * 60 * 1000;
const WORD_MS = 24 * LOOK_MS;
/** Before the end of a certificate; one that is renewed at two thirds of 90 days has 30 left then. */
const WARN_MS = 14 * 24 * LOOK_MS;
const MOST_TOLD = 20;
