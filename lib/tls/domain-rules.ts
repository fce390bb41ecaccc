import { hash, X509Certificate } from 'node:crypto';
import tls from 'node:tls';
import type { Problem } from '../core/problem.ts';
import { Schema, type JsonSchema } from '../core/schema.ts';

/** What a domain wants of the connections that its requests come by. */
export interface DomainRules {
  /** Requests in clear are sent to TLS. */
  readonly require: boolean;
  /** The port they are sent to. */
  readonly port: number;
  /** Null: as the instance has it. */
  readonly minVersion: 'TLSv1.3' | 'TLSv1.2' | null;
  readonly clientCertificates: 'none' | 'optional' | 'required';
  /** PEM: what certificates of clients are checked against; empty where none are asked for. */
  readonly clientCa: string;
  /** PEM: what is revoked of them; empty: nobody looks. */
  readonly clientCrl: string;
  /** The same for all rules by which the same clients are let in; empty where every client is. */
  readonly policy: string;
  readonly acme: AcmeRules | null;
}

/** How certificates for a domain are ordered. */
export interface AcmeRules {
  readonly challenge: 'http-01' | 'tls-alpn-01' | 'dns-01';
  /** Names beside the domain's own. */
  readonly names: readonly string[];
  readonly keyType: 'ecdsa' | 'rsa';
}

interface Document {
  readonly require: boolean;
  readonly port: number;
  readonly min_version: '1.2' | '1.3' | null;
  readonly client_certificates: {
    readonly mode: 'none' | 'optional' | 'required';
    readonly ca: string | null;
    readonly crl: string | null;
  };
  readonly acme: {
    readonly challenge: 'http-01' | 'tls-alpn-01' | 'dns-01';
    readonly names: readonly string[];
    readonly key_type: 'ecdsa' | 'rsa';
  } | null;
}

const NAME_PATTERN = '^(?:\\*\\.)?[a-z0-9_-]{1,63}(?:\\.[a-z0-9_-]{1,63})+$';

/** JSON schema of the document of a domain's rules. */
export const domainRulesSchema: JsonSchema = {
  type: 'object',
  properties: {
    require: {
      type: 'boolean',
      default: false,
      description: 'whether requests in clear are answered 308 to TLS, but for those that ACME makes',
    },
    port: { type: 'integer', minimum: 1, maximum: 65_535, default: 443, description: 'the port they are sent to' },
    min_version: {
      enum: ['1.2', '1.3', null],
      default: null,
      description: 'oldest version of TLS; null: as `tls-min` says',
    },
    client_certificates: {
      type: 'object',
      description: 'whether clients show certificates',
      properties: {
        mode: { enum: ['none', 'optional', 'required'], default: 'none', description: 'whether one is asked for' },
        ca: {
          type: ['string', 'null'],
          title: 'PEM',
          pattern: '-----BEGIN [A-Z0-9 ]*CERTIFICATE-----',
          default: null,
          description: 'certificates that they are checked against (PEM)',
        },
        crl: {
          type: ['string', 'null'],
          title: 'PEM',
          pattern: '-----BEGIN X509 CRL-----',
          default: null,
          description: 'lists of what each of those has revoked (PEM); null: nothing is',
        },
      },
      additionalProperties: false,
      default: {},
    },
    acme: {
      type: ['object', 'null'],
      description: 'whether its certificate is ordered by ACME, and how; null: it is not',
      properties: {
        challenge: {
          enum: ['http-01', 'tls-alpn-01', 'dns-01'],
          default: 'http-01',
          description: 'how the CA is shown that the names are ours',
        },
        names: {
          type: 'array',
          items: { type: 'string', title: 'a host in lower case', pattern: NAME_PATTERN },
          maxItems: 99,
          default: [],
          description: "names of the certificate beside the domain's own",
        },
        key_type: { enum: ['ecdsa', 'rsa'], default: 'ecdsa', description: 'kind of its key' },
      },
      additionalProperties: false,
      default: null,
    },
  },
  additionalProperties: false,
};

const schema = new Schema(domainRulesSchema);

export interface ReadDomainRules {
  readonly rules: DomainRules;
  /** Everything that is wrong; the rules are of no use then. */
  readonly problems: readonly Problem[];
}

/** Reads the document of a domain's rules, parsed JSON, which stays as it is. `domain`: its name. */
export function readDomainRules(domain: string, document: unknown): ReadDomainRules {
  const copy: unknown = structuredClone(document);
  const problems = [...schema.complete(copy)];
  if (problems.length > 0) return { rules: NO_RULES, problems };
  const { require, port, min_version: version, client_certificates: clients, acme } = copy as Document; // see the schema
  const ca = clients.mode === 'none' ? '' : (clients.ca ?? '');
  if (clients.mode !== 'none' && ca === '') problems.push({ at: '/client_certificates/ca', msg: 'is missing' });
  const crl = ca === '' ? '' : (clients.crl ?? '');
  const wrong = ca === '' ? null : problemOfCa(ca);
  if (wrong !== null) problems.push({ at: '/client_certificates/ca', msg: `cannot be used: ${wrong}` });
  const wrongCrl = crl === '' ? null : problemOfCrl(crl);
  if (wrongCrl !== null) problems.push({ at: '/client_certificates/crl', msg: `cannot be used: ${wrongCrl}` });
  if (acme !== null) problems.push(...acmeProblems(domain, acme));
  const minVersion = version === null ? null : (`TLSv${version}` as const);
  const isOpen = minVersion === null && clients.mode === 'none';
  const policy = isOpen
    ? ''
    : hash('sha256', JSON.stringify([minVersion, clients.mode, ca, ...(crl === '' ? [] : [crl])])).slice(0, 32);
  const rules: DomainRules = {
    require,
    port,
    minVersion,
    clientCertificates: clients.mode,
    clientCa: ca,
    clientCrl: crl,
    policy,
    acme: acme === null ? null : { challenge: acme.challenge, names: acme.names, keyType: acme.key_type },
  };
  return { rules, problems };
}

const NO_RULES: DomainRules = {
  require: false,
  port: 443,
  minVersion: null,
  clientCertificates: 'none',
  clientCa: '',
  clientCrl: '',
  policy: '',
  acme: null,
};

function problemOfCa(pem: string): string | null {
  try {
    void new X509Certificate(pem);
    tls.createSecureContext({ ca: pem });
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function problemOfCrl(pem: string): string | null {
  try {
    tls.createSecureContext({ crl: pem });
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function acmeProblems(domain: string, { challenge, names }: NonNullable<Document['acme']>): readonly Problem[] {
  const problems: Problem[] = [];
  if (!new RegExp(NAME_PATTERN).test(domain)) {
    problems.push({ at: '/acme', msg: `no CA gives a certificate for ${domain}` });
  }
  if (challenge !== 'dns-01' && [domain, ...names].some((name) => name.startsWith('*.'))) {
    problems.push({ at: '/acme/challenge', msg: 'must be dns-01 for a wildcard (RFC 8555 7.1.3)' });
  }
  return problems;
}
