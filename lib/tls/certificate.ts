import { createPrivateKey, X509Certificate } from 'node:crypto';
import tls from 'node:tls';
import type { Problem } from '../core/problem.ts';

/** What the data plane is told of a certificate: text that has passed its check, with the key in clear. */
export interface CertificateDocument {
  /** PEM: the certificate first, then those it is signed by. */
  readonly certificate: string;
  /** PEM. */
  readonly key: string;
  /** Where they are known already: reading them takes half a millisecond. */
  readonly facts?: CertificateFacts;
}

/** What a certificate says of itself; nothing of its key. */
export interface CertificateFacts {
  /** Names it is for, in lower case: `a.test`, `*.a.test`, IP addresses. */
  readonly names: readonly string[];
  /** `ec` or `rsa`, as Node calls the kinds of keys. */
  readonly keyType: string;
  /** In milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly issuer: string;
  readonly serial: string;
  /** SHA-256 of the certificate, 64 hexadecimal digits. */
  readonly fingerprint: string;
}

export interface CheckedCertificate {
  readonly problems: readonly Problem[];
}

/** The facts of a certificate that has passed its check. */
export function certificateFacts({ certificate, facts }: Omit<CertificateDocument, 'key'>): CertificateFacts {
  return facts ?? factsOf(new X509Certificate(certificate));
}

/**
 * Checks a pair as a whole: both can be read, the key is the certificate's, every certificate is signed by the one behind it, none
 * is out of date, and there is a name to serve it for. `now`: milliseconds since the epoch.
 */
export function checkCertificate({ certificate, key }: CertificateDocument, now: number): CheckedCertificate {
  const problems: Problem[] = [];
  const chain = readChain(certificate, problems);
  const [leaf] = chain;
  const privateKey = attempt(() => createPrivateKey(key));
  if (typeof privateKey === 'string') problems.push({ at: '/key', msg: `cannot be read: ${privateKey}` });
  if (leaf === undefined) return { problems };
  if (typeof privateKey !== 'string' && !leaf.checkPrivateKey(privateKey)) {
    problems.push({ at: '/key', msg: 'is not the key of the certificate' });
  }
  checkDates(chain, now, problems);
  if (namesOf(leaf).length === 0) problems.push({ at: '/certificate', msg: 'is for no name' });
  // What OpenSSL refuses beyond that, such as keys that are too short. It takes milliseconds, and is not asked about the usual.
  if (problems.length === 0 && !isUsual(leaf)) {
    const refused = attempt(() => tls.createSecureContext({ ca: [], cert: certificate, key }));
    if (typeof refused === 'string') problems.push({ at: '/certificate', msg: `cannot be used: ${refused}` });
  }
  return { problems };
}

/** The certificates of a PEM, in its order. */
function readChain(pem: string, problems: Problem[]): readonly X509Certificate[] {
  const chain: X509Certificate[] = [];
  for (const [i, block] of (pem.match(BLOCK) ?? []).entries()) {
    const read = attempt(() => new X509Certificate(block));
    if (typeof read === 'string') problems.push({ at: '/certificate', msg: `number ${i + 1} cannot be read: ${read}` });
    else chain.push(read);
  }
  if (chain.length === 0 && problems.length === 0) problems.push({ at: '/certificate', msg: 'holds no certificate' });
  for (const [i, one] of chain.entries()) {
    const issuer = chain[i + 1];
    if (issuer !== undefined && !(one.checkIssued(issuer) && one.verify(issuer.publicKey))) {
      problems.push({ at: '/certificate', msg: `number ${i + 1} is not signed by number ${i + 2}` });
    }
  }
  return chain;
}

function checkDates(chain: readonly X509Certificate[], now: number, problems: Problem[]): void {
  for (const [i, one] of chain.entries()) {
    if (Date.parse(one.validTo) <= now) {
      problems.push({ at: '/certificate', msg: `number ${i + 1} is out of date since ${isoDate(one.validTo)}` });
    } else if (Date.parse(one.validFrom) > now + CLOCK_SKEW_MS) {
      problems.push({ at: '/certificate', msg: `number ${i + 1} is good only from ${isoDate(one.validFrom)}` });
    }
  }
}

function factsOf(leaf: X509Certificate): CertificateFacts {
  return {
    names: namesOf(leaf),
    keyType: leaf.publicKey.asymmetricKeyType ?? '',
    notBefore: Date.parse(leaf.validFrom),
    notAfter: Date.parse(leaf.validTo),
    issuer: leaf.issuer.split('\n').toReversed().join(','),
    serial: leaf.serialNumber,
    fingerprint: leaf.fingerprint256.replaceAll(':', '').toLowerCase(),
  };
}

/** Whether key and signature are of a kind that OpenSSL takes at any level of security that is in use. */
function isUsual(leaf: X509Certificate): boolean {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = leaf.publicKey;
  const isStrong =
    type === 'rsa' ? (details?.modulusLength ?? 0) >= 2048 : type === 'ec' && CURVES.has(details?.namedCurve ?? '');
  return isStrong && WEAK_SIGNATURES.every((weak) => !leaf.raw.includes(weak));
}

const CURVES: ReadonlySet<string> = new Set(['prime256v1', 'secp384r1', 'secp521r1']);
/** Object identifiers of RSA with MD5 and with SHA-1, and of ECDSA with SHA-1. */
const WEAK_SIGNATURES = ['06092a864886f70d010104', '06092a864886f70d010105', '06072a8648ce3d0401'].map((hex) =>
  Buffer.from(hex, 'hex'),
);

/** Subject alternative names; the common name where there are none (RFC 6125 6.4.4). */
function namesOf(leaf: X509Certificate): readonly string[] {
  const alternative = Array.from((leaf.subjectAltName ?? '').matchAll(NAME), ([, name = '']) => name.toLowerCase());
  if (alternative.length > 0) return [...new Set(alternative)];
  const common = /^CN=([A-Za-z0-9.*_-]+)$/m.exec(leaf.subject)?.[1]?.toLowerCase();
  return common === undefined ? [] : [common];
}

function attempt<Value>(make: () => Value): Value | string {
  try {
    return make();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function isoDate(text: string): string {
  return new Date(text).toISOString();
}

const BLOCK = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[\s\S]*?-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g;
const NAME = /(?:DNS|IP Address):([A-Za-z0-9.*_:-]+)/g;
/** A certificate that was made a moment ago on a machine whose clock is ahead. */
const CLOCK_SKEW_MS = 5 * 60 * 1000;
