import { TLS_VERSIONS, tlsProblem, type TlsSettings, type TlsVersion } from '../tls-client.ts';
import { defineSection } from './section.ts';

interface Document {
  readonly enabled: boolean | null;
  readonly verify: boolean;
  readonly ca: string | null;
  readonly certificate: string | null;
  readonly key: string | null;
  readonly server_name: string | null;
  readonly min_version: TlsVersion;
  readonly ciphers: string | null;
  readonly reuse_sessions: boolean;
}

export interface TlsOptions {
  /** Null: for servers named by `https://` only. */
  readonly enabled: boolean | null;
  readonly settings: TlsSettings;
}

const PEM = { type: ['string', 'null'], title: 'PEM, the path of a PEM file, or null', pattern: '^(/|-----BEGIN )' };

/** TLS towards servers. */
export const tls = defineSection({
  summary: 'TLS towards servers. Files are read when the options are loaded.',
  properties: {
    enabled: {
      type: ['boolean', 'null'],
      default: null,
      description: 'whether servers are spoken to in TLS; null: those that a graph names as `https://`',
    },
    verify: {
      type: 'boolean',
      default: true,
      description: "whether a server's certificate has to be trusted, and to be for its name",
    },
    ca: {
      ...PEM,
      default: null,
      description: "certificates that a server's is checked against; null: `server-ca`, or those the machine trusts",
    },
    certificate: { ...PEM, default: null, description: 'the certificate shown to servers, with those it is signed by' },
    key: { ...PEM, default: null, description: 'the key of `certificate`' },
    server_name: {
      type: ['string', 'null'],
      title: 'a name or an IP address, or null',
      pattern: '^[A-Za-z0-9._:-]{1,253}$',
      default: null,
      description: "the name that is asked for (SNI) and checked; null: the server's own",
    },
    min_version: { enum: TLS_VERSIONS, default: 'TLSv1.2', description: 'the oldest version that is spoken' },
    ciphers: {
      type: ['string', 'null'],
      pattern: '^[\\x21-\\x7e]{1,4096}$',
      title: "a list in OpenSSL's notation, or null",
      default: null,
      description: 'the ciphers that are offered; null: those of Node',
    },
    reuse_sessions: {
      type: 'boolean',
      default: true,
      description:
        'whether a connection goes on with the session of an earlier one, which spares half of the handshake',
    },
  },
  read(document: Document, problem): TlsOptions {
    const { enabled, verify, ca, certificate, key, ciphers } = document;
    const settings: TlsSettings = {
      verify,
      ca,
      certificate,
      key,
      serverName: document.server_name,
      minVersion: document.min_version,
      ciphers,
      reuseSessions: document.reuse_sessions,
    };
    if (certificate !== null && key === null) problem('/key', 'is missing');
    else if (certificate === null && key !== null) problem('/certificate', 'is missing');
    else {
      const wrong = tlsProblem(settings);
      if (wrong !== null) problem(wrong.at, wrong.msg);
    }
    return { enabled, settings };
  },
});
