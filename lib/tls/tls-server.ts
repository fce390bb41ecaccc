import { constants } from 'node:crypto';
import tls from 'node:tls';
import type { ListenOptions } from '../core/listener.ts';
import type { TlsSetup } from '../core/tls-setup.ts';
import type { ClientHello } from '../net/client-hello.ts';
import type { TlsChoice } from '../net/greeting.ts';
import type { Certificate } from './certificate-table.ts';
import { CertificateTable } from './certificate-table.ts';

/** The server's side of TLS in a worker: which certificate, and which rules, a client meets by the name that it asks for. */
export class TlsServer {
  readonly certificates = new CertificateTable();
  readonly #options: TlsSetup;
  readonly #speaksHttp2: () => boolean;
  readonly #contexts = new Map<string, tls.SecureContext>();

  /** `speaksHttp2`: whether HTTP/2 can be spoken at all. */
  constructor(options: TlsSetup, speaksHttp2: () => boolean) {
    this.#options = options;
    this.#speaksHttp2 = speaksHttp2;
  }

  choose(hello: ClientHello, listen: ListenOptions): TlsChoice | null {
    const certificates = this.#certificatesFor(hello.serverName);
    if (certificates.length === 0) return null;
    const { context } = this.#contextOf(certificates);
    const protocols = listen.h2 && this.#speaksHttp2() ? BOTH : ONLY_HTTP1;
    return { context: context as object, protocols, asksCertificate: false, policy: '' };
  }

  #certificatesFor(serverName: string): readonly Certificate[] {
    const found = serverName === '' ? [] : this.certificates.find(serverName, Date.now());
    const { defaultCertificate } = this.#options;
    if (found.length > 0 || defaultCertificate === null) return found;
    const usual = this.certificates.get(defaultCertificate);
    return usual === null ? [] : [usual];
  }

  #contextOf(certificates: readonly Certificate[]): tls.SecureContext {
    const id = certificates.map(({ facts }) => facts.fingerprint).join(' ');
    let context = this.#contexts.get(id);
    if (context === undefined) {
      context = tls.createSecureContext({
        ca: [],
        cert: certificates.map(({ certificate }) => certificate),
        key: certificates.map(({ key }) => key),
        minVersion: this.#options.minVersion,
        ciphers: this.#options.ciphers ?? CIPHERS,
        honorCipherOrder: true,
        secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_PRIORITIZE_CHACHA,
      });
      this.#contexts.set(id, context);
    }
    return context;
  }
}

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

/** As ALPN writes them. */
const BOTH = Buffer.from('\x02h2\x08http/1.1', 'latin1');
const ONLY_HTTP1 = Buffer.from('\x08http/1.1', 'latin1');
