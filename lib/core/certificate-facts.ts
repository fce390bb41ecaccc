import type { X509Certificate } from 'node:crypto';
import type { ClientCertificate } from './tls-facts.ts';

/** What a client's certificate says of itself. `problem`: why it is not trusted, as OpenSSL calls that; empty where it is. */
export function certificateFacts(certificate: X509Certificate, problem: string): ClientCertificate {
  return {
    verified: problem === '',
    problem,
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
