import { expect } from 'chai';
import { RetryOn, type DeliveryPolicy } from '../../lib/core/delivery-policy.ts';
import { PolicyEdit } from '../../lib/core/policy-edit.ts';
import { defineRule } from '../../lib/routing/rule.ts';
import { rules } from '../../rules/index.ts';
import { DEFAULT_OPTIONS } from '../../lib/upstream/options/index.ts';
import { policyOf } from '../../lib/upstream/setup.ts';
import { answering, LIMITS, type RawClient, type TestPlane, type TestServers } from '../fixtures/plane.ts';
import { Rig, turnsUntil } from '../fixtures/rig.ts';
import { OK, SERVERS, type ServerPeer } from '../peers/servers.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n';
const post = (body: string): string =>
  `POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const put = (body: string): string => post(body).replace('POST', 'PUT');
const replying =
  (status: number): ServerPeer =>
  (connection) =>
    answering(`HTTP/1.1 ${status} X\r\nContent-Length: 0\r\n\r\n`)(connection);

describe('delivery by a policy', () => {
  const rig = new Rig();
  afterEach(() => rig.stop());

  /** A plane whose graph says how everything is delivered. */
  function delivering(
    policy: Partial<DeliveryPolicy>,
    servers: TestServers,
    maxReplayBytes = LIMITS.maxReplayBytes,
  ): Promise<TestPlane> {
    const edit = new PolicyEdit({ ...policyOf(DEFAULT_OPTIONS, LIMITS), ...policy });
    const policed = defineRule({
      type: 'policed',
      summary: 'Forwards as the test says.',
      args: { properties: {} },
      edges: [],
      compile: () => (_request, plan) => {
        plan.upstream = 'up';
        plan.deliver(edit);
        return null;
      },
    });
    return rig.plane(
      {
        domains: { 'a.test': { init: 'all', rules: { all: { type: 'policed', args: {} } } } },
        upstreams: { up: servers },
      },
      { maxReplayBytes },
      { rules: new Map([...rules, ['policed', policed]]) },
    );
  }

  /** The bad server first, then the good one. */
  async function pair(bad: ServerPeer): Promise<{ servers: TestServers; good: { connections: RawClient[] } }> {
    const first = await rig.serve(bad);
    const good = await rig.serve(answering(OK));
    return { servers: [first.port, { port: good.port, backup: true }], good };
  }

  async function ask(plane: TestPlane, request: string): Promise<number> {
    const client = await rig.client(plane.port);
    client.write(request);
    return Number(/^HTTP\/1.1 (\d+)/.exec(await client.until(/\r\n\r\n/))?.[1]);
  }

  const conditions: readonly [string, ServerPeer, keyof typeof RetryOn, number][] = [
    ['closes', SERVERS.closesOnRequest, 'CLOSED', 502],
    ['resets', SERVERS.resetsOnRequest, 'CLOSED', 502],
    ['breaks off its head', SERVERS.cutsHead, 'CLOSED', 502],
    ['is silent', SERVERS.neverAnswers, 'TIMEOUT', 504],
    ['says what is not HTTP', SERVERS.garbage, 'INVALID', 502],
    ['frames its reply twice', SERVERS.lengthAndChunks, 'INVALID', 502],
  ];
  for (const [what, bad, condition, status] of conditions)
    it(`retries where a server ${what} on ${condition} only`, async () => {
      const { servers } = await pair(bad);
      const others = RetryOn.CONNECT | RetryOn.CLOSED | RetryOn.INVALID | RetryOn.TIMEOUT;
      const retrying = await delivering({ retryOn: RetryOn[condition], firstByteMs: 100 }, servers);
      expect(await ask(retrying, GET)).to.equal(200);
      const { servers: again } = await pair(bad);
      const not = await delivering({ retryOn: others & ~RetryOn[condition], firstByteMs: 100 }, again);
      expect(await ask(not, GET)).to.equal(status);
    });

  it('retries a server that refuses connections on CONNECT only, whatever the method', async () => {
    const gone = await rig.serve(() => undefined);
    await gone.stop();
    const good = await rig.serve(answering(OK));
    const servers = [gone.port, { port: good.port, backup: true }];
    expect(await ask(await delivering({ retryOn: RetryOn.CONNECT }, servers), post('x'))).to.equal(200);
    expect(await ask(await delivering({ retryOn: RetryOn.CLOSED }, servers), GET)).to.equal(502);
  });

  it('retries the statuses it is told, and no others', async () => {
    const { servers } = await pair(replying(503));
    expect(await ask(await delivering({ statuses: new Set([503]) }, servers), GET)).to.equal(200);
    expect(await ask(await delivering({ statuses: new Set([500]) }, servers), GET)).to.equal(503);
  });

  for (const tries of [1, 2, 5])
    it(`gives a request to ${tries} servers in all`, async () => {
      const bad = await Promise.all(Array.from({ length: 6 }, () => rig.serve(SERVERS.closesOnRequest)));
      const ports = bad.map((server) => server.port);
      expect(await ask(await delivering({ tries }, ports), GET)).to.equal(502);
      expect(bad.filter((server) => server.connections.length > 0)).to.have.length(tries);
    });

  it('asks the same server again where it may, when no other is left', async () => {
    const flaky: ServerPeer = (connection, index) => {
      if (index < 2) SERVERS.closesOnRequest(connection, index);
      else answering(OK)(connection);
    };
    const one = await rig.serve(flaky);
    const alone = [{ port: one.port, maxFails: 0 }];
    expect(await ask(await delivering({}, alone), GET)).to.equal(502);
    expect(await ask(await delivering({ sameServer: true }, alone), GET)).to.equal(200);
  });

  it('sends what is not idempotent again only where it is told to', async () => {
    const { servers, good } = await pair(SERVERS.closesOnRequest);
    expect(await ask(await delivering({}, servers), post('body'))).to.equal(502);
    expect(good.connections).to.have.length(0);
    expect(await ask(await delivering({ nonIdempotent: true }, servers), post('body'))).to.equal(200);
    expect(good.connections[0]?.text).to.match(/\r\n\r\nbody$/);
  });

  it('bounds each try by itself', async () => {
    const { servers } = await pair(SERVERS.neverAnswers);
    expect(await ask(await delivering({ tryMs: 100 }, servers), GET)).to.equal(200);
  });

  it('bounds all tries together', async () => {
    const silent = await Promise.all([0, 1, 2].map(() => rig.serve(SERVERS.neverAnswers)));
    const ports = silent.map((server) => server.port);
    const plane = await delivering({ tryMs: 200, tries: 3, requestMs: 300 }, ports);
    expect(await ask(plane, GET)).to.equal(504);
    expect(silent.filter((server) => server.connections.length > 0)).to.have.length(2);
  });

  it('cuts a reply that is not whole when the time for all tries is over', async () => {
    const server = await rig.serve((connection) => {
      void connection.until(/\r\n\r\n/).then(() => connection.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc'));
    });
    const { port } = await delivering({ requestMs: 200 }, [server.port]);
    const client = await rig.client(port);
    client.write(GET);
    expect(await client.untilClosed()).to.match(/abc$/);
  });

  it('bounds the silence inside a reply apart from the wait for it', async () => {
    const server = await rig.serve((connection) => {
      void connection.until(/\r\n\r\n/).then(() => connection.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc'));
    });
    const { port } = await delivering({ readMs: 100 }, [server.port]);
    const client = await rig.client(port);
    client.write(GET);
    expect(await client.untilClosed()).to.match(/abc$/);
  });

  it('bounds how long a server leaves a body untaken', async () => {
    const server = await rig.serve((connection) => connection.socket.pause());
    const { port } = await delivering({ sendMs: 200 }, [server.port]);
    const client = await rig.client(port);
    client.write(put('x'.repeat(30_000_000)));
    expect(await client.until(/\r\n\r\n/)).to.match(/^HTTP\/1.1 504 /);
  });

  it('waits between tries, and asks nobody once the client has left', async () => {
    const { servers, good } = await pair(SERVERS.closesOnRequest);
    expect(await ask(await delivering({ backoffMs: 50, maxBackoffMs: 50 }, servers), GET)).to.equal(200);
    const bad = await rig.serve(SERVERS.closesOnRequest);
    const never = await delivering({ backoffMs: 2 ** 30, maxBackoffMs: 2 ** 30 }, [bad.port, servers[1]!]);
    const client = await rig.client(never.port);
    client.write(GET);
    await turnsUntil(() => bad.connections[0]?.closed === true);
    client.destroy();
    await never.stop();
    expect(good.connections).to.have.length(1);
  });

  const bodies: readonly [string, number, number, number][] = [
    ['as large as the bound', 1000, LIMITS.maxReplayBytes, 200],
    ['larger than the bound', 1001, LIMITS.maxReplayBytes, 502],
    ['that has no room beside those of all requests', 1000, 999, 502],
  ];
  for (const [what, length, total, status] of bodies)
    it(`answers ${status} to a body ${what} behind a server that fails`, async () => {
      const { servers, good } = await pair(SERVERS.closesOnRequest);
      const plane = await delivering({ replayBytes: 1000 }, servers, total);
      expect(await ask(plane, put('x'.repeat(length)))).to.equal(status);
      if (status === 200) await good.connections[0]?.until(/x{1000}$/);
      else expect(good.connections).to.have.length(0);
    });

  it('sends no more requests twice than the budget allows', async () => {
    const asked = await Promise.all([0, 1].map(() => rig.serve(replying(500))));
    const servers = asked.map(({ port }) => ({ port, maxFails: 0 }));
    const retry = { budget_percent: 20, budget_min: 0, tries: 2 };
    const { port } = await rig.proxying(servers, {}, { retry });
    const client = await rig.client(port);
    for (let i = 0; i < 100; i++) {
      client.received = Buffer.alloc(0);
      client.write(GET);
      await client.until(/\r\n\r\n$/);
    }
    const requests = asked.flatMap(({ connections }) => connections.map(({ text }) => text.split('GET').length - 1));
    expect(requests.reduce((sum, count) => sum + count, 0)).to.be.within(118, 120);
  });

  describe('with a hedge', () => {
    const HEDGED = { hedgeMs: 30 };

    it('takes the first reply and lets the other server go', async () => {
      const { servers, good } = await pair(SERVERS.neverAnswers);
      const slow = await delivering(HEDGED, servers);
      expect(await ask(slow, GET)).to.equal(200);
      expect(good.connections).to.have.length(1);
    });

    it('cancels the second server when the first one is faster after all', async () => {
      const first = await rig.serve(() => undefined);
      const second = await rig.serve(() => undefined);
      const plane = await delivering(HEDGED, [first.port, { port: second.port, backup: true }]);
      const client = await rig.client(plane.port);
      client.write(GET);
      await turnsUntil(() => second.connections[0]?.text.endsWith('\r\n\r\n') === true);
      first.connections[0]?.write(OK);
      await client.until(/ok$/);
      await second.connections[0]?.untilEnd();
    });

    it('sends the second server the body as well', async () => {
      const { servers, good } = await pair(SERVERS.neverAnswers);
      expect(await ask(await delivering(HEDGED, servers), put('body'))).to.equal(200);
      expect(good.connections[0]?.text).to.match(/\r\n\r\nbody$/);
    });

    it('goes on with the other server when one of both fails', async () => {
      for (const failing of [0, 1]) {
        const peers = [await rig.serve(() => undefined), await rig.serve(() => undefined)];
        const [first, second] = peers;
        const plane = await delivering(HEDGED, [first!.port, { port: second!.port, backup: true }]);
        const client = await rig.client(plane.port);
        client.write(GET);
        await turnsUntil(() => second!.connections[0]?.text.endsWith('\r\n\r\n') === true);
        if (failing === 0) first!.connections[0]?.destroy();
        else second!.connections[0]?.write('HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n');
        await peers[failing]!.connections[0]?.untilEnd();
        peers[1 - failing]!.connections[0]?.write(OK);
        expect(await client.until(/\r\n\r\n/)).to.match(/^HTTP\/1.1 200 /);
      }
    });

    const once: readonly [string, string][] = [
      ['is not idempotent', post('x')],
      ['is still arriving', put('xx').slice(0, -1)],
      ['asks for another protocol', GET.replace('\r\n\r\n', '\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n')],
    ];
    for (const [what, request] of once)
      it(`asks one server only for what ${what}`, async () => {
        const { servers, good } = await pair(SERVERS.neverAnswers);
        const plane = await delivering({ ...HEDGED, requestMs: 200 }, servers);
        expect(await ask(plane, request)).to.equal(504);
        expect(good.connections).to.have.length(0);
      });
  });

  describe('with a server that takes no connection', () => {
    it('gives the request, whatever its method, to one that does', async () => {
      const hole = await rig.blackHole();
      const good = await rig.serve(answering(OK));
      const plane = await delivering({ raceMs: 50 }, [hole.port, { port: good.port, backup: true }]);
      expect(await ask(plane, post('x'))).to.equal(200);
    });

    it('comes back to it where the one that was faster fails', async () => {
      const hole = await rig.blackHole();
      const faster = await rig.serve((connection) => {
        connection.socket.once('data', () => {
          hole.open(OK);
          connection.destroy();
        });
      });
      const plane = await delivering({ raceMs: 50, connectMs: 5000 }, [hole.port, { port: faster.port, backup: true }]);
      expect(await ask(plane, GET)).to.equal(200);
    });
  });
});
