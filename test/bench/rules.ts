import { hash } from 'node:crypto';
import { SignJWT } from 'jose';
import { parseRequestHead } from '../../lib/http/parse-request.ts';
import { Wheel } from '../../lib/core/wheel.ts';
import { Head } from '../../lib/http/head.ts';
import { readTarget, Target } from '../../lib/http/target.ts';
import { RoutedHead } from '../../lib/exchange/routed-head.ts';
import { IDLE_MEANS, type Means } from '../../lib/routing/means.ts';
import { Plan } from '../../lib/routing/plan.ts';
import type { CompileContext, Rule } from '../../lib/routing/rule.ts';
import { States } from '../../lib/routing/states.ts';
import { rules } from '../../rules/index.ts';
import { examples } from '../rules/examples.ts';

/**
 * What each rule costs a request: the first worked example of its page, decided over and over for one request of a browser, twelve runs
 * after one that warms up, of which the lower quartile is told, since all else that a machine does only adds to it; and once more for a client that is let in, where that browser is not. Nodes that wait for something are told apart: they cost a turn of the loop besides.
 * It prints and asserts nothing: `npm run bench:rules`.
 */

const FIELDS: Readonly<Record<string, string>> = {
  Host: 'shop.test',
  'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
  Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'Accept-Encoding': 'gzip, deflate, br',
  Cookie: 'session=0123456789abcdef; canary=always; user=ann',
  'Content-Type': 'application/json',
  'Content-Length': '14',
  'X-Api-Key': 'k-123456',
  Authorization: 'Bearer t-123456',
  Origin: 'https://shop.test',
  'Sec-Fetch-Site': 'same-origin',
};
const BODY = Buffer.from('{"name":"ann"}');
const CALLS = 100_000;
const WAITING_CALLS = 3000;

/** What a known client sends, where the first example of a page lets nobody in who sends `FIELDS`. */
interface Known {
  readonly args: Readonly<Record<string, unknown>>;
  readonly fields?: Readonly<Record<string, string>>;
}

const TOKEN = await new SignJWT({
  sub: 'ann',
  aud: 'shop',
  roles: ['a', 'b'],
  exp: Math.floor(Date.now() / 1000) + 3600,
})
  .setProtectedHeader({ alg: 'HS256' })
  .sign(Buffer.from('0123456789abcdef0123456789abcdef'));
const SECRET = 'v1.3f786850e387550fdab836ed7e6dc881de23001b';
const SECRETS = { other: digest('other'), shop: digest(SECRET) };

const KNOWN: Readonly<Record<string, Known>> = {
  basic: {
    args: { users: { ann: '{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=' }, fields: { 'X-User': 'user' } },
    fields: { Authorization: `Basic ${Buffer.from('ann:secret').toString('base64')}` },
  },
  bearer: { args: { tokens: SECRETS, fields: { 'X-Client': 'name' } }, fields: { Authorization: `Bearer ${SECRET}` } },
  key: { args: { keys: SECRETS, fields: { 'X-Consumer': 'name' } }, fields: { 'X-Api-Key': SECRET } },
  jwt: {
    args: {
      secret: '0123456789abcdef0123456789abcdef',
      require: { roles: ['a'] },
      fields: { 'X-User': 'sub', 'X-Roles': 'roles' },
    },
    fields: { Authorization: `Bearer ${TOKEN}` },
  },
  sso: {
    args: {
      login: 'https://login.test',
      origin: 'https://shop.test',
      audience: 'shop',
      secret: '0123456789abcdef0123456789abcdef',
      fields: { 'X-User': 'sub' },
    },
    fields: { Cookie: `auth=${TOKEN}` },
  },
  introspect: {
    args: { url: 'http://id.test/', fields: { 'X-User': 'sub' } },
    fields: { Authorization: 'Bearer 2YotnFZFEjr1zCsicMWpAA' },
  },
  'rate-limit': { args: { limit: 1e9, per: '1s', by: 'client' } },
  'ip-filter': { args: { allow: ['192.0.2.0/24', '2001:db8::/32'], deny: ['192.0.2.128/25'] } },
  cors: { args: { origins: ['https://*.test'], credentials: true, expose: ['X-Request-Id'] } },
};

const ACTIVE = {
  status: 200,
  fields: new Map<string, readonly string[]>(),
  body: Buffer.from('{"active":true,"sub":"ann"}'),
};
const wheel = new Wheel();
wheel.start();
const means: Means = {
  ...IDLE_MEANS,
  isUsable: () => true,
  now: () => performance.now(),
  coarseNow: () => wheel.now,
  caller: { call: () => Promise.resolve(ACTIVE) },
};

const first = new Map(
  examples()
    .toReversed()
    .map((example) => [example.type, example]),
);
// What hashes passwords does so beside this, and keeps no process from its end.
const waiting = setInterval(() => undefined, 60_000);
const rows: Row[] = [];
for (const [type, rule] of rules) {
  const example = first.get(type);
  if (example === undefined || type === 'aggregate') continue;
  rows.push(rowOf(`\`${type}\``, rule, example.args, FIELDS));
  const known = KNOWN[type];
  if (known !== undefined) rows.push(rowOf(`\`${type}\`, let in`, rule, known.args, { ...FIELDS, ...known.fields }));
}
// All of them once more and again: a machine that is slow for a moment is so for one run of each.
for (let run = 0; run < 13; run++)
  // One after the other, or each would measure the others.
  // oxlint-disable-next-line no-await-in-loop
  for (const row of rows) row.ns.push(await row.run());
console.log('| rule | ns per request |\n| --- | ---: |');
for (const { name, ns, waits } of rows) {
  const quarter = ns.slice(1).toSorted((a, b) => a - b)[2] ?? 0;
  console.log(`| ${name} | ${quarter.toFixed(0)}${waits() ? ', waits' : ''} |`);
}
clearInterval(waiting);
wheel.stop();

function digest(secret: string): string {
  return `sha256:${hash('sha256', secret)}`;
}

function routed(fields: Readonly<Record<string, string>>, plan: Plan): RoutedHead {
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  const bytes = Buffer.from(`POST /api/users/7?version=2&utm_source=x HTTP/1.1\r\n${lines.join('')}\r\n`);
  const head = new Head(128);
  const target = new Target();
  if (parseRequestHead(head, bytes, 0, bytes.length, { maxHeadBytes: 65_536, maxFields: 128 }) < 0)
    throw new Error('head');
  if (readTarget(head, target, false) !== 0) throw new Error('target');
  return new RoutedHead(head, target, plan);
}

interface Row {
  readonly name: string;
  readonly ns: number[];
  /** Nanoseconds per request, of many. */
  run(): Promise<number>;
  waits(): boolean;
}

function rowOf(
  name: string,
  rule: Rule,
  args: Readonly<Record<string, unknown>>,
  fields: Readonly<Record<string, string>>,
): Row {
  const plan = new Plan();
  const request = routed(fields, plan);
  request.clientAddress = '192.0.2.7';
  request.peerAddress = '192.0.2.7';
  request.source = {
    gather: () => Promise.resolve(BODY),
    branch: () => Promise.reject(new Error('asks other servers')),
  };
  const holding = new States().holding(name);
  const problems: string[] = [];
  const context: CompileContext = {
    name: 'bench',
    home: 'bench',
    rules,
    means,
    depth: 0,
    edge: (edge) => ({ name: edge, decide: () => null }),
    state: (kind, key, make) => holding.take(kind, key, 'bench', make),
    problem: (at, msg) => problems.push(`${at}: ${msg}`),
  };
  const decide = rule.compile(args, context);
  if (problems.length > 0) throw new Error(`the example of ${name} is wrong: ${problems.join(', ')}`);
  let waits = false;
  return { name, ns: [], run, waits: () => waits };

  async function run(): Promise<number> {
    // What is found out for the first request is known for the next.
    await decide(request, plan);
    waits = decide(request, plan) instanceof Promise;
    const calls = waits ? WAITING_CALLS : CALLS;
    const start = process.hrtime.bigint();
    for (let i = 0; i < calls; i++) {
      const next = decide(request, plan);
      // Each waits for the one before, as a request waits for itself.
      // oxlint-disable-next-line no-await-in-loop
      if (next instanceof Promise) await next;
      plan.end(200);
      plan.reset();
    }
    return Number(process.hrtime.bigint() - start) / calls;
  }
}
