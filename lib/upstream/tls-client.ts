import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import type { Server } from './server.ts';

export const TLS_VERSIONS = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const;
export type TlsVersion = (typeof TLS_VERSIONS)[number];

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
  readonly minVersion: TlsVersion;
  /** In OpenSSL's notation; null: Node's. */
  readonly ciphers: string | null;
  /** Whether a later connection goes on with the session of an earlier one. */
  readonly reuseSessions: boolean;
}

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
  connect(server: Server, socket: net.Socket | null, protocol: string): tls.TLSSocket {
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
      ALPNProtocols: [protocol],
      rejectUnauthorized: verify,
      secureContext: this.#secureContext(),
    });
    secured.setNoDelay(true);
    if (reuseSessions) secured.on('session', (newest: Buffer) => this.#sessions.set(server, newest));
    return secured;
  }

  #secureContext(): tls.SecureContext {
    this.#context ??= secureContextOf(this.#settings);
    return this.#context;
  }
}

/** Certificates and rules of TLS as the settings say. Throws where our own certificates cannot be read. */
export function secureContextOf(settings: TlsSettings): tls.SecureContext {
  return makeContext(settings, machineCertificates);
}

/** What is wrong with the files, certificates or ciphers of settings, and with which of them; null: nothing. */
export function tlsProblem(settings: TlsSettings): { readonly at: string; readonly msg: string } | null {
  const { ca, certificate, key, ciphers, minVersion } = settings;
  const nothing = { ...settings, certificate: null, key: null, ciphers: null };
  const parts: readonly [string, boolean, () => void][] = [
    ['/ca', ca !== null, () => void new X509Certificate(readPem(ca ?? ''))],
    ['/certificate', certificate !== null, () => void makeContext({ ...settings, ca: null, ciphers: null }, none)],
    ['/ciphers', ciphers !== null, () => void makeContext({ ...nothing, ca: null, ciphers, minVersion }, none)],
    ['/key', key !== null, () => void readPem(key ?? '')],
  ];
  for (const [at, isThere, make] of parts) {
    const msg = isThere ? messageOf(make) : null;
    if (msg !== null) return { at, msg };
  }
  return null;
}

function messageOf(make: () => void): string | null {
  try {
    make();
    return null;
  } catch (error) {
    return `cannot be used: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Throws what OpenSSL or the file system has to say. `usual`: what is trusted where `ca` says nothing. */
function makeContext(
  { ca, certificate, key, minVersion, ciphers }: TlsSettings,
  usual: () => string[],
): tls.SecureContext {
  return tls.createSecureContext({
    ca: ca === null ? usual() : readPem(ca),
    minVersion,
    ...(certificate === null ? {} : { cert: readPem(certificate) }),
    ...(key === null ? {} : { key: readPem(key) }),
    ...(ciphers === null ? {} : { ciphers }),
  });
}

function none(): string[] {
  return [];
}

function readPem(pemOrPath: string): string {
  return pemOrPath.startsWith('/') ? readFileSync(pemOrPath, 'utf8') : pemOrPath;
}

/** What other programs' certificates are checked against: `ca`, PEM or a path, else what this machine trusts. */
export function trustedBy(ca: string | null): string | readonly string[] {
  return ca === null ? machineCertificates() : readPem(ca);
}

let machine: string[] | null = null;

/** What Node brings, and what this machine trusts beside; a tenth of a second, once. */
function machineCertificates(): string[] {
  machine ??= [...new Set([...tls.getCACertificates('default'), ...tls.getCACertificates('system')])];
  return machine;
}
