import { createHash } from 'node:crypto';
import { SignJWT } from 'jose';
import { Plan } from '../../lib/routing/plan.ts';
import type { Rule } from '../../lib/routing/rule.ts';
import { basic } from '../../rules/basic.ts';
import { bearer } from '../../rules/bearer.ts';
import { breaker } from '../../rules/breaker.ts';
import { fallback } from '../../rules/fallback.ts';
import { hedge } from '../../rules/hedge.ts';
import { jwt } from '../../rules/jwt.ts';
import { key } from '../../rules/key.ts';
import { mirror } from '../../rules/mirror.ts';
import { mtls } from '../../rules/mtls.ts';
import { retry } from '../../rules/retry.ts';
import { timeout } from '../../rules/timeout.ts';
import { TestRequest, type RequestParts } from '../routing/test-request.ts';
import { compileNode } from '../rules/contract.ts';

/**
 * Nanoseconds per decision of single nodes, median of nine runs; what a node remembers, it remembers here:
 * `npm run bench:micro -- nodes`. It prints and asserts nothing.
 */

// The thread that hashes keeps no process from its end, also where it is awaited.
const alive = setInterval(() => undefined, 1000);
const digest = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;
const secret = 'x'.repeat(32);
const token = await new SignJWT({ sub: 'ann', roles: ['a'] })
  .setProtectedHeader({ alg: 'HS256' })
  .setExpirationTime('1h')
  .sign(Buffer.from(secret));
const authorization = (value: string): RequestParts => ({
  fields: { host: 'a.test', accept: '*/*', authorization: value },
});

await measure('timeout', timeout, { request: '1s' });
await measure('retry', retry, { tries: 2 });
await measure('hedge', hedge, { after: '1s' });
await measure('breaker', breaker, {});
await measure('fallback', fallback, {});
await measure('mirror, of which none is drawn', mirror, { upstream: 'x', share: 0 });
await measure('key', key, { keys: { a: digest('secret') } }, { fields: { 'x-api-key': 'secret' } });
await measure('bearer', bearer, { tokens: { a: digest('secret') } }, authorization('Bearer secret'));
await measure(
  'basic, a password that was right before',
  basic,
  { users: { ann: '{SHA}W8r/fyL/UzygmbNAjq2HbA67qac=' } },
  authorization(`Basic ${Buffer.from('ann:open sesame').toString('base64')}`),
);
await measure(
  'jwt, a token that was good before',
  jwt,
  { secret, fields: { 'X-User': 'sub' } },
  authorization(`Bearer ${token}`),
);
await measure('mtls, without a certificate', mtls, {}, {}, null);
clearInterval(alive);

async function measure(
  name: string,
  rule: Rule,
  args: Record<string, unknown>,
  parts: RequestParts = {},
  edge: string | null = 'next',
): Promise<void> {
  const node = compileNode(rule, args);
  const plan = new Plan();
  const request = new TestRequest(plan, parts);
  // What has to be found out is found out now.
  const first = await node.decide(request, plan);
  if ((first?.name ?? null) !== edge) throw new Error(`${name}: went to ${String(first?.name)}`);
  const rounds = 50_000;
  const times: number[] = [];
  for (let run = 0; run < 10; run++) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < rounds; i++) {
      plan.reset();
      void node.decide(request, plan);
    }
    times.push(Number(process.hrtime.bigint() - start) / rounds);
  }
  // The first run warms up.
  const [, ...warm] = times;
  const median = warm.toSorted((a, b) => a - b)[4] ?? 0;
  console.log(`${name.padEnd(48)} ${median.toFixed(0).padStart(6)} ns`);
}
