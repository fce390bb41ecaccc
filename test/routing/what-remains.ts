// Changes documents and prints how many objects of each kind are alive: before, behind the changes, and once all domains are gone.
import { strict as assert } from 'node:assert';
import { queryObjects } from 'node:v8';
import { KeySet } from '../../lib/auth/key-set.ts';
import { Recall } from '../../lib/auth/recall.ts';
import { Verified } from '../../lib/auth/verified.ts';
import { RateTable } from '../../lib/core/rate-table.ts';
import { Edge } from '../../lib/routing/graph.ts';
import type { GraphDocument } from '../../lib/routing/rule.ts';
import { Holding } from '../../lib/routing/states.ts';
import { Guard } from '../../lib/upstream/guard.ts';
import { Counts } from '../../rules/concurrency.ts';
import { Rig } from '../fixtures/rig.ts';

const CHANGES = 10_000;
/** What nodes keep, and what graphs are made of. */
const KEPT = [Counts, Edge, Guard, Holding, KeySet, RateTable, Recall, Verified] as const;
/** A graph with nodes of all kinds that keep something, each time by other names and keys. */
function changed(i: number): GraphDocument {
  const key = i % 3 === 0 ? {} : { key: `k${i % 7}` };
  const token = `sha256:${String(i).padStart(64, '0')}`;
  return {
    init: 'limit',
    rules: {
      limit: { type: 'rate-limit', args: { limit: 1e6, per: '1s', by: 'client', next: `few${i}`, ...key } },
      [`few${i}`]: { type: 'concurrency', args: { max: 1000, by: 'path', next: 'way', ...key } },
      way: { type: 'breaker', args: { scope: i % 2 === 0 ? 'instance' : 'worker', next: 'cors', ...key } },
      cors: { type: 'cors', args: { origins: ['https://*.test'], next: 'window' } },
      window: {
        type: 'rate-limit',
        args: { limit: 1e6, per: '1s', algorithm: 'sliding-window', scope: 'instance', next: 'token', ...key },
      },
      token: { type: 'bearer', args: { tokens: { one: token }, next: 'end', denied: 'end' } },
      ...(i % 8 === 0 ? asking(i) : {}),
      end: { type: 'respond', args: { body: `${i}` } },
    },
  };
}

/** Nodes that ask others, or read files. No edge leads to them; they are compiled as all are. */
function asking(i: number): GraphDocument['rules'] {
  return {
    users: { type: 'basic', args: { file: `/none/users-${i % 5}`, next: 'end' } },
    jwt: { type: 'jwt', args: { jwks_url: `http://127.0.0.1:1/${i % 11}`, next: 'end' } },
    asked: { type: 'introspect', args: { url: `http://127.0.0.1:1/${i}`, next: 'end' } },
    [`auth${i % 4}`]: { type: 'forward-auth', args: { url: 'http://127.0.0.1:1/', cache: '1m', next: 'end' } },
    oidc: {
      type: 'oidc',
      args: {
        issuer: 'https://id.test',
        client_id: 'elb',
        client_secret: 's',
        cookie_secret: 'x'.repeat(32),
        next: 'end',
      },
    },
  };
}

const alive = (): Record<string, number> =>
  Object.fromEntries(KEPT.map((one) => [one.name, queryObjects(one, { format: 'count' })]));

const rig = new Rig();
const { plane, port } = await rig.plane({});
/** By a connection of its own: changes keep the loop for longer than one is kept. */
const asked = async (request: string, answer: RegExp): Promise<string> => {
  const client = await rig.client(port);
  client.write(request);
  return client.until(answer);
};
await asked('GET / HTTP/1.1\r\nHost: 0.test\r\n\r\n', / 404 /);
const before = alive();
for (let i = 0; i < CHANGES; i++) {
  const name = `${i % 4}.test`;
  plane.apply([{ kind: 'domain', name, document: JSON.stringify(changed(i)) }], true);
  if (i % 250 !== 0) continue;
  // Each is answered by the document of this moment.
  const reply = await asked(`GET / HTTP/1.1\r\nHost: ${name}\r\nOrigin: https://a.test\r\n\r\n`, /\r\n\r\n\d+$/);
  assert.match(reply, new RegExp(`\r\n\r\n${i}$`));
}
const changedAlive = alive();
plane.apply(
  [0, 1, 2, 3].map((i) => ({ kind: 'domain', name: `${i}.test`, document: null })),
  true,
);
// The exchange has served a request since, and holds no graph any more.
await asked('GET / HTTP/1.1\r\nHost: 0.test\r\n\r\n', / 404 /);
process.stdout.write(JSON.stringify({ before, changed: changedAlive, after: alive() }));
process.exit(0);
