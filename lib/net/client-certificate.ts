import { X509Certificate } from 'node:crypto';
import type { ClientCertificate } from '../core/tls-facts.ts';
import type { TlsHandle } from './handle.ts';

/** The certificate that a client has shown, and whether it was verified. Null: it has shown none that can be read. */
export function clientCertificateOf(tls: TlsHandle): ClientCertificate | null {
  const raw = tls.getPeerCertificate()?.raw;
  if (raw === undefined) return null;
  const certificate = new X509Certificate(raw);
  const error = tls.verifyError() ?? null;
  return {
    verified: error === null,
    problem: error === null ? '' : (error.code ?? error.message),
    subject: distinguishedName(certificate.subject),
    issuer: distinguishedName(certificate.issuer),
    serial: certificate.serialNumber,
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    names: alternativeNames(certificate.subjectAltName ?? ''),
    notAfter: Date.parse(certificate.validTo),
    der: certificate.raw.toString('base64'),
  };
}

/** RFC 4514 2.1: the last part first. Node has a line for each, escaped as that wants it. */
function distinguishedName(lines: string | undefined): string {
  return clean((lines ?? '').split('\n').toReversed().join(','));
}

/** Node writes `DNS:a.test, URI:"..."`, quoted as JSON where a value could be read two ways. */
function alternativeNames(text: string): readonly string[] {
  return Array.from(text.matchAll(NAME), ([, kind = '', value = '']) => {
    const plain: unknown = value.startsWith('"') ? JSON.parse(value) : value;
    return clean(`${kind}:${String(plain)}`);
  });
}

/** As text that fits a field. */
function clean(text: string): string {
  return Array.from(Buffer.from(text, 'utf8').toString('latin1'), (char) =>
    char < ' ' || char === '\x7f' ? '?' : char,
  ).join('');
}

const NAME = /([A-Za-z][A-Za-z ]*):("(?:[^"\\]|\\.)*"|[^,]*)/g;
