import { isCidr } from '../lib/core/cidr.ts';
import type { ExplainRequest } from '../lib/core/explanation.ts';
import type { Problem } from '../lib/routing/rule.ts';
import { readTls } from './asked-tls.ts';
import { pointer } from './resource.ts';
import { nameOf } from './shape.ts';

/** A request as an operator describes it. */
export interface Described {
  readonly url: string;
  readonly method: string;
  /** Name and value, in order. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly client: string;
  readonly protocol: AskedProtocol;
}

/** `h1`: HTTP/1.1. `h2`: HTTP/2, in clear or, with an https URL, over TLS. */
export const ASKED_PROTOCOLS = ['h1', 'h2'] as const;
export type AskedProtocol = (typeof ASKED_PROTOCOLS)[number];

/** Something that is no description of a request, as its problems. */
export class NoRequest {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    this.problems = problems;
  }
}

/** The head that a client would send for it. What makes no sense in HTTP stays in: the answer is what it would be answered. */
export function headOf({ url, method, fields, client, protocol }: Described): ExplainRequest | NoRequest {
  const [, scheme = 'http', host = '', rest = ''] =
    /^(https?):\/\/([^/?#]*)([^#]*)(?:#.*)?$/is.exec(url) ?? (/^[/*]/.test(url) ? ['', 'http', '', url] : []);
  const problems: Problem[] = [];
  if (host === '' && rest === '')
    problems.push({ at: '/url', msg: 'must be http://HOST/PATH, https://HOST/PATH or /PATH' });
  if (BREAKS.test(url)) problems.push({ at: '/url', msg: 'has a line break' });
  if (!/^\S+$/.test(method)) problems.push({ at: '/method', msg: 'must be a method, such as GET' });
  for (const [name, value] of fields) {
    if (BREAKS.test(name + value)) problems.push({ at: pointer('headers', name), msg: 'has a line break' });
  }
  problems.push(...clientProblems(client));
  if (problems.length > 0) return new NoRequest(problems);
  const hasHost = host === '' || fields.some(([name]) => name.toLowerCase() === 'host');
  const all = hasHost ? fields : [['Host', host] as const, ...fields];
  const lines = all.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const target = rest.startsWith('/') || rest === '*' ? rest : `/${rest}`;
  return {
    head: bytesOf(`${method} ${target} HTTP/1.1\r\n${lines}\r\n`),
    client,
    secure: scheme.toLowerCase() === 'https',
    tls: null,
    stream: protocol === 'h1' ? null : streamOf([method, scheme.toLowerCase(), host, target], fields),
  };
}

/** The fields of the same request in HTTP/2 (RFC 9113 8.3.1), each character one byte. */
function streamOf(asked: readonly [string, string, string, string], fields: Described['fields']): readonly string[] {
  const [method, scheme, host, target] = asked;
  const authority = host === '' ? [] : [':authority', host];
  const pseudo = [':method', method, ':scheme', scheme, ...authority, ':path', target];
  return [...pseudo, ...fields.flatMap(([name, value]) => [name.toLowerCase(), value])].map(bytesOf);
}

/** A description in JSON: `url`, `method`, `headers`, `client`, `protocol`, `tls`, or the bytes of the whole `request` as text. */
export function readDescribed(body: unknown): ExplainRequest | NoRequest {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    return new NoRequest([{ at: '', msg: `must be an object, not ${nameOf(body)}` }]);
  }
  const given = new Map<string, unknown>(Object.entries(body));
  const problems: Problem[] = [];
  for (const name of given.keys())
    if (!MEMBERS.includes(name)) problems.push({ at: pointer(name), msg: 'is not known here' });
  for (const name of ['url', 'method', 'client', 'protocol', 'request']) {
    if (given.has(name) && typeof given.get(name) !== 'string')
      problems.push({ at: pointer(name), msg: 'must be a string' });
  }
  const text = (name: string, fallback: string): string => String(given.get(name) ?? fallback);
  const client = text('client', HERE);
  const fields = readFields(given.get('headers') ?? {}, problems);
  const tls = given.has('tls') ? readTls(given.get('tls'), problems) : null;
  if (problems.length > 0) return new NoRequest(problems);
  const protocol = ASKED_PROTOCOLS.find((one) => one === text('protocol', 'h1'));
  if (protocol === undefined)
    return new NoRequest([{ at: '/protocol', msg: `must be ${ASKED_PROTOCOLS.join(' or ')}` }]);
  const described = given.has('request')
    ? wholeRequest(text('request', ''), client, given)
    : headOf({ url: text('url', ''), method: text('method', 'GET'), fields, client, protocol });
  if (tls === null || described instanceof NoRequest) return described;
  if (!described.secure && !given.has('request'))
    return new NoRequest([{ at: '/tls', msg: 'belongs to an https URL' }]);
  return { ...described, secure: true, tls };
}

/** What counts where nobody says whose request it is. */
export const HERE = '127.0.0.1';

function wholeRequest(
  request: string,
  client: string,
  given: ReadonlyMap<string, unknown>,
): ExplainRequest | NoRequest {
  const problems = clientProblems(client);
  for (const name of ['url', 'method', 'headers', 'protocol']) {
    if (given.has(name)) problems.push({ at: pointer(name), msg: 'cannot stand beside request' });
  }
  // Without an end it would be waited for the rest.
  if (!/\r?\n\r?\n/.test(request)) problems.push({ at: '/request', msg: 'has no empty line at the end of its head' });
  return problems.length > 0
    ? new NoRequest(problems)
    : { head: bytesOf(request), client, secure: false, tls: null, stream: null };
}

/** An object of names and values, or a list of lines, in their order. */
function readFields(headers: unknown, problems: Problem[]): (readonly [string, string])[] {
  if (Array.isArray(headers)) return fieldsOf(headers, problems);
  if (typeof headers !== 'object' || headers === null) {
    const msg = `must be an object of names and values, or a list of lines such as "User-Agent: me", not ${nameOf(headers)}`;
    problems.push({ at: '/headers', msg });
    return [];
  }
  const fields: [string, string][] = [];
  for (const [name, value] of Object.entries(headers)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (typeof one === 'string') fields.push([name, one]);
      else problems.push({ at: pointer('headers', name), msg: 'must be a string or an array of strings' });
    }
  }
  return fields;
}

function fieldsOf(lines: readonly unknown[], problems: Problem[]): (readonly [string, string])[] {
  return lines.flatMap((line, i) => {
    const field = typeof line === 'string' ? fieldOf(line) : null;
    if (field === null) problems.push({ at: pointer('headers', String(i)), msg: 'must be NAME: VALUE' });
    return field === null ? [] : [field];
  });
}

/** `User-Agent: me` as name and value; null: it is no field. */
export function fieldOf(line: string): readonly [name: string, value: string] | null {
  const [, name, value = ''] = /^([^:\s]+):\s*(.*?)\s*$/s.exec(line) ?? [];
  return name === undefined ? null : [name, value];
}

function clientProblems(client: string): Problem[] {
  return (isCidr(client) && !client.includes('/')) || client === 'unix'
    ? []
    : [{ at: '/client', msg: 'must be an IP address, or unix' }];
}

/** Text as its bytes in UTF-8, each as one character. */
function bytesOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

const MEMBERS: readonly string[] = ['tls', 'url', 'method', 'headers', 'client', 'protocol', 'request'];
const BREAKS = /[\r\n]/;
