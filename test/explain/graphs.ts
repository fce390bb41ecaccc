import type { GraphDocument } from '../../lib/routing/rule.ts';
import type { Random } from '../sync/random.ts';

/** A graph of nodes of every kind that decides by the request alone, with edges only to later nodes, some of which are missing. */
export function randomGraph(random: Random): GraphDocument {
  const names = Array.from({ length: 1 + random.below(9) }, (_, i) => `n${i}`);
  const rules = names.map((name, i) => {
    const later = names.slice(i + 1);
    const target = (): string | null => (later.length === 0 || random.chance(0.08) ? null : random.pick(later));
    return [name, later.length === 0 || random.chance(0.15) ? end(random) : step(random, target)] as const;
  });
  return { init: 'n0', rules: Object.fromEntries(rules) };
}

/** Names of the upstreams that graphs send to; the last one does not exist. */
export const UPSTREAMS = ['one', 'two', 'least', 'hashed', 'sticky', 'tagged', 'full', 'nobody'] as const;

type NodeDocument = GraphDocument['rules'][string];

function end(random: Random): NodeDocument {
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
      return { type: 'backend', args: { servername: upstream(random), ...more(random) } };
  }
}

function upstream(random: Random): unknown {
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

function step(random: Random, target: () => string | null): NodeDocument {
  const two = { succ: target(), fail: target() };
  switch (random.below(14)) {
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
    default: {
      const [type = '', args = {}] = Object.entries(question(random))[0] ?? [];
      return { type, args: { ...args, ...two } };
    }
  }
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
