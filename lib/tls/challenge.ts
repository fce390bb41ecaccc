import type { Problem } from '../core/problem.ts';
import { Schema } from '../core/schema.ts';

/** How a CA is answered that wants to see whether a name is ours (RFC 8555 8.3, RFC 8737). */
export type ChallengeDocument =
  | { readonly type: 'http-01'; readonly token: string; readonly answer: string }
  /** `certificate` and `key`: PEM, made for this one question. */
  | { readonly type: 'tls-alpn-01'; readonly host: string; readonly certificate: string; readonly key: string };

const text = { type: 'string', minLength: 1, maxLength: 20_000 } as const;
const variants = [
  [
    'http-01',
    { token: { ...text, pattern: '^[A-Za-z0-9_-]{1,256}$' }, answer: { ...text, pattern: '^[A-Za-z0-9._-]+$' } },
  ],
  ['tls-alpn-01', { host: text, certificate: text, key: text }],
] as const;

const schemas = new Map<unknown, Schema>(
  variants.map(([type, properties]) => [
    type,
    new Schema({
      type: 'object',
      properties: { type: { const: type }, ...properties },
      required: ['type', ...Object.keys(properties)],
      additionalProperties: false,
    }),
  ]),
);

/** Checks a document, parsed JSON. */
export function checkChallenge(document: unknown): readonly Problem[] {
  const type = typeof document === 'object' && document !== null && 'type' in document ? document.type : undefined;
  const schema = schemas.get(type);
  return schema === undefined
    ? [{ at: '/type', msg: 'is not one of http-01, tls-alpn-01' }]
    : schema.complete(document);
}
