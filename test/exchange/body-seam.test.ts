import { once } from 'node:events';
import { expect } from 'chai';
import { Fault } from '../../lib/core/faults.ts';
import type { Limits } from '../../lib/core/limits.ts';
import type { Plan } from '../../lib/routing/plan.ts';
import { defineRule, type Node, type RoutedRequest } from '../../lib/routing/rule.ts';
import { rules } from '../../rules/index.ts';
import { answering, type RawClient, type TestPlane } from '../fixtures/plane.ts';
import { Rig, turnsUntil } from '../fixtures/rig.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

describe('the body of a request, for nodes that ask', () => {
  const rig = new Rig();
  afterEach(() => rig.stop());

  /** A plane whose graph decides by a function, and what its server gets. */
  async function plane(
    decide: Node['decide'],
    limits: Partial<Limits> = {},
    reply = OK,
  ): Promise<{ plane: TestPlane; server: { readonly connections: readonly RawClient[] } }> {
    const server = await rig.serve(answering(reply));
    const asking = defineRule({
      type: 'asking',
      summary: 'Does what the test says.',
      args: { properties: {} },
      edges: [],
      compile: () => decide,
    });
    const started = await rig.plane(
      {
        domains: { 'a.test': { init: 'n', rules: { n: { type: 'asking', args: {} } } } },
        upstreams: { up: [server.port] },
      },
      limits,
      { rules: new Map([...rules, ['asking', asking]]) },
    );
    return { plane: started, server };
  }

  /** Forwards what it was told the body is, in a field. */
  const telling =
    (maxBytes: number) =>
    async (request: RoutedRequest, plan: Plan): Promise<null> => {
      const body = await request.body(maxBytes);
      if (typeof body === 'number') plan.fault = body;
      else {
        plan.upstream = 'up';
        plan.set(['X-Body', body.toString('latin1').slice(0, 100), 'X-Length', String(body.length)]);
      }
      return null;
    };

  const post = (body: string): string =>
    `POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

  it('is there whole, whatever its framing and its pieces, and is forwarded all the same', async () => {
    const { plane: here, server } = await plane(telling(100));
    const chunked =
      'POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n';
    for (const [request, pieces] of [
      [post('abcde'), 1],
      [post('abcde'), 3],
      [chunked, 1],
      [chunked, 5],
    ] as const) {
      const client = await rig.client(here.port);
      const size = Math.ceil(request.length / pieces);
      for (let at = 0; at < request.length; at += size) {
        client.write(request.slice(at, at + size));
        await new Promise(setImmediate);
      }
      await client.until(/ok$/);
      const got = server.connections.map(({ text }) => text).join('');
      expect(got.match(/X-Body: abcde\r\n/g)).to.have.length(got.match(/POST/g)?.length ?? 0);
      expect(got).to.match(/(?:\r\n\r\nabcde|\r\n5\r\nabcde\r\n0\r\n\r\n|3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n)$/);
    }
  });

  it('is empty where there is none', async () => {
    const { plane: here, server } = await plane(telling(100));
    const client = await rig.client(here.port);
    client.write('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
    await client.until(/ok$/);
    expect(server.connections[0]?.text).to.include('X-Length: 0\r\n');
  });

  it('may be larger than what is held for a server otherwise', async () => {
    const { plane: here, server } = await plane(telling(1_000_000));
    const client = await rig.client(here.port);
    client.write(post('x'.repeat(700_000)));
    await client.until(/ok$/);
    const [connection] = server.connections;
    await connection?.untilLength(700_000);
    const got = connection?.text ?? '';
    expect(got.includes('X-Length: 700000\r\n')).to.equal(true);
  });

  for (const [what, request] of [
    ['its length', post('abcdef')],
    ['chunks', 'POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n'],
  ] as const)
    it(`is refused beyond the bound, by ${what}`, async () => {
      const { plane: here, server } = await plane(telling(5));
      const client = await rig.client(here.port);
      client.write(request);
      expect(await client.until(/\r\n\r\n/)).to.match(/^HTTP\/1.1 413 /);
      expect(server.connections).to.have.length(0);
    });

  it('is refused where the memory for bodies is full, and what was taken of it is given back', async () => {
    const { plane: here } = await plane(telling(1000), { maxReplayBytes: 100 });
    for (let i = 0; i < 3; i++) {
      const small = await rig.client(here.port);
      small.write(post('x'.repeat(90)));
      await small.until(/ok$/);
      const large = await rig.client(here.port);
      large.write(post('x'.repeat(200)));
      expect(await large.until(/\r\n\r\n/)).to.match(/^HTTP\/1.1 503 /);
    }
  });

  it('is asked of a client that waits for a word of the server', async () => {
    const { plane: here, server } = await plane(telling(100));
    const client = await rig.client(here.port);
    client.write('POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n');
    await client.until(/^HTTP\/1.1 100 Continue\r\n\r\n$/);
    client.write('abc');
    await client.until(/ok$/);
    expect(server.connections[0]?.text)
      .to.include('X-Body: abc')
      .and.not.to.match(/expect/i);
  });

  it('never comes of a client that leaves, and its node is told so', async () => {
    const told: (Buffer | number)[] = [];
    const endings: number[] = [];
    const { plane: here } = await plane(async (request, plan) => {
      plan.atEnd({ ended: (status) => endings.push(status) });
      told.push(await request.body(100));
      expect(plan.isAbandoned).to.equal(true);
      plan.atEnd({ ended: (status) => endings.push(status) });
      // The exchange may serve another request by now.
      told.push(await request.body(100));
      return null;
    });
    const client = await rig.client(here.port);
    client.write('POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3\r\n\r\na');
    await turnsUntil(() => here.plane.report().clients === 1);
    await new Promise(setImmediate);
    client.socket.resetAndDestroy();
    await once(client.socket, 'close');
    await turnsUntil(() => told.length === 2);
    expect(told).to.deep.equal([Fault.CLIENT_GONE, Fault.CLIENT_GONE]);
    expect(endings).to.deep.equal([499, 499]);
  });

  it('is waited for no longer than for any other body', async () => {
    const { plane: here } = await plane(telling(100), { bodyIdleMs: 100 });
    const client = await rig.client(here.port);
    client.write('POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3\r\n\r\na');
    expect(await client.until(/\r\n\r\n/)).to.match(/^HTTP\/1.1 408 /);
  });

  it('may be another one for the server, with another method', async () => {
    const replacing: Node['decide'] = (_request, plan) => {
      plan.method = 'PUT';
      plan.body = Buffer.from('instead');
      plan.upstream = 'up';
      return null;
    };
    const { plane: here, server } = await plane(replacing);
    const client = await rig.client(here.port);
    for (const request of [
      'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n',
      post('abc'),
      'POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n',
    ]) {
      client.received = Buffer.alloc(0);
      client.write(request);
      await client.until(/ok$/);
      const got = server.connections[0]?.text.split(/(?=PUT )/).at(-1) ?? '';
      expect(got)
        .to.match(/^PUT \/ HTTP\/1.1\r\n/)
        .and.to.match(/\r\nContent-Length: 7\r\n(?:[^]*\r\n)?\r\ninstead$/);
      expect(got).not.to.match(/chunked|abc|X: y/);
      expect(got.match(/content-length/gi)).to.have.length(1);
    }
  });

  it('may be another one for the client, whose reply keeps its status', async () => {
    const replacing: Node['decide'] = (_request, plan) => {
      plan.replyBody = { type: 'text/plain', body: 'instead' };
      plan.upstream = 'up';
      return null;
    };
    const reply =
      'HTTP/1.1 404 Not Found\r\nContent-Type: a/b\r\nContent-Encoding: gzip\r\nETag: "a"\r\nX-A: b\r\nContent-Length: 2\r\n\r\nok';
    const { plane: here, server } = await plane(replacing, {}, reply);
    const client = await rig.client(here.port);
    for (let i = 0; i < 2; i++) {
      client.received = Buffer.alloc(0);
      client.write('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
      expect((await client.until(/instead$/)).replace(/Date: .*\r\n/, '')).to.equal(
        'HTTP/1.1 404 Not Found\r\nX-A: b\r\nContent-Type: text/plain\r\nContent-Length: 7\r\n\r\ninstead',
      );
    }
    expect(server.connections).to.have.length(1);
  });
});

describe('endings', () => {
  const rig = new Rig();
  afterEach(() => rig.stop());

  it('are told once, whatever way the exchange ends', async () => {
    const endings: number[] = [];
    const noting = defineRule<{ next: string }>({
      type: 'noting',
      summary: 'Notes the end.',
      args: { properties: {} },
      edges: ['next'],
      compile: (_args, { edge }) => {
        const next = edge('next');
        return (_request, plan) => {
          plan.atEnd({ ended: (status) => endings.push(status) });
          return next;
        };
      },
    });
    const server = await rig.serve(answering(OK));
    const upgrading = await rig.serve(
      answering('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'),
    );
    const silent = await rig.serve(() => undefined);
    const noted = (
      type: string,
      args: object,
    ): { init: string; rules: Record<string, { type: string; args: {} }> } => ({
      init: 'n',
      rules: { n: { type: 'noting', args: { next: 'end' } }, end: { type, args } },
    });
    const plane = await rig.plane(
      {
        domains: {
          'ok.test': noted('backend', { servername: 'up' }),
          'up.test': noted('backend', { servername: 'upgrading' }),
          'silent.test': noted('backend', { servername: 'silent' }),
          'none.test': noted('backend', { servername: 'none' }),
          'answer.test': noted('respond', { status: 418 }),
          'close.test': noted('close', {}),
        },
        upstreams: { up: [server.port], upgrading: [upgrading.port], silent: [silent.port] },
      },
      {},
      { rules: new Map([...rules, ['noting', noting]]) },
    );
    for (const [host, status] of [
      ['ok', 200],
      ['none', 502],
      ['answer', 418],
      ['close', 0],
    ] as const) {
      const client = await rig.client(plane.port);
      client.write(`GET / HTTP/1.1\r\nHost: ${host}.test\r\nConnection: close\r\n\r\n`);
      await client.untilClosed();
      expect(endings.splice(0), host).to.deep.equal([status]);
    }
    const leaver = await rig.client(plane.port);
    leaver.write('GET / HTTP/1.1\r\nHost: silent.test\r\n\r\n');
    await turnsUntil(() => silent.connections.length === 1);
    leaver.socket.resetAndDestroy();
    await turnsUntil(() => endings.length > 0);
    expect(endings.splice(0)).to.deep.equal([499]);
    const tunnel = await rig.client(plane.port);
    tunnel.write('GET / HTTP/1.1\r\nHost: up.test\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n');
    await tunnel.until(/101/);
    expect(endings).to.deep.equal([]);
    tunnel.socket.resetAndDestroy();
    await turnsUntil(() => endings.length > 0);
    expect(endings.splice(0)).to.deep.equal([101]);
  });
});
