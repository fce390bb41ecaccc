import { compileGraph } from '../../lib/routing/compile.ts';
import { DomainTable } from '../../lib/routing/domain-table.ts';
import type { Graph } from '../../lib/routing/graph.ts';
import { Plan } from '../../lib/routing/plan.ts';
import { walk } from '../../lib/routing/walk.ts';
import { rules } from '../../rules/index.ts';
import { TestRequest, type RequestParts } from '../routing/test-request.ts';

/**
 * Nanoseconds per walk and per domain found, median of nine runs; it prints and asserts nothing:
 * `node --enable-experimental-regexp-engine --enable-experimental-regexp-engine-on-excessive-backtracks test/bench/micro-walk.ts`
 */

const graph = graphOf({
  agent: { type: 'ua', args: { pattern: 'httpie(\\S+)$', succ: 'blog', fail: 'api' } },
  blog: { type: 'path', args: { pattern: '^/blog(/.*)$', regex: true, rewrite: true, succ: 'static', fail: 'api' } },
  static: { type: 'path', args: { pattern: '/static/', succ: 'files', fail: 'web' } },
  api: { type: 'path', args: { pattern: '/api/', succ: 'web', fail: 'web' } },
  files: { type: 'backend', args: { servername: 'files', 'X-Team': 'a' } },
  web: { type: 'backend', args: { servername: 'web' } },
});
const CHROME = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';

measureWalk('four nodes: ua, regex with rewrite, prefix, backend', 'files', {
  path: '/blog/static/a.css',
  fields: { 'user-agent': 'HTTPie/0.9.9' },
});
measureWalk('three nodes: ua of a browser, prefix, backend', 'web', {
  path: '/products/list',
  fields: { 'user-agent': CHROME },
});

const table = new DomainTable();
for (let i = 0; i < 10_000; i++) {
  for (const name of [`d${i}.test`, `*.w${i}.test`]) table.set({ name, graph, fault: 0 });
}
measure('domain of 20,000: exact', () => table.find('d77.test', '') !== null);
measure('domain of 20,000: exact, with a port', () => table.find('d77.test', '8080') !== null);
measure('domain of 20,000: wildcard', () => table.find('a.b.w77.test', '') !== null);
measure('domain of 20,000: none', () => table.find('a.b.c.example.com', '') === null);

function measureWalk(name: string, upstream: string, parts: RequestParts): void {
  const plan = new Plan();
  const request = new TestRequest(plan, parts);
  measure(name, () => {
    plan.reset();
    void walk(graph, request, plan);
    return plan.upstream === upstream;
  });
}

function measure(name: string, work: () => boolean): void {
  const rounds = 200_000;
  const times: number[] = [];
  for (let run = 0; run < 10; run++) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < rounds; i++) if (!work()) throw new Error(`${name}: went elsewhere`);
    times.push(Number(process.hrtime.bigint() - start) / rounds);
  }
  // The first run warms up.
  const median = times.slice(1).toSorted((a, b) => a - b)[4] ?? 0;
  console.log(`${name.padEnd(55)} ${median.toFixed(0).padStart(5)} ns`);
}

function graphOf(nodes: Readonly<Record<string, unknown>>): Graph {
  const { graph: compiled, problems } = compileGraph({ init: 'agent', rules: nodes }, { rules, maxNodes: 100 });
  if (compiled === null) throw new Error(JSON.stringify(problems));
  return compiled;
}
