import { pointerStep } from '../lib/core/problem.ts';
import { defineMatcher } from '../lib/routing/matcher.ts';
import type { Test } from '../lib/routing/rule.ts';
import { TEXT_PROPERTIES, textTest, type TextArgs } from '../lib/routing/text-test.ts';

interface Args {
  readonly secure?: boolean;
  readonly version?: readonly string[];
  readonly server_name?: TextArgs;
  readonly alpn?: TextArgs;
  readonly certificate?: 'none' | 'shown' | 'verified';
  readonly subject?: TextArgs;
  readonly issuer?: TextArgs;
  readonly serial?: TextArgs;
  readonly fingerprint?: TextArgs;
  readonly name?: TextArgs;
}

/**
 * Asks about the client's TLS connection, and about the certificate that the client has shown. All that is given has to hold; a connection
 * in clear fits `"secure": false` only.
 *
 *     {"type": "tls", "args": {"secure": true, "succ": "web", "fail": "to-https"}}
 *     {"type": "tls", "args": {"certificate": "verified", "name": {"suffix": ".partners.test"}, "succ": "partners", "fail": "public"}}
 *
 * `server_name` is the name that the client asked for in its handshake (SNI), in lower case. `certificate` is `none` (nothing was shown),
 * `shown` (something was, whether or not it leads to a certificate that the domain trusts), or `verified`. `subject`, `issuer`, `serial`,
 * `fingerprint` (SHA-256, hexadecimal digits in lower case) and `name` (any of `DNS:a.test`, `URI:spiffe://...`, with or without its kind) are
 * of a verified certificate: of one that nobody vouches for they fit nothing.
 */
export const tls = defineMatcher<Args>({
  type: 'tls',
  summary: 'Goes by the TLS connection and the certificate of the client.',
  args: {
    properties: {
      secure: { type: 'boolean', description: 'the connection is encrypted, or it is not' },
      version: {
        type: 'array',
        items: { enum: ['TLSv1.2', 'TLSv1.3'] },
        minItems: 1,
        description: 'versions of TLS, one of which is in use',
      },
      server_name: text('the name that was asked for in the handshake (SNI)'),
      alpn: text('the protocol that was agreed on: `http/1.1`, `h2`'),
      certificate: { enum: ['none', 'shown', 'verified'], description: 'what the client has shown' },
      subject: text('subject of the certificate (RFC 4514)'),
      issuer: text('issuer of the certificate (RFC 4514)'),
      serial: text('serial number of the certificate, in hexadecimal digits'),
      fingerprint: text('SHA-256 of the certificate, 64 hexadecimal digits'),
      name: text('one of the names that the certificate is for'),
    },
    minProperties: 1,
    additionalProperties: false,
  },
  test(args, { problem }) {
    const tests: Test[] = [];
    const { secure, version, certificate: shown } = args;
    if (secure !== undefined) tests.push((request) => (request.tls !== null) === secure);
    if (version !== undefined) tests.push((request) => request.tls !== null && version.includes(request.tls.version));
    if (shown !== undefined) tests.push(byCertificate(shown));
    const asked = Object.keys(READERS).filter((name): name is keyof typeof READERS => Object.hasOwn(args, name));
    for (const name of asked) {
      const fits = textTest(args[name] ?? {}, (at, msg) => problem(pointerStep(name) + at, msg));
      const read = READERS[name];
      tests.push((request) => {
        const values = request.tls === null ? null : read(request.tls);
        return values !== null && (values.length === 0 ? fits(null) : values.some(fits));
      });
    }
    if (tests.length === 0) problem('', 'asks nothing');
    return (request) => tests.every((fits) => fits(request));
  },
});

type Facts = NonNullable<Parameters<Test>[0]['tls']>;

/** What is asked of a connection by name: its values, or null where nothing fits. */
const READERS = {
  server_name: ({ serverName }: Facts) => (serverName === '' ? [] : [serverName]),
  alpn: ({ alpn }: Facts) => (alpn === '' ? [] : [alpn]),
  subject: (facts: Facts) => trusted(facts, ({ subject }) => [subject]),
  issuer: (facts: Facts) => trusted(facts, ({ issuer }) => [issuer]),
  serial: (facts: Facts) => trusted(facts, ({ serial }) => [serial]),
  fingerprint: (facts: Facts) => trusted(facts, ({ fingerprint }) => [fingerprint]),
  name: (facts: Facts) =>
    trusted(facts, ({ names }) => names.flatMap((name) => [name, name.slice(name.indexOf(':') + 1)])),
} as const;

function trusted(
  { certificate }: Facts,
  read: (certificate: NonNullable<Facts['certificate']>) => readonly string[],
): readonly string[] | null {
  return certificate === null || !certificate.verified ? null : read(certificate);
}

function byCertificate(wanted: 'none' | 'shown' | 'verified'): Test {
  return ({ tls: facts }) => {
    if (facts === null) return false;
    if (wanted === 'none') return facts.certificate === null;
    return facts.certificate !== null && (wanted === 'shown' || facts.certificate.verified);
  };
}

function text(description: string): Readonly<Record<string, unknown>> {
  return { type: 'object', properties: TEXT_PROPERTIES, additionalProperties: false, description };
}
