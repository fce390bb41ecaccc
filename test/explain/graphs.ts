import type { GraphDocument } from '../../lib/routing/rule.ts';
import type { Random } from '../sync/random.ts';

/** Domains' graphs, and those that they share. */
export interface RandomTable {
  readonly domains: Readonly<Record<string, GraphDocument>>;
  readonly graphs: Readonly<Record<string, GraphDocument>>;
}

/**
 * Graphs of nodes of every kind that decides by the request alone, with edges only to later nodes, some of which are missing, and only to graphs
 * behind their own. In some, requests make others, and in some there are upstreams whose replies are kept: in both at once it would be
 * chance whether one of several requests finds what another one has left.
 */
export function randomTable(random: Random): RandomTable {
  const hasRoutes = random.chance(0.5);
  const graph = (place: Partial<Place>): GraphDocument =>
    randomGraph(random, { hasRoutes, graphs: [], domains: [], isShared: false, ...place });
  return {
    domains: {
      'a.test': graph({ graphs: ['gate', 'inner'], domains: ['b.test', '*.c.test'] }),
      'b.test': graph({ graphs: ['gate', 'inner'], domains: ['*.c.test'] }),
      '*.c.test': graph({ graphs: ['inner'] }),
    },
    graphs: {
      gate: graph({ graphs: ['inner'], domains: ['*.c.test'], isShared: true }),
      inner: graph({ isShared: true }),
    },
  };
}

/** Where a graph stands. */
interface Place {
  /** Requests make others. */
  readonly hasRoutes: boolean;
  /** Graphs that it may lead to. */
  readonly graphs: readonly string[];
  readonly domains: readonly string[];
  readonly isShared: boolean;
}

function randomGraph(random: Random, place: Place): GraphDocument {
  const names = Array.from({ length: 1 + random.below(9) }, (_, i) => `n${i}`);
  const rules: (readonly [string, NodeDocument])[] = [];
  for (const [i, name] of names.entries()) {
    const later = names.slice(i + 1);
    const target = (): string | null => (later.length === 0 || random.chance(0.08) ? null : random.pick(later));
    const isEnd = later.length === 0 || random.chance(0.15);
    if (!isEnd && place.hasRoutes && random.chance(0.15)) {
      const to = `${name}-asked`;
      rules.push([name, { type: 'ask', args: { name, ...asked(random), to, next: target() } }], [to, answered(random)]);
    } else rules.push([name, isEnd ? end(random, place, target) : step(random, place, target)]);
  }
  return { init: 'n0', rules: Object.fromEntries(rules) };
}

/** Names of the upstreams that graphs send to; the last one does not exist. */
const UPSTREAMS = ['one', 'two', 'least', 'hashed', 'sticky', 'tagged', 'full', 'packed', 'nobody'] as const;

type NodeDocument = GraphDocument['rules'][string];

/** What is asked first. */
function asked(random: Random): Readonly<Record<string, unknown>> {
  return {
    ...(random.chance(0.5) && { path: random.pick(['/asked', '/users/${header.X-Beta|0}']) }),
    ...(random.chance(0.3) && { query: 'of=${host}' }),
    ...(random.chance(0.3) && { method: random.pick(['GET', 'PUT', 'HEAD']) }),
    ...(random.chance(0.3) && { headers: { 'X-Asked': '${path}' } }),
  };
}

/** Whoever is asked first says yes: what becomes of another answer nobody can tell beforehand. */
function answered(random: Random): NodeDocument {
  return random.chance(0.3)
    ? { type: 'respond', args: { json: { id: 7 } } }
    : { type: 'backend', args: { servername: random.pick(['one', 'two', 'packed']), 'X-Part': 'asked' } };
}

function end(random: Random, place: Place, target: () => string | null): NodeDocument {
  if (place.isShared && random.chance(0.5))
    return { type: 'return', args: random.chance(0.5) ? {} : { exit: random.pick(['out', 'nowhere']) } };
  if (place.domains.length > 0 && random.chance(0.2))
    return { type: 'goto', args: { domain: random.pick(place.domains) } };
  if (place.hasRoutes && random.chance(0.15)) {
    const routes = Array.from({ length: 1 + random.below(3) }, () => ({
      to: target(),
      ...(random.chance(0.5) && { path: random.pick(['/users/1', '/a', '/blog/x']) }),
      ...(random.chance(0.3) && { method: 'PUT' }),
      ...(random.chance(0.3) && { headers: { 'X-Part': 'u' } }),
    }));
    return { type: 'aggregate', args: { routes, partial: random.chance(0.5) } };
  }
  switch (random.below(8)) {
    case 0:
      return {
        type: 'redirect',
        args: { to: random.pick(['https://b.test/new', '/login?x=1']), keep_path: random.chance(0.5) },
      };
    case 1:
      return {
        type: 'respond',
        args: { status: random.pick([200, 404, 503]), body: random.pick(['', 'hello\n']), headers: { 'X-A': '1' } },
      };
    case 2:
      return random.chance(0.2) ? { type: 'close', args: {} } : { type: 'respond', args: { json: { ok: true } } };
    default:
      return { type: 'backend', args: { servername: upstream(random, place), ...more(random) } };
  }
}

function upstream(random: Random, { hasRoutes }: Place): unknown {
  if (!hasRoutes && random.chance(0.5)) return 'kept';
  const name = random.pick(UPSTREAMS);
  if (name === 'tagged') return random.pick(['tagged', 'tagged#blue', 'tagged#none']);
  return random.chance(0.1) ? { [name]: 1 } : name;
}

/** Fields that a backend sets. */
function more(random: Random): Readonly<Record<string, unknown>> {
  return random.pick([
    {},
    {},
    { 'X-Team': 'a' },
    { 'X-Tag': ['b', 'c'] },
    { 'User-Agent': 'elb' },
    { Host: 'inner.test' },
  ]);
}

function step(random: Random, place: Place, target: () => string | null): NodeDocument {
  const two = { succ: target(), fail: target() };
  switch (random.below(18)) {
    case 11:
      return { type: 'mirror', args: { upstream: random.pick(['copied', 'copied', 'nobody']), next: target() } };
    case 12:
    case 13:
      if (place.graphs.length === 0) break;
      return {
        type: 'include',
        args: { graph: random.pick([...place.graphs, 'none']), exits: { out: target() }, next: target() },
      };
    case 14: {
      const secured = random.pick([
        { secure: true },
        { version: ['TLSv1.2'] },
        { certificate: random.pick(['none', 'shown', 'verified']) },
        { subject: { exact: 'CN=ann' } },
        { name: { suffix: '.ann.test' }, version: ['TLSv1.3', 'TLSv1.2'] },
        { server_name: { exact: 'a.test' } },
        { alpn: { exact: 'http/1.1' } },
      ]);
      return { type: 'tls', args: { ...secured, ...two } };
    }
    case 0:
      return { type: 'path', args: { pattern: random.pick(PREFIXES), ...two } };
    case 1:
      return {
        type: 'path',
        args: { pattern: random.pick(PATTERNS), regex: true, rewrite: random.chance(0.6), ...two },
      };
    case 2:
      return { type: 'ua', args: { pattern: random.pick(['httpie', 'curl/\\d', '^$', 'moz']), ...two } };
    case 3: {
      const on = random.pick([
        'host',
        'path',
        'method',
        'client',
        { header: 'X-Beta' },
        { cookie: 'who' },
        { query: 'x' },
      ]);
      const cases = [
        { exact: ['1', 'a.test', 'POST'], to: target() },
        { prefix: '/a', to: target() },
        { pattern: '^\\d+$', to: target() },
      ];
      return { type: 'switch', args: { on, cases, default: target() } };
    }
    case 4:
      return {
        type: 'split',
        // Requests without the value are drawn by chance: every one has a host and a client.
        args: {
          parts: [
            { weight: 1, to: target() },
            { weight: 2, to: target() },
          ],
          by: random.pick(['host', 'client', 'path']),
          seed: 's',
        },
      };
    case 5:
      return { type: 'rewrite', args: { ...random.pick(REWRITES), next: target() } };
    case 6:
      return {
        type: 'request-headers',
        args: {
          set: { 'X-Team': random.pick(['a', 'b']) },
          remove: random.pick([['X-Beta'], ['Cookie'], ['User-Agent']]),
          next: target(),
        },
      };
    case 7:
      return {
        type: 'response-headers',
        args: { set: { 'X-Sent': '1' }, remove: random.pick([['X-A'], ['Server']]), next: target() },
      };
    case 8:
      return { type: random.pick(['all', 'any']), args: { of: [question(random), question(random)], ...two } };
    case 10:
      return { type: 'fallback', args: { next: target(), to: target() } };
    case 9:
      return { type: 'not', args: { of: question(random), ...two } };
  }
  const [type = '', args = {}] = Object.entries(question(random))[0] ?? [];
  return { type, args: { ...args, ...two } };
}

function question(random: Random): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
  return random.pick([
    { header: { name: 'X-Beta', ...random.pick([{ exact: '1' }, { present: true }, { pattern: '^[0-9]' }]) } },
    { cookie: { name: 'who', ...random.pick([{ in: ['me', 'you'] }, { present: false }]) } },
    { query: { name: 'x', ...random.pick([{ exact: '1' }, { prefix: 'a' }, { present: true }]) } },
    { method: { in: ['GET', 'HEAD'] } },
    { host: { exact: 'a.test' } },
    { ip: { networks: random.pick([['127.0.0.0/8'], ['10.0.0.0/8'], ['192.0.2.0/24', '::/0']]) } },
    { size: { max: random.pick([0, 2, 100]) } },
    { ua: { pattern: 'o' } },
    { path: { pattern: '/a' } },
  ]);
}

const PREFIXES = ['/', '/a', '/blog', '/api/v1', '/%7Ea'];
const PATTERNS = ['^/blog(/.*)', '/(a.*)$', '(\\d+)', '^/api', 'x()'];
const REWRITES = [
  { strip_prefix: '/api' },
  { add_prefix: '/v2' },
  { path: '/fixed' },
  { pattern: '^/([a-z]+)/(.*)$', to: '/$2/$1' },
  { query: { set: { lang: 'en' }, remove: ['x'] } },
];
