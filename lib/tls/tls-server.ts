import type { ListenOptions } from '../core/listener.ts';
import type { TlsSetup } from '../core/tls-setup.ts';
import type { ClientHello } from '../net/client-hello.ts';
import type { TlsChoice } from '../net/greeting.ts';
import type { Certificate } from './certificate-table.ts';
import { CertificateTable } from './certificate-table.ts';
import { Contexts } from './contexts.ts';
import { readDomainRules, type DomainRules } from './domain-rules.ts';
import { HostMap } from './host-map.ts';
import { Tickets } from './tickets.ts';
import { normalDomainName } from '../routing/domain-name.ts';

/** The server's side of TLS in a worker: which certificate, and which rules, a client meets by the name that it asks for. */
export class TlsServer {
  readonly certificates = new CertificateTable();
  readonly #options: TlsSetup;
  readonly #speaksHttp2: () => boolean;
  readonly rules = new HostMap<DomainRules>();
  readonly tickets = new Tickets();
  readonly #contexts = new Contexts(this.tickets);

  /** `speaksHttp2`: whether HTTP/2 can be spoken at all. */
  constructor(options: TlsSetup, speaksHttp2: () => boolean) {
    this.#options = options;
    this.#speaksHttp2 = speaksHttp2;
  }

  /** `document`: parsed JSON that has passed its check; null: the domain wants nothing any more. */
  setRules(domain: string, document: unknown): void {
    const name = normalDomainName(domain);
    if (document === null) this.rules.delete(name);
    else this.rules.set(name, readDomainRules(name, document).rules);
  }

  choose(hello: ClientHello, listen: ListenOptions): TlsChoice | null {
    const certificates = this.#certificatesFor(hello.serverName);
    if (certificates.length === 0) return null;
    const rules = this.rules.find(hello.serverName);
    const context = this.#contexts.get(certificates, rules, this.#options);
    const protocols = listen.h2 && this.#speaksHttp2() ? BOTH : ONLY_HTTP1;
    const asksCertificate = rules !== null && rules.clientCertificates !== 'none';
    return { context, protocols, asksCertificate, policy: rules?.policy ?? '' };
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
const ONLY_HTTP1 = Buffer.from('\x08http/1.1', 'latin1');
