import { readFileSync } from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import type { Server } from './server.ts';

/** How servers are spoken to in TLS. */
export interface TlsSettings {
  /** Whether a server's certificate has to be trusted and to be for its name. */
  readonly verify: boolean;
  /** Certificates that a server's is checked against; null: those of the machine. PEM, or the path of a file of it. */
  readonly ca: string | null;
  /** What is shown to servers, and its key: PEM, or paths; null: nothing. */
  readonly certificate: string | null;
  readonly key: string | null;
  /** The name that is asked for and checked, instead of the server's own; null: its own. */
  readonly serverName: string | null;
  readonly minVersion: tls.SecureVersion;
  /** In OpenSSL's notation; null: Node's. */
  readonly ciphers: string | null;
  /** Whether a later connection goes on with the session of an earlier one. */
  readonly reuseSessions: boolean;
}

/** TLS as it is where nothing else is said. */
export const USUAL_TLS: TlsSettings = {
  verify: true,
  ca: null,
  certificate: null,
  key: null,
  serverName: null,
  minVersion: 'TLSv1.2',
  ciphers: null,
  reuseSessions: true,
};

/** The client's side of TLS towards the servers of an upstream: its certificates, and the sessions that can go on. */
export class TlsClient {
  readonly #settings: TlsSettings;
  /** A server's last session. */
  readonly #sessions = new WeakMap<Server, Buffer>();
  #context: tls.SecureContext | null = null;

  constructor(settings: TlsSettings) {
    this.#settings = settings;
  }

  /**
   * A socket that begins a handshake, over `socket` if one is given. A bad certificate is an error of the socket. Throws where our
   * own certificates cannot be read.
   */
  connect(server: Server, socket: net.Socket | null): tls.TLSSocket {
    const { verify, serverName, reuseSessions } = this.#settings;
    const { host, port, path } = server.target;
    const name = serverName ?? server.hostName;
    const session = reuseSessions ? this.#sessions.get(server) : undefined;
    const place = path === '' ? { host, port } : { path };
    const secured = tls.connect({
      ...(socket === null ? place : { socket }),
      // Server Name Indication carries names only (RFC 6066 3); an address is checked all the same.
      servername: net.isIP(name) === 0 ? name : '',
      checkServerIdentity: (_name, certificate) => tls.checkServerIdentity(name, certificate),
      ...(session === undefined ? {} : { session }),
      ALPNProtocols: ['http/1.1'],
      rejectUnauthorized: verify,
      secureContext: this.#secureContext(),
    });
    secured.setNoDelay(true);
    if (reuseSessions) secured.on('session', (newest: Buffer) => this.#sessions.set(server, newest));
    return secured;
  }

  #secureContext(): tls.SecureContext {
    this.#context ??= makeContext(this.#settings);
    return this.#context;
  }
}

/** Throws what OpenSSL or the file system has to say. */
export function makeContext({ ca, certificate, key, minVersion, ciphers }: TlsSettings): tls.SecureContext {
  return tls.createSecureContext({
    ca: ca === null ? machineCertificates() : readPem(ca),
    minVersion,
    ...(certificate === null ? {} : { cert: readPem(certificate) }),
    ...(key === null ? {} : { key: readPem(key) }),
    ...(ciphers === null ? {} : { ciphers }),
  });
}

function readPem(pemOrPath: string): string {
  return pemOrPath.startsWith('/') ? readFileSync(pemOrPath, 'utf8') : pemOrPath;
}

let machine: string[] | null = null;

/** What Node brings, and what this machine trusts beside; a tenth of a second, once. */
function machineCertificates(): string[] {
  machine ??= [...new Set([...tls.getCACertificates('default'), ...tls.getCACertificates('system')])];
  return machine;
}
