import { attributesOf } from '../lib/auth/distinguished-name.ts';
import type { ClientCertificate } from '../lib/core/tls-facts.ts';
import { pointerStep } from '../lib/core/problem.ts';
import { defineRule } from '../lib/routing/rule.ts';
import { fieldsProperty, Identity, type FieldsArg } from './identity.ts';
import { forbidding, REFUSAL_PROPERTIES, refusalOf, type RefusalArgs } from './refusal.ts';

interface Args extends RefusalArgs {
  readonly subjects?: readonly string[];
  readonly issuers?: readonly string[];
  readonly names?: readonly string[];
  readonly fingerprints?: readonly string[];
  readonly fields?: FieldsArg;
}

/**
 * Lets in clients with a certificate that the domain trusts, and goes on to `next`.
 *
 *     {"type": "mtls", "args": {"names": ["URI:spiffe://example.com/billing"], "fields": {"X-Client": "subject.CN"}, "next": "internal"}}
 *     {"type": "mtls", "args": {"issuers": ["CN=Ops CA,O=Example"], "next": "admin", "denied": "login"}}
 *
 * Whether clients are asked for a certificate, and by which authorities it has to be signed, says the domain's TLS document. Here a certificate has to be
 * there and to have been verified: else the client goes to `denied`, or is answered 403. Of the lists that are given it has to be in
 * each: `subjects` and `issuers` are whole names as `openssl x509 -nameopt RFC2253` writes them, `names` are alternative names with their
 * kind, `fingerprints` are SHA-256 of the whole certificate. One that is in none goes to `forbidden`, or is answered 403.
 *
 * Sources of `fields`: `subject`, `issuer`, `serial`, `fingerprint`, `names`, `certificate` (DER in base64), and single attributes such as `subject.CN`
 * or `issuer.O`. Templates know `claim.sub`, the subject, and `cert.NAME`.
 */
export const mtls = defineRule<Args>({
  type: 'mtls',
  summary: 'Lets in clients with a certificate.',
  args: {
    properties: {
      subjects: texts('names of subjects, one of which the certificate has'),
      issuers: texts('names of issuers, one of which the certificate has'),
      names: texts(
        'alternative names such as `DNS:a.test` or `URI:spiffe://a.test/x`, one of which the certificate has',
      ),
      fingerprints: {
        ...texts('SHA-256 of certificates in hexadecimal digits, with colons or without'),
        items: { type: 'string', pattern: '^(?:[0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}$' },
      },
      fields: fieldsProperty('the part of the certificate'),
      status: { ...REFUSAL_PROPERTIES.status, enum: [403], default: 403 },
    },
    additionalProperties: false,
  },
  edges: ['next', 'denied', 'forbidden'],
  compile(args, context) {
    const { fields = {} } = args;
    for (const [name, source] of Object.entries(fields))
      if (!SOURCE.test(source)) context.problem(`/fields${pointerStep(name)}`, 'is not a part of a certificate');
    const identity = new Identity(fields, context.problem);
    const refuse = refusalOf({ ...args, status: 403 }, '', context);
    const forbid = forbidding(args, context);
    const next = context.edge('next');
    const [subjects, issuers, names] = [args.subjects, args.issuers, args.names].map((list) => list && new Set(list));
    const fingerprints = args.fingerprints && new Set(args.fingerprints.map(digits));
    const isListed = (certificate: ClientCertificate): boolean =>
      subjects?.has(certificate.subject) !== false &&
      issuers?.has(certificate.issuer) !== false &&
      fingerprints?.has(digits(certificate.fingerprint)) !== false &&
      (names === undefined || certificate.names.some((name) => names.has(name)));
    return (request, plan) => {
      identity.strip(plan);
      const certificate = request.tls?.certificate ?? null;
      if (certificate === null || !certificate.verified) return refuse(plan);
      if (!isListed(certificate) || !identity.tell(plan, (source) => partOf(certificate, source))) return forbid(plan);
      plan.claims = { sub: certificate.subject };
      return next;
    };
  },
});

function partOf(certificate: ClientCertificate, source: string): unknown {
  const [part = '', attribute] = source.split('.');
  switch (part) {
    case 'subject':
    case 'issuer':
      return attribute === undefined ? certificate[part] : (attributesOf(certificate[part], attribute)[0] ?? null);
    case 'serial':
    case 'fingerprint':
    case 'names':
      return certificate[part];
    case 'certificate':
      return certificate.der;
    default:
      return null;
  }
}

function texts(description: string): Readonly<Record<string, unknown>> {
  return { type: 'array', items: { type: 'string', minLength: 1 }, minItems: 1, description };
}

function digits(fingerprint: string): string {
  return fingerprint.replaceAll(':', '').toLowerCase();
}

const SOURCE = /^(?:(?:subject|issuer)(?:\.[A-Za-z][A-Za-z0-9-]*)?|serial|fingerprint|names|certificate)$/;
