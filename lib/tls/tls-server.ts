import type { ListenOptions } from '../core/listener.ts';
import type { TlsSetup } from '../core/tls-setup.ts';
import type { ClientHello } from '../net/client-hello.ts';
import type { TlsChoice } from '../net/greeting.ts';
import type { Certificate } from './certificate-table.ts';
import { CertificateTable } from './certificate-table.ts';
import type { TableChange } from '../change.ts';
import type { CertificateDocument } from './certificate.ts';
import type { ChallengeDocument } from './challenge.ts';
import { Challenges } from './challenges.ts';
import { Contexts } from './contexts.ts';
import { readDomainRules, type DomainRules } from './domain-rules.ts';
import { HostMap } from './host-map.ts';
import { Tickets, type TicketSeed } from './tickets.ts';
import { normalDomainName } from '../routing/domain-name.ts';

type TlsChange = TableChange & { readonly kind: 'certificate' | 'challenge' | 'tickets' | 'tls' };

/** The server's side of TLS in a worker: which certificate, and which rules, a client meets by the name that it asks for. */
export class TlsServer {
  readonly certificates = new CertificateTable();
  readonly #options: TlsSetup;
  readonly #speaksHttp2: () => boolean;
  readonly rules = new HostMap<DomainRules>();
  readonly challenges = new Challenges();
  readonly tickets = new Tickets();
  readonly #contexts = new Contexts(this.tickets);

  /** `speaksHttp2`: whether HTTP/2 can be spoken at all. */
  constructor(options: TlsSetup, speaksHttp2: () => boolean) {
    this.#options = options;
    this.#speaksHttp2 = speaksHttp2;
  }

  /** Puts a change into force from the next handshake on. Its document has passed its check. */
  apply({ kind, name, document: text }: TlsChange): void {
    const document: unknown = text === null ? null : JSON.parse(text);
    switch (kind) {
      case 'certificate':
        this.certificates.set(name, document as CertificateDocument | null); // see above, as for those below
        break;
      case 'challenge':
        this.challenges.set(name, document as ChallengeDocument | null);
        break;
      case 'tickets':
        if (document !== null) this.tickets.set(document as readonly TicketSeed[]);
        break;
      case 'tls':
        this.#setRules(normalDomainName(name), document);
    }
  }

  choose(hello: ClientHello, listen: ListenOptions): TlsChoice | null {
    if (hello.protocols.includes(ACME_TLS)) return this.#challenge(hello.serverName);
    const certificates = this.#certificatesFor(hello.serverName);
    if (certificates.length === 0) return null;
    const rules = this.rules.find(hello.serverName);
    const context = this.#contexts.get(certificates, rules, this.#options);
    const protocols = listen.h2 && this.#speaksHttp2() ? BOTH : ONLY_HTTP1;
    const asksCertificate = rules !== null && rules.clientCertificates !== 'none';
    return { context, protocols, asksCertificate, policy: rules?.policy ?? '' };
  }

  #setRules(domain: string, document: unknown): void {
    if (document === null) this.rules.delete(domain);
    else this.rules.set(domain, readDomainRules(domain, document).rules);
  }

  #challenge(serverName: string): TlsChoice | null {
    const context = this.challenges.contextFor(serverName);
    return context === null ? null : { context, protocols: ONLY_ACME, asksCertificate: false, policy: '' };
  }

  #certificatesFor(serverName: string): readonly Certificate[] {
    const found = serverName === '' ? [] : this.certificates.find(serverName, Date.now());
    const { defaultCertificate } = this.#options;
    if (found.length > 0 || defaultCertificate === null) return found;
    const usual = this.certificates.get(defaultCertificate) ?? this.certificates.get(`file:${defaultCertificate}`);
    return usual === null ? [] : [usual];
  }
}

/** As ALPN writes them. */
const BOTH = Buffer.from('\x02h2\x08http/1.1', 'latin1');
/** RFC 8737 4. */
const ACME_TLS = 'acme-tls/1';
const ONLY_ACME = Buffer.from(`\x0a${ACME_TLS}`, 'latin1');
const ONLY_HTTP1 = Buffer.from('\x08http/1.1', 'latin1');
