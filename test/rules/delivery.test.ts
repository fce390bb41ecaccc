import { expect } from 'chai';
import { RetryOn, type DeliveryPolicy } from '../../lib/core/delivery-policy.ts';
import { Plan } from '../../lib/routing/plan.ts';
import type { GraphDocument, Rule } from '../../lib/routing/rule.ts';
import { DEFAULT_OPTIONS } from '../../lib/upstream/options/index.ts';
import { policyOf } from '../../lib/upstream/setup.ts';
import { hedge } from '../../rules/hedge.ts';
import { retry } from '../../rules/retry.ts';
import { timeout } from '../../rules/timeout.ts';
import { answering, LIMITS } from '../fixtures/plane.ts';
import { Rig } from '../fixtures/rig.ts';
import { OK, SERVERS } from '../peers/servers.ts';
import { compileNode, decide, problemsOf, ruleContract } from './contract.ts';

const USUAL = policyOf(DEFAULT_OPTIONS, LIMITS);

/** What some args of a rule change in the usual policy. */
function changed(rule: Rule, args: Record<string, unknown>, plan = new Plan()): Partial<DeliveryPolicy> {
  const { edge } = decide(compileNode(rule, args), {}, plan);
  expect(edge).to.equal('next');
  const policy = plan.policy?.over(USUAL) ?? USUAL;
  return Object.fromEntries(
    Object.entries(policy).filter(([name, value]) => value !== USUAL[name as keyof DeliveryPolicy]),
  );
}

const bad: readonly (readonly [rule: Rule, args: Record<string, unknown>, at: string])[] = [
  [timeout, {}, ''],
  [timeout, { request: '1 s' }, '/request'],
  [timeout, { request: -1 }, '/request'],
  [timeout, { read: '0s' }, '/read'],
  [timeout, { total: '1s' }, '/total'],
  [retry, { tries: 0 }, '/tries'],
  [retry, { on: ['status'] }, '/on/0'],
  [retry, { statuses: [200] }, '/statuses/0'],
  [retry, { backoff: 'soon' }, '/backoff'],
  [retry, { replay: -1 }, '/replay'],
  [hedge, {}, ''],
  [hedge, { after: '' }, '/after'],
];

describe('rule timeout', () => {
  ruleContract(timeout, [
    { request: '500ms' },
    { connect: '1s', send: '2s', first_byte: '3s', read: '4s', tunnel: '1m' },
  ]);

  it('changes the times it names, and no others', () => {
    expect(changed(timeout, { request: '500ms' })).to.deep.equal({ requestMs: 500 });
    expect(changed(timeout, { connect: '1s', send: '2s', first_byte: '3s', read: '4s', tunnel: '1m' })).to.deep.equal({
      connectMs: 1000,
      sendMs: 2000,
      firstByteMs: 3000,
      readMs: 4000,
      tunnelIdleMs: 60_000,
    });
  });

  it('counts for what the nodes before said of the same time only', () => {
    const plan = new Plan();
    changed(timeout, { request: '1s', read: '1s' }, plan);
    expect(changed(timeout, { request: '2s' }, plan)).to.deep.equal({ requestMs: 2000, readMs: 1000 });
  });
});

describe('rule retry', () => {
  ruleContract(retry, [{}, { tries: 5, on: ['connect'], statuses: [503], backoff: '10ms', same_server: true }]);

  it('changes what it names, and nothing else', () => {
    expect(changed(retry, {})).to.deep.equal({});
    const all = {
      tries: 5,
      on: ['connect', 'closed'],
      statuses: [503],
      non_idempotent: true,
      same_server: true,
      try_timeout: '1s',
      backoff: '10ms',
      max_backoff: '20ms',
      replay: 0,
    };
    expect(changed(retry, all)).to.deep.equal({
      tries: 5,
      retryOn: RetryOn.CONNECT | RetryOn.CLOSED,
      statuses: new Set([503]),
      nonIdempotent: true,
      sameServer: true,
      tryMs: 1000,
      backoffMs: 10,
      maxBackoffMs: 20,
      replayBytes: 0,
    });
  });
});

describe('rule hedge', () => {
  ruleContract(hedge, [{ after: '200ms' }, { after: '0s' }]);

  it('says when the second server is asked', () => {
    expect(changed(hedge, { after: '200ms' })).to.deep.equal({ hedgeMs: 200 });
  });
});

describe('bad args of timeout, retry and hedge', () => {
  for (const [rule, args, at] of bad) {
    it(`${rule.type} refuses ${JSON.stringify(args)}`, () => {
      expect(problemsOf(rule, args).map((problem) => problem.at)).to.deep.equal([at]);
    });
  }
});

describe('delivery as nodes say it', () => {
  const rig = new Rig();
  afterEach(() => rig.stop());

  const through = (type: string, args: Record<string, unknown>) => ({
    init: 'how',
    rules: {
      how: { type, args: { ...args, next: 'up' } },
      up: { type: 'backend', args: { servername: 'up' } },
    },
  });

  async function ask(port: number, host: string): Promise<string> {
    const client = await rig.client(port);
    client.write(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    return (await client.until(/\r\n\r\n/)).slice(9, 12);
  }

  it('a reply that takes longer than its time is given up, its request cancelled, and only there', async () => {
    const silent = await rig.serve(SERVERS.neverAnswers);
    const { port } = await rig.plane({
      domains: { 'a.test': through('timeout', { request: '100ms' }) },
      upstreams: { up: [silent.port] },
    });
    expect(await ask(port, 'a.test')).to.equal('504');
    await silent.connections[0]?.untilEnd();
  });

  it('500, 500 and 200 is 200 after three tries, with the waits between them', async () => {
    const at: number[] = [];
    const flaky = await rig.serve((connection, index) => {
      at.push(performance.now());
      answering(index < 2 ? 'HTTP/1.1 500 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n' : OK)(connection);
    });
    const { port } = await rig.plane({
      domains: {
        'a.test': through('retry', { tries: 3, statuses: [500], same_server: true, backoff: '40ms' }),
        'b.test': through('retry', { tries: 1 }),
      },
      upstreams: { up: [{ port: flaky.port, maxFails: 0 }] },
    });
    expect(await ask(port, 'a.test')).to.equal('200');
    expect(at).to.have.length(3);
  });

  it('clients are told how often a server was asked, where a node says so: of replies, failures, and answers without a server', async () => {
    const empty = (status: string): string => `HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`;
    const flaky = await rig.serve((connection, index) => {
      answering(index < 2 ? empty('500 X').replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n') : OK)(connection);
    });
    const broken = await rig.serve(SERVERS.closesOnRequest);
    const told = (servername: string, next = 'how'): GraphDocument => ({
      init: 'told',
      rules: {
        told: { type: 'response-headers', args: { set: { 'X-Tries': 'after ${reply.tries} of 3' }, next } },
        how: { type: 'retry', args: { tries: 3, statuses: [500], same_server: true, next: 'up' } },
        up: { type: 'backend', args: { servername } },
        own: { type: 'respond', args: { status: 204 } },
      },
    });
    const { port } = await rig.plane({
      domains: {
        'flaky.test': told('flaky'),
        'broken.test': told('broken'),
        'none.test': told('none'),
        'own.test': told('flaky', 'own'),
      },
      upstreams: {
        flaky: [{ port: flaky.port, maxFails: 0 }],
        broken: [{ port: broken.port, maxFails: 0 }],
      },
    });
    const tries = async (host: string): Promise<readonly (string | undefined)[]> => {
      const client = await rig.client(port);
      client.write(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      const head = await client.until(/\r\n\r\n/);
      return [head.slice(9, 12), /\r\nX-Tries: (.*)\r\n/.exec(head)?.[1]];
    };
    expect(await tries('flaky.test')).to.deep.equal(['200', 'after 3 of 3']);
    expect(await tries('flaky.test')).to.deep.equal(['200', 'after 1 of 3']);
    expect(await tries('broken.test')).to.deep.equal(['502', 'after 3 of 3']);
    expect(await tries('none.test')).to.deep.equal(['502', 'after 0 of 3']);
    expect(await tries('own.test')).to.deep.equal(['204', 'after 0 of 3']);
  });

  it('one try is one try', async () => {
    const broken = await rig.serve(SERVERS.closesOnRequest);
    const good = await rig.serve(answering(OK));
    const { port } = await rig.plane({
      domains: { 'a.test': through('retry', { tries: 1 }) },
      upstreams: { up: [broken.port, { port: good.port, backup: true }] },
    });
    expect(await ask(port, 'a.test')).to.equal('502');
  });

  it('the second server answers where the first one is slow', async () => {
    const slow = await rig.serve(SERVERS.neverAnswers);
    const good = await rig.serve(answering(OK));
    const { port } = await rig.plane({
      domains: { 'a.test': through('hedge', { after: '30ms' }) },
      upstreams: { up: [slow.port, { port: good.port, backup: true }] },
    });
    expect(await ask(port, 'a.test')).to.equal('200');
    expect(slow.connections).to.have.length(1);
  });
});
