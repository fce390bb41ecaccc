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

function readCertificate(value: unknown, problems: Problem[]): ClientCertificate {
  const at = '/tls/certificate';
  const given = members(value, at, ['subject', 'issuer', 'serial', 'fingerprint', 'names', 'verified'], problems);
  for (const name of ['subject', 'issuer', 'serial', 'fingerprint']) {
    if (given.has(name) && typeof given.get(name) !== 'string')
      problems.push({ at: `${at}${pointer(name)}`, msg: 'must be a string' });
  }
  const names = given.get('names') ?? [];
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string'))
    problems.push({ at: `${at}/names`, msg: 'must be an array of strings such as DNS:a.test' });
  const verified = given.get('verified') ?? true;
  if (typeof verified !== 'boolean') problems.push({ at: `${at}/verified`, msg: 'must be true or false' });
  const text = (name: string): string => String(given.get(name) ?? '');
  return {
    verified: verified === true,
    problem: verified === true ? '' : 'CERT_UNTRUSTED',
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
