import type { ChangeControl, ChangeTerms, Mutation } from '../control.ts';
import type { TableChange } from '../change.ts';
import type { AcmeSetup } from '../core/acme-setup.ts';
import type { Log } from '../core/log.ts';
import type { Scheduler } from '../core/scheduler.ts';
import type { Seal } from '../core/seal.ts';
import type { StatusSection } from '../core/status-board.ts';
import type { Store } from '../store/store.ts';
import { certificateFacts, type CertificateDocument } from '../tls/certificate.ts';
import type { ChallengeDocument } from '../tls/challenge.ts';
import { readDomainRules, type AcmeRules } from '../tls/domain-rules.ts';
import type { AccountRecord } from './acme-account.ts';
import type { Proofs } from './acme-order.ts';
import { afterFailure, afterSuccess, NO_ORDERS, withOrder, type OrderRecord } from './back-off.ts';
import { runDnsHook } from './dns-hook.ts';
import { Lease, type LeaseRecord } from './lease.ts';
import { OwnRecord } from './own-record.ts';
import { askRenewal, type RenewalInfo } from './renewal-info.ts';
import { renewalName, renewalTime } from './renewal.ts';

export interface AcmeOptions {
  readonly setup: AcmeSetup;
  /** Of this instance, unlike all others. */
  readonly id: string;
  readonly store: Store;
  readonly seal: Seal;
  readonly scheduler: Scheduler;
  readonly random: () => number;
  readonly log: Log;
  readonly changes: Pick<ChangeControl, 'make'>;
  /** Waits until every instance serves a revision of the store; answers those that do not. */
  readonly everywhere: (revision: number) => Promise<readonly string[]>;
}

/** A domain whose certificate is ordered. */
interface Wanted {
  readonly domain: string;
  readonly names: readonly string[];
  readonly rules: AcmeRules;
}

/**
 * Orders certificates for the domains that want it, and renews them: `certs/acme-$domain`. Every instance looks, and the one that
 * gets the lease orders, one certificate after the other; what it is asked by the CA every instance can answer.
 */
export class Acme {
  readonly #options: AcmeOptions;
  readonly #wanted = new Map<string, Wanted>();
  readonly #certificates = new Map<string, string>();
  readonly #renewals = new Map<string, RenewalInfo>();
  readonly #account: OwnRecord<AccountRecord>;
  readonly #orders: OwnRecord<OrderRecord>;
  readonly #lease: Lease;
  #known: OrderRecord = NO_ORDERS;
  #cancel: (() => void) | null = null;
  #isLooking = false;
  /** There was news while it looked. */
  #hasNews = false;
  #isStopped = false;

  constructor(options: AcmeOptions) {
    const { store, seal, id, scheduler } = options;
    this.#options = options;
    this.#account = new OwnRecord<AccountRecord>(store, seal, 'acme/account');
    this.#orders = new OwnRecord<OrderRecord>(store, seal, 'acme/orders');
    this.#lease = new Lease(new OwnRecord<LeaseRecord>(store, seal, 'acme/lease'), id, scheduler);
  }

  /** Follows the table. */
  follow(changes: readonly TableChange[]): void {
    for (const change of changes) {
      if (change.kind === 'tls') this.#want(change.name, change.document);
      else if (change.kind === 'certificate' && change.name.startsWith(PREFIX)) {
        this.#renewals.delete(change.name);
        if (change.document === null) this.#certificates.delete(change.name);
        // It has passed its check.
        else this.#certificates.set(change.name, (JSON.parse(change.document) as CertificateDocument).certificate);
      } else continue;
      this.#soon(NEWS_MS);
    }
  }

  start(): void {
    this.#soon(NEWS_MS);
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
  }

  section(): StatusSection {
    return {
      name: 'acme',
      read: () => ({
        directory: this.#options.setup.directory,
        domains: [...this.#wanted.values()].map(({ domain, names }) => {
          const failure = this.#known.failures[domain];
          const pem = this.#certificates.get(PREFIX + domain);
          return {
            domain,
            names,
            renew_at: pem === undefined ? null : isoTime(this.#renewAt(PREFIX + domain, pem)),
            failures: failure?.count ?? 0,
            next_try: failure === undefined ? null : isoTime(failure.nextAt),
            reason: failure?.reason ?? null,
          };
        }),
      }),
    };
  }

  #want(name: string, document: string | null): void {
    const domain = name.toLowerCase();
    const acme = document === null ? null : readDomainRules(domain, JSON.parse(document)).rules.acme;
    if (acme === null) this.#wanted.delete(domain);
    else this.#wanted.set(domain, { domain, names: [...new Set([domain, ...acme.names])], rules: acme });
  }

  #soon(ms: number): void {
    this.#hasNews = this.#isLooking;
    if (this.#isStopped || this.#isLooking) return;
    this.#cancel?.();
    this.#cancel = this.#options.scheduler.after(ms, () => void this.#look());
  }

  async #look(): Promise<void> {
    const { log, random } = this.#options;
    this.#isLooking = true;
    let isDone = true;
    try {
      await this.#askRenewals();
      if (this.#due().length > 0) isDone = await this.#lease.hold(() => this.#orderAll());
    } catch (error) {
      log.warn({ reason: messageOf(error) }, 'certificates cannot be ordered now');
      isDone = false;
    }
    this.#isLooking = false;
    if (this.#hasNews) this.#soon(NEWS_MS);
    // Not all instances at once.
    else this.#soon((isDone ? LOOK_MS : BUSY_MS) * (0.75 + random() / 2));
  }

  #due(): readonly Wanted[] {
    const now = this.#options.scheduler.now();
    return [...this.#wanted.values()].filter((wanted) => {
      const pem = this.#certificates.get(PREFIX + wanted.domain);
      const isDue = pem === undefined || !fits(pem, wanted) || this.#renewAt(PREFIX + wanted.domain, pem) <= now;
      return isDue && (this.#known.failures[wanted.domain]?.nextAt ?? 0) <= now;
    });
  }

  #renewAt(name: string, pem: string): number {
    return renewalTime(pem, this.#renewals.get(name)?.window ?? null);
  }

  async #askRenewals(): Promise<void> {
    const { setup, scheduler } = this.#options;
    for (const [name, pem] of this.#certificates) {
      const now = scheduler.now();
      const id = renewalName(pem);
      if (id === null || (this.#renewals.get(name)?.askAgainAt ?? 0) > now) continue;
      this.#renewals.set(name, await askRenewal(setup.directory, id, setup.ca, now));
    }
  }

  /** With the lease: what is due by what all instances know. */
  async #orderAll(): Promise<void> {
    const { scheduler, setup, log } = this.#options;
    this.#known = (await this.#orders.read()) ?? NO_ORDERS;
    for (const wanted of this.#due()) {
      if (this.#isStopped) return;
      const now = scheduler.now();
      const before = this.#known;
      const begun = withOrder(before, now, setup.ordersPerHour);
      if (begun === null) {
        log.warn({ perHour: setup.ordersPerHour }, 'as many certificates were ordered as may be in an hour');
        return;
      }
      this.#known =
        (await this.#orders.update((record) => withOrder(record ?? NO_ORDERS, now, setup.ordersPerHour))) ?? begun;
      await this.#order(wanted);
    }
  }

  async #order(wanted: Wanted): Promise<void> {
    const { setup, scheduler, random, log, changes } = this.#options;
    const { domain, names, rules } = wanted;
    try {
      log.info({ domain, names, challenge: rules.challenge }, 'ordering a certificate');
      // Large libraries, for whoever orders.
      const [{ openAccount }, { orderCertificate }] = await Promise.all([
        import('./acme-account.ts'),
        import('./acme-order.ts'),
      ]);
      const client = await openAccount(setup, this.#account);
      const document = await orderCertificate(client, names, rules, this.#proofs());
      const mutation: Mutation = { kind: 'put-certificate', name: PREFIX + domain, document };
      const outcome = await changes.make([mutation], { ...TERMS, call: 'ACME' }, null);
      if (outcome.kind !== 'done') throw new Error(`what the CA gave is refused: ${JSON.stringify(outcome)}`);
      this.#known = (await this.#orders.update((record) => afterSuccess(record ?? NO_ORDERS, domain))) ?? NO_ORDERS;
      log.info({ domain, until: isoTime(certificateFacts(document).notAfter) }, 'a certificate was ordered');
    } catch (error) {
      const reason = messageOf(error);
      const failed = (record: OrderRecord | null): OrderRecord =>
        afterFailure(record ?? NO_ORDERS, domain, reason, scheduler.now(), random());
      this.#known = (await this.#orders.update(failed)) ?? NO_ORDERS;
      const next = this.#known.failures[domain]?.nextAt ?? 0;
      log.warn({ domain, reason, nextTry: isoTime(next) }, 'a certificate could not be ordered');
    }
  }

  #proofs(): Proofs {
    const { setup, changes, everywhere, log } = this.#options;
    return {
      publish: async (name: string, document: ChallengeDocument | null) => {
        const mutation: Mutation =
          document === null ? { kind: 'delete-challenge', name } : { kind: 'put-challenge', name, document };
        const outcome = await changes.make([mutation], { ...TERMS, isPassing: true }, null);
        if (outcome.kind !== 'done') throw new Error(`a challenge was not published: ${JSON.stringify(outcome)}`);
        const late = document === null ? [] : await everywhere(outcome.revision);
        if (late.length > 0) log.warn({ late }, 'instances that may not answer a challenge yet');
      },
      dns: async (verb, record, value) => {
        if (setup.dnsHook === null) throw new Error('dns-01 needs --acme-dns-hook (ELB_ACME_DNS_HOOK)');
        await runDnsHook(setup.dnsHook, verb, record, value);
      },
    };
  }
}

/** Whether a certificate is for what is wanted now. */
function fits(pem: string, { names, rules }: Wanted): boolean {
  const facts = certificateFacts({ certificate: pem });
  const has = new Set(facts.names);
  return facts.keyType === (rules.keyType === 'rsa' ? 'rsa' : 'ec') && names.every((name) => has.has(name));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

const TERMS: ChangeTerms = { call: '', by: { address: '', token: 'acme' }, ifMatch: null, mode: 'store' };

/** Of the names of certificates that are ordered. */
const PREFIX = 'acme-';
/** News often come together. */
const NEWS_MS = 1000;
const LOOK_MS = 10 * 60_000;
/** While another instance orders, or the store is away. */
const BUSY_MS = 60_000;
