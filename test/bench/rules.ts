import { parseRequestHead } from '../../lib/http/parse-request.ts';
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
 * What each rule costs a request: the first worked example of its page, decided over and over for one request of a browser, nine runs
 * after one that warms up, of which the median is told. Nodes that wait for something are told apart: they cost a turn of the loop besides.
 * It prints and asserts nothing: `npm run bench:rules`.
 */

const HEAD = [
  'POST /api/users/7?version=2&utm_source=x HTTP/1.1',
  'Host: shop.test',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'Accept-Encoding: gzip, deflate, br',
  'Cookie: session=0123456789abcdef; canary=always; user=ann',
  'Content-Type: application/json',
  'Content-Length: 14',
  'X-Api-Key: k-123456',
  'Authorization: Bearer t-123456',
  'Origin: https://shop.test',
  'Sec-Fetch-Site: same-origin',
  '',
  '',
].join('\r\n');
const BODY = Buffer.from('{"name":"ann"}');
const CALLS = 100_000;
const WAITING_CALLS = 3000;

const means: Means = { ...IDLE_MEANS, isUsable: () => true, now: () => performance.now() };
const head = new Head(128);
const target = new Target();
const bytes = Buffer.from(HEAD);
if (parseRequestHead(head, bytes, 0, bytes.length, { maxHeadBytes: 65_536, maxFields: 128 }) < 0)
  throw new Error('head');
if (readTarget(head, target, false) !== 0) throw new Error('target');

const first = new Map(
  examples()
    .toReversed()
    .map((example) => [example.type, example]),
);
console.log('| rule | ns per request |\n| --- | ---: |');
for (const [type, rule] of rules) {
  const example = first.get(type);
  if (example === undefined) continue;
  const cost = type === 'aggregate' ? 'asks servers' : await costOf(rule, example.args);
  console.log(`| \`${type}\` | ${cost} |`);
}

async function costOf(rule: Rule, args: Readonly<Record<string, unknown>>): Promise<string> {
  const plan = new Plan();
  const request = new RoutedHead(head, target, plan);
  request.clientAddress = '192.0.2.7';
  request.peerAddress = '192.0.2.7';
  request.source = {
    gather: () => Promise.resolve(BODY),
    branch: () => Promise.reject(new Error('asks other servers')),
  };
  const holding = new States().holding('bench');
  const problems: string[] = [];
  const context: CompileContext = {
    name: 'bench',
    home: 'bench',
    rules,
    means,
    depth: 0,
    edge: (name) => ({ name, decide: () => null }),
    state: (kind, key, make) => holding.take(kind, key, 'bench', make),
    problem: (at, msg) => problems.push(`${at}: ${msg}`),
  };
  const decide = rule.compile(args, context);
  if (problems.length > 0) return `the example is wrong: ${problems.join(', ')}`;
  const waits = decide(request, plan) instanceof Promise;
  const times: number[] = [];
  for (let run = 0; run < 10; run++) {
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
    times.push(Number(process.hrtime.bigint() - start) / calls);
  }
  const median = times.slice(1).toSorted((a, b) => a - b)[4] ?? 0;
  return `${median.toFixed(0)}${waits ? ', waits' : ''}`;
}
