import type { Problem } from '../core/problem.ts';
import type { Seal } from '../core/seal.ts';
import { Schema } from '../core/schema.ts';
import { certificateFacts, checkCertificate, type CertificateDocument } from '../tls/certificate.ts';
import { notJson } from './documents.ts';
import type { CheckedDocument, DocumentKind } from './documents.ts';

/** Certificates with their keys, which memory and store hold sealed where there is a secret. */
export function certificates(seal: Seal, now: () => number): DocumentKind {
  const check = (name: string, document: unknown): CheckedDocument => {
    const problems = problemsOf(name, document, seal, now());
    return { problems, substitute: null, upstreams: [] };
  };
  return {
    kind: 'certificate',
    check,
    change: (name, text) => ({
      kind: 'certificate',
      name,
      // It has passed its check.
      document: text === null ? null : served(name, JSON.parse(text) as CertificateDocument, seal),
    }),
    kept: (name, document) => {
      // It has passed its check.
      const { certificate, key } = opened(name, document as CertificateDocument, seal);
      return { certificate, key: seal.seal(key, purposeOf(name)) };
    },
    normalName: (name) => name,
    upstreams: () => [],
  };
}

function problemsOf(name: string, document: unknown, seal: Seal, now: number): readonly Problem[] {
  const broken = notJson(document);
  if (broken !== null) return [broken];
  const wrong = schema.complete(document);
  const badName: Problem[] = NAME.test(name)
    ? []
    : [{ at: '', msg: 'the name of a certificate is up to 200 letters, digits, ".", "_", "*" and "-"' }];
  if (wrong.length > 0 || badName.length > 0) return [...badName, ...wrong];
  try {
    // It has passed its schema.
    return checkCertificate(opened(name, document as CertificateDocument, seal), now).problems;
  } catch (error) {
    return [{ at: '/key', msg: error instanceof Error ? error.message : String(error) }];
  }
}

/** What the data plane is told. */
function served(name: string, document: CertificateDocument, seal: Seal): string {
  const { certificate, key } = opened(name, document, seal);
  return JSON.stringify({ certificate, key, facts: certificateFacts({ certificate }) });
}

/** Throws an Error whose message is for an operator. */
function opened(name: string, { certificate, key }: CertificateDocument, seal: Seal): CertificateDocument {
  return { certificate, key: seal.open(key, purposeOf(name)) };
}

function purposeOf(name: string): string {
  return `certs/${name}`;
}

const PEM = { type: 'string', maxLength: 500_000 } as const;
const schema = new Schema({
  type: 'object',
  properties: {
    certificate: { ...PEM, title: 'PEM', pattern: '-----BEGIN [A-Z0-9 ]*CERTIFICATE-----' },
    key: { ...PEM, title: 'PEM, or sealed', pattern: '^sealed:|-----BEGIN [A-Z ]*PRIVATE KEY-----' },
  },
  required: ['certificate', 'key'],
  additionalProperties: false,
});

const NAME = /^[A-Za-z0-9_*][A-Za-z0-9._*-]{0,199}$/;
