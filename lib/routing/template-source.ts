import { cookieValue } from '../http/request-value.ts';
import type { Means } from './means.ts';
import { firstQueryValue } from './names.ts';
import { memberText } from './known-body.ts';
import type { AskedReply, Captures, Plan } from './plan.ts';
import type { RoutedRequest } from './rule.ts';

/** Where a template gets a value from. */
export interface Source {
  /** Null: there is none. */
  read(request: RoutedRequest, plan: Plan): string | null;
  /**
   * What its characters are: `bytes` of a head, characters of a `text`, parts of a `path` or a `query` in the form they have in
   * a target.
   */
  readonly form: 'bytes' | 'text' | 'path' | 'query';
  /** Whether a client cannot choose it freely: such a value may stand for the host of a URL. */
  readonly isTrusted?: true;
}

/** The source that a name means, or the reason why there is none. */
export function sourceOf(name: string, means: Means): Source | string {
  const plain = PLAIN.get(name);
  if (plain !== undefined) return plain;
  if (/^\d$/.test(name))
    return { form: 'path', read: (_request, { captures }) => captures?.match[Number(name)] ?? null };
  const dot = name.indexOf('.');
  const make = dot === -1 ? undefined : NAMED.get(name.slice(0, dot));
  const rest = name.slice(dot + 1);
  return make === undefined || rest === '' ? `has \${${name}}, which is not one of ${KNOWN}` : make(rest, means);
}

const PLAIN: ReadonlyMap<string, Source> = new Map<string, Source>(
  Object.entries<Source>({
    host: { form: 'bytes', isTrusted: true, read: ({ host }) => host },
    path: { form: 'path', read: ({ path }) => path },
    query: { form: 'query', read: ({ query }) => (query === '' ? null : query.slice(1)) },
    method: { form: 'bytes', read: ({ method }) => method },
    scheme: { form: 'bytes', isTrusted: true, read: ({ tls }) => (tls === null ? 'http' : 'https') },
    client: { form: 'bytes', read: ({ clientAddress }) => clientAddress },
    peer: { form: 'bytes', read: ({ peerAddress }) => peerAddress },
    time: { form: 'bytes', read: () => new Date().toISOString() },
  }),
);

const NAMED: ReadonlyMap<string, MakeSource> = new Map(
  Object.entries<MakeSource>({
    header: (name) => {
      const lowerName = name.toLowerCase();
      return { form: 'bytes', read: (request) => request.field(lowerName) };
    },
    cookie: (name) => ({
      form: 'bytes',
      read(request) {
        const field = request.field('cookie');
        return field === null ? null : cookieValue(field, name);
      },
    }),
    query: (name) => ({ form: 'text', read: ({ query }) => firstQueryValue(query, name) }),
    param: (name) => ({ form: 'path', read: (_request, { captures }) => captured(captures, name) }),
    claim: (name) => {
      const steps = name.split('.');
      return { form: 'text', read: (_request, { claims }) => memberText(claims, steps) };
    },
    asked: askedSource,
    cert: (name) => {
      return CERTIFICATE.get(name) ?? `has \${cert.${name}}; a certificate has ${[...CERTIFICATE.keys()].join(', ')}`;
    },
    env: (name, means) => {
      const value = means.variable(name);
      return { form: 'text', isTrusted: true, read: () => value };
    },
  }),
);

type MakeSource = (name: string, means: Means) => Source | string;

const CERTIFICATE: ReadonlyMap<string, Source> = new Map(
  Object.entries<Source>({
    subject: { form: 'text', read: ({ tls }) => tls?.certificate?.subject ?? null },
    issuer: { form: 'text', read: ({ tls }) => tls?.certificate?.issuer ?? null },
    serial: { form: 'bytes', read: ({ tls }) => tls?.certificate?.serial ?? null },
    fingerprint: { form: 'bytes', read: ({ tls }) => tls?.certificate?.fingerprint ?? null },
    names: { form: 'text', read: ({ tls }) => tls?.certificate?.names.join(', ') ?? null },
    verified: {
      form: 'bytes',
      read: ({ tls }) => (tls === null || tls.certificate === null ? null : String(tls.certificate.verified)),
    },
  }),
);

const KNOWN = [...PLAIN.keys(), '0 to 9', ...Array.from(NAMED.keys(), (kind) => `${kind}.NAME`)].join(', ');

/** What a group of that name has captured last. */
function captured(captures: Captures | null, name: string): string | null {
  for (let at = captures; at !== null; at = at.before) {
    const { groups } = at.match;
    if (groups !== undefined && groups[name] !== undefined) return groups[name];
  }
  return null;
}

/** What a route that was asked first has replied: `NAME.status`, `NAME.body`, or a member of that. */
function askedSource(rest: string, { asked: known }: Means): Source | string {
  const [name = '', part = '', ...steps] = rest.split('.');
  if (known?.has(name) === false) return `has \${asked.${rest}}, ${unasked(known)}`;
  if (part === 'status' && steps.length === 0)
    return { form: 'bytes', read: (_request, { asked }) => replyOf(asked, name)?.status.toString() ?? null };
  if (part !== 'body' || steps.includes(''))
    return `has \${asked.${rest}}; of what was asked there are asked.NAME.status, asked.NAME.body and asked.NAME.body.MEMBER`;
  if (steps.length === 0)
    return { form: 'text', read: (_request, { asked }) => replyOf(asked, name)?.body.text() ?? null };
  return { form: 'text', read: (_request, { asked }) => replyOf(asked, name)?.body.member(steps) ?? null };
}

function unasked(known: ReadonlySet<string>): string {
  const names = [...known].map((name) => JSON.stringify(name)).join(', ');
  const found = names === '' ? 'and no node of this graph asks anything' : `and nodes of this graph ask ${names} only`;
  return `${found}: add an ask node of that name; only a shared graph knows what was asked before it`;
}

function replyOf(asked: AskedReply | null, name: string): AskedReply | null {
  for (let at = asked; at !== null; at = at.before) if (at.name === name) return at;
  return null;
}
