import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { isSigned, isTimely, signatureClaim, type SignatureWords } from '../lib/auth/signed-request.ts';
import { pointerStep } from '../lib/core/problem.ts';
import { FIELD_NAME } from '../lib/routing/names.ts';
import { defineRule, type CompileContext, type Node, type RoutedRequest } from '../lib/routing/rule.ts';
import { fieldsProperty, Identity, type FieldsArg } from './identity.ts';
import { REFUSAL_PROPERTIES, refusalOf, type RefusalArgs } from './refusal.ts';
import { readTime, timeProperty } from './time-value.ts';

interface Args extends RefusalArgs {
  readonly form?: 'aws' | 'megaease' | 'body';
  readonly words?: Partial<SignatureWords>;
  readonly access_keys: Readonly<Record<string, string>>;
  readonly ttl?: string;
  readonly exclude_body?: boolean;
  readonly path_escapes?: 'once' | 'twice';
  readonly max_body?: number;
  readonly header?: string;
  readonly prefix?: string;
  readonly encoding?: 'hex' | 'base64';
  readonly fields?: FieldsArg;
}

/**
 * Lets in requests that are signed with a secret, and goes on to `next`.
 *
 *     {"type": "signature", "args": {"access_keys": {"AKID1": "wJalrXUtnFEMI"}, "ttl": "5m", "fields": {"X-Account": "key"}, "next": "api"}}
 *     {"type": "signature", "args": {"form": "body", "access_keys": {"hub": "It's a Secret to Everybody"}, "header": "X-Hub-Signature-256",
 *                                    "prefix": "sha256=", "next": "hooks"}}
 *
 * In the form `aws` the signature is that of AWS Signature Version 4, in the Authorization field or in the query of a signed URL: of method, path,
 * query, the fields that it names, Host among them, and the body. The form `megaease` is the same with other words (`X-Me-Date`,
 * `ME-HMAC-SHA256`, ...), and `words` changes single ones. `ttl` bounds how far the date of a signature may be from now (`0s`: not at all); a
 * signed URL has its own time, at most a week. With `exclude_body` the body is not part of it (`UNSIGNED-PAYLOAD`). What is signed is the path
 * as it comes to this node: put it before a `rewrite`. Escapes in it are escaped again, but by clients of S3 (`path_escapes`).
 *
 * In the form `body` the field `header` has `prefix` and the HMAC-SHA256 of the body, as web hooks have it; any of the keys may have made it.
 *
 * The body is read first, up to `max_body` bytes (413 beyond); nothing of it goes to a server before. Others go to `denied`, or are answered
 * 403. An explanation supposes that what looks signed is, where the body is part of it. Templates and limits know the key that has signed as `claim.sub`.
 */
export const signature = defineRule<Args>({
  type: 'signature',
  summary: 'Lets in requests that are signed.',
  args: {
    properties: {
      form: { enum: ['aws', 'megaease', 'body'], default: 'aws', description: 'what is signed, and how it is said' },
      words: {
        type: 'object',
        properties: Object.fromEntries(
          Object.entries(wordMeanings()).map(([name, description]) => [
            name,
            { type: 'string', minLength: 1, description },
          ]),
        ),
        additionalProperties: false,
        description: `other words than those of the form: ${Object.keys(wordMeanings())
          .map((name) => `\`${name}\``)
          .join(', ')}`,
      },
      access_keys: {
        type: 'object',
        minProperties: 1,
        additionalProperties: { type: 'string', minLength: 1 },
        description: 'secrets by the name of their key',
      },
      ttl: timeProperty('how far the date of a signature may be from now; `0s`: any time', '15m'),
      exclude_body: { type: 'boolean', default: false, description: 'whether the body is not signed' },
      path_escapes: {
        enum: ['once', 'twice'],
        default: 'twice',
        description: 'whether the path is signed as it is sent, as for S3, or escaped once more',
      },
      max_body: {
        type: 'integer',
        minimum: 0,
        maximum: 67_108_864,
        default: 1_048_576,
        description: 'largest body in bytes',
      },
      header: { type: 'string', pattern: FIELD_NAME, description: 'field with the signature of a body' },
      prefix: { type: 'string', default: '', description: 'what stands before it in that field' },
      encoding: { enum: ['hex', 'base64'], default: 'hex', description: 'how it is written there' },
      fields: fieldsProperty('`key`, the only source,'),
      ...REFUSAL_PROPERTIES,
      status: { ...REFUSAL_PROPERTIES.status, default: 403 },
    },
    required: ['access_keys'],
    additionalProperties: false,
  },
  edges: ['next', 'denied'],
  compile(args, context) {
    const { form = 'aws', fields = {}, max_body: maxBody = 1_048_576 } = args;
    const { problem } = context;
    for (const [name, source] of Object.entries(fields))
      if (source !== 'key') problem(`/fields${pointerStep(name)}`, 'is not key');
    const identity = new Identity(fields, problem);
    const refuse = refusalOf({ status: 403, ...args }, 'Signature', context);
    const next = context.edge('next');
    const signer = form === 'body' ? bodySigner(args, problem) : requestSigner(args, form, problem);

    return (request, plan) => {
      identity.strip(plan);
      if (signer.looksSigned(request)) return check();
      return refuse(plan);

      async function check(): Promise<Node | null> {
        // No body comes to an explanation.
        if (plan.isObserved && signer.needsBody) return next;
        const body = signer.needsBody ? await request.body(maxBody) : NO_BODY;
        if (typeof body === 'number') {
          plan.fault = body;
          return null;
        }
        const name = signer.signedBy(request, body);
        if (name === null || !identity.tell(plan, () => name)) return refuse(plan);
        plan.claims = { sub: name };
        return next;
      }
    };
  },
});

/** Decides by whose key a request is signed. */
interface Signer {
  readonly needsBody: boolean;
  /** Whether it is worth while to wait for the body. */
  looksSigned(request: RoutedRequest): boolean;
  /** The name of the key; null if it is signed by none. */
  signedBy(request: RoutedRequest, body: Buffer): string | null;
}

function requestSigner(args: Args, form: 'aws' | 'megaease', problem: CompileContext['problem']): Signer {
  const { access_keys: keys, ttl = '15m', exclude_body: excludesBody = false, header } = args;
  const { path_escapes: pathEscapes = 'twice' } = args;
  if (header !== undefined) problem('/header', 'is for the form body only');
  const words: SignatureWords = { ...(form === 'aws' ? AWS : MEGAEASE), ...args.words };
  const ttlMs = readTime(ttl, '/ttl', problem);
  const secrets = new Map(Object.entries(keys));
  const claimIn = (request: RoutedRequest) => {
    const claim = signatureClaim(request, words);
    return claim !== null && secrets.has(claim.keyId) && isTimely(claim, Date.now(), ttlMs) ? claim : null;
  };
  return {
    needsBody: !excludesBody,
    looksSigned: (request) => claimIn(request) !== null,
    signedBy(request, body) {
      const claim = claimIn(request);
      const bodyHash = excludesBody ? UNSIGNED : createHash('sha256').update(body).digest('hex');
      const said = request.field(words.content_sha256.toLowerCase());
      if (claim === null || (said !== null && said !== bodyHash)) return null;
      const secret = secrets.get(claim.keyId) ?? '';
      return isSigned(request, claim, { secret, bodyHash, words, pathEscapes }) ? claim.keyId : null;
    },
  };
}

function bodySigner(args: Args, problem: CompileContext['problem']): Signer {
  const { access_keys: keys, header, prefix = '', encoding = 'hex' } = args;
  if (header === undefined) problem('/header', 'is missing: it is the field with the signature of the body');
  for (const arg of ['words', 'ttl', 'exclude_body', 'path_escapes'] as const)
    if (args[arg] !== undefined) problem(`/${arg}`, 'is not for the form body');
  const lowerName = (header ?? '').toLowerCase();
  const secrets = Object.entries(keys);
  const digestIn = (request: RoutedRequest): Buffer | null => {
    const value = request.field(lowerName);
    if (value === null || !value.startsWith(prefix)) return null;
    const digest = Buffer.from(value.slice(prefix.length), encoding);
    return digest.length === SHA256_BYTES ? digest : null;
  };
  return {
    needsBody: true,
    looksSigned: (request) => digestIn(request) !== null,
    signedBy(request, body) {
      const digest = digestIn(request);
      if (digest === null) return null;
      const found = secrets.find(([, secret]) =>
        timingSafeEqual(createHmac('sha256', secret).update(body).digest(), digest),
      );
      return found?.[0] ?? null;
    },
  };
}

const AWS: SignatureWords = {
  algorithm: 'AWS4-HMAC-SHA256',
  scope_suffix: 'aws4_request',
  key_prefix: 'AWS4',
  algorithm_name: 'X-Amz-Algorithm',
  credential: 'X-Amz-Credential',
  date: 'X-Amz-Date',
  expires: 'X-Amz-Expires',
  signed_headers: 'X-Amz-SignedHeaders',
  signature: 'X-Amz-Signature',
  content_sha256: 'X-Amz-Content-Sha256',
};

const MEGAEASE: SignatureWords = {
  algorithm: 'ME-HMAC-SHA256',
  scope_suffix: 'megaease_request',
  key_prefix: 'ME',
  algorithm_name: 'X-Me-Algorithm',
  credential: 'X-Me-Credential',
  date: 'X-Me-Date',
  expires: 'X-Me-Expires',
  signed_headers: 'X-Me-SignedHeaders',
  signature: 'X-Me-Signature',
  content_sha256: 'X-Me-Content-Sha256',
};

/** A function, so that the schema above can be made before `AWS` is. */
function wordMeanings(): Readonly<Record<keyof SignatureWords, string>> {
  return {
    algorithm: 'the algorithm, first word of Authorization: `AWS4-HMAC-SHA256`',
    scope_suffix: 'last part of a scope: `aws4_request`',
    key_prefix: 'what stands before the secret: `AWS4`',
    algorithm_name: 'parameter of a signed URL with the algorithm: `X-Amz-Algorithm`',
    credential: 'parameter of a signed URL with key and scope: `X-Amz-Credential`',
    date: 'field, and parameter of a signed URL, with the time: `X-Amz-Date`',
    expires: 'parameter of a signed URL with its time in seconds: `X-Amz-Expires`',
    signed_headers: 'parameter of a signed URL with names of fields: `X-Amz-SignedHeaders`',
    signature: 'parameter of a signed URL with the signature: `X-Amz-Signature`',
    content_sha256: 'field with the digest of the body: `X-Amz-Content-Sha256`',
  };
}

const NO_BODY = Buffer.alloc(0);
const UNSIGNED = 'UNSIGNED-PAYLOAD';
const SHA256_BYTES = 32;
