import { X509Certificate } from 'node:crypto';
import { certificateFacts } from '../lib/core/certificate-facts.ts';
import type { AskedTls } from '../lib/core/explanation.ts';
import type { ClientCertificate } from '../lib/core/tls-facts.ts';
import type { Problem } from '../lib/routing/rule.ts';
import { pointer } from './resource.ts';
import { nameOf } from './shape.ts';

/** The TLS that a request is to come over, as an operator describes it; null where there are problems, which are added to `problems`. */
export function readTls(tls: unknown, problems: Problem[]): AskedTls | null {
  const before = problems.length;
  const given = members(tls, '/tls', ['version', 'server_name', 'certificate'], problems);
  const version = given.get('version') ?? 'TLSv1.3';
  if (version !== 'TLSv1.2' && version !== 'TLSv1.3')
    problems.push({ at: '/tls/version', msg: 'must be TLSv1.2 or TLSv1.3' });
  const serverName = given.get('server_name') ?? null;
  if (serverName !== null && typeof serverName !== 'string')
    problems.push({ at: '/tls/server_name', msg: 'must be a string' });
  const certificate = given.has('certificate') ? readCertificate(given.get('certificate'), problems) : null;
  if (problems.length > before) return null;
  return {
    version: String(version),
    serverName: serverName === null ? null : String(serverName).toLowerCase(),
    certificate,
  };
}

function readCertificate(value: unknown, problems: Problem[]): ClientCertificate | null {
  const given = members(value, AT, [...DESCRIBED, 'names', 'pem', 'verified'], problems);
  const verified = given.get('verified') ?? true;
  if (typeof verified !== 'boolean') problems.push({ at: `${AT}/verified`, msg: 'must be true or false' });
  const problem = verified === true ? '' : 'CERT_UNTRUSTED';
  return given.has('pem') ? wholeCertificate(given, problem, problems) : describedCertificate(given, problem, problems);
}

/** A certificate as it is in a file, of which all is read that a connection would tell. */
function wholeCertificate(
  given: ReadonlyMap<string, unknown>,
  problem: string,
  problems: Problem[],
): ClientCertificate | null {
  for (const name of given.keys()) {
    if (name !== 'pem' && name !== 'verified')
      problems.push({ at: `${AT}${pointer(name)}`, msg: 'cannot stand beside pem' });
  }
  const certificate = certificateOf(given.get('pem'));
  if (certificate === null) {
    problems.push({ at: `${AT}/pem`, msg: 'is no certificate in PEM' });
    return null;
  }
  const now = Date.now();
  if (now > Date.parse(certificate.validTo)) return certificateFacts(certificate, 'CERT_HAS_EXPIRED');
  if (now < Date.parse(certificate.validFrom)) return certificateFacts(certificate, 'CERT_NOT_YET_VALID');
  return certificateFacts(certificate, problem);
}

function certificateOf(pem: unknown): X509Certificate | null {
  try {
    return typeof pem === 'string' ? new X509Certificate(pem) : null;
  } catch {
    return null;
  }
}

function describedCertificate(
  given: ReadonlyMap<string, unknown>,
  problem: string,
  problems: Problem[],
): ClientCertificate {
  for (const name of DESCRIBED) {
    if (given.has(name) && typeof given.get(name) !== 'string')
      problems.push({ at: `${AT}${pointer(name)}`, msg: 'must be a string' });
  }
  const names = given.get('names') ?? [];
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string'))
    problems.push({ at: `${AT}/names`, msg: 'must be an array of strings such as DNS:a.test' });
  const text = (name: string): string => String(given.get(name) ?? '');
  return {
    verified: problem === '',
    problem,
    subject: text('subject'),
    issuer: text('issuer'),
    serial: text('serial'),
    fingerprint: text('fingerprint').replaceAll(':', '').toLowerCase(),
    names: Array.isArray(names) ? names.map(String) : [],
    // The end of year 9999: a certificate without an end (RFC 5280 4.1.2.5).
    notAfter: 253_402_300_799_000,
    der: '',
  };
}

const AT = '/tls/certificate';
const DESCRIBED = ['subject', 'issuer', 'serial', 'fingerprint'] as const;

function members(
  value: unknown,
  at: string,
  known: readonly string[],
  problems: Problem[],
): ReadonlyMap<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    problems.push({ at, msg: `must be an object, not ${nameOf(value)}` });
    return new Map();
  }
  const given = new Map<string, unknown>(Object.entries(value));
  for (const name of given.keys())
    if (!known.includes(name)) problems.push({ at: `${at}${pointer(name)}`, msg: 'is not known here' });
  return given;
}
