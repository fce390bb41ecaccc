import { constants } from 'node:crypto';
import tls from 'node:tls';
import type { TlsSetup } from '../core/tls-setup.ts';
import type { Certificate } from './certificate-table.ts';
import type { DomainRules } from './domain-rules.ts';
import type { TicketKeyCallback, Tickets } from './tickets.ts';

/** A context that was made, and what of. */
interface Made {
  readonly certificates: readonly Certificate[];
  readonly context: object;
}

/**
 * Contexts of OpenSSL: one for certificates that are served together, by the rules that they are served by. Each is made when it
 * is first needed, and goes with its certificate.
 */
export class Contexts {
  /** By the first of the certificates, then by policy. */
  readonly #made = new WeakMap<Certificate, Map<string, Made>>();
  readonly #tickets: Tickets;

  constructor(tickets: Tickets) {
    this.#tickets = tickets;
  }

  get(certificates: readonly Certificate[], rules: DomainRules | null, setup: TlsSetup): object {
    const policy = rules?.policy ?? '';
    const [first] = certificates;
    if (first === undefined) throw new Error('there is no certificate');
    let byPolicy = this.#made.get(first);
    if (byPolicy === undefined) this.#made.set(first, (byPolicy = new Map<string, Made>()));
    const made = byPolicy.get(policy);
    if (made !== undefined && isSame(made.certificates, certificates)) return made.context;
    const context = makeContext(certificates, rules, setup, this.#tickets.callbackOf(policy));
    if (byPolicy.size >= MAX_POLICIES) byPolicy.clear();
    byPolicy.set(policy, { certificates, context });
    return context;
  }
}

function makeContext(
  certificates: readonly Certificate[],
  rules: DomainRules | null,
  setup: TlsSetup,
  onTicketKey: TicketKeyCallback,
): object {
  const { context } = tls.createSecureContext({
    ca: rules === null || rules.clientCa === '' ? [] : rules.clientCa,
    // A list of each authority is wanted from then on, and one that is out of date lets nobody in.
    ...(rules !== null && rules.clientCrl !== '' && { crl: rules.clientCrl }),
    cert: certificates.map(({ certificate }) => certificate),
    key: certificates.map(({ key }) => key),
    minVersion: rules?.minVersion ?? setup.minVersion,
    ciphers: setup.ciphers ?? CIPHERS,
    honorCipherOrder: true,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_PRIORITIZE_CHACHA,
    // A session goes on only by the rules that it began by.
    sessionIdContext: rules?.policy === undefined || rules.policy === '' ? 'open' : rules.policy,
    sessionTimeout: SESSION_S,
  });
  // Node's own class; the published types leave this out.
  const inner = context as { onticketkeycallback: TicketKeyCallback; enableTicketKeyCallback(): void };
  inner.onticketkeycallback = onTicketKey;
  inner.enableTicketKeyCallback();
  return inner;
}

function isSame(a: readonly Certificate[], b: readonly Certificate[]): boolean {
  return a.length === b.length && a.every((one, i) => one === b[i]);
}

/** Of one certificate; rules that have changed leave theirs behind. */
const MAX_POLICIES = 16;

/** How long a session may go on (RFC 8446 4.6.1 allows a week); what was verified at its beginning counts for as long. */
const SESSION_S = 3600;

/** Forward secrecy and authenticated encryption only. */
export const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');
