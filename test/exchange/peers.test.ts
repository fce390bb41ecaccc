import { expect } from 'chai';
import { answering, type RawClient, type TestPlane } from '../fixtures/plane.ts';
import { Rig, turnsUntil } from '../fixtures/rig.ts';
import { CLIENTS } from '../peers/clients.ts';
import { OK, SERVERS } from '../peers/servers.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n';
const SHORT = { headMs: 700, bodyIdleMs: 700, sendMs: 700, readMs: 700, halfCloseMs: 700, connectMs: 700 };

/** What a client must see that asks a bad server; `cut`: a reply that is visibly not whole, or no reply at all. */
const SERVER_OUTCOMES: Record<keyof typeof SERVERS, RegExp | 'cut'> = {
  neverAnswers: /^HTTP\/1.1 504 /,
  closesOnAccept: /^HTTP\/1.1 502 /,
  resetsOnRequest: /^HTTP\/1.1 502 /,
  closesOnRequest: /^HTTP\/1.1 502 /,
  closesAtReuse: /^HTTP\/1.1 200 [^]*ok$/,
  resetsAtReuse: /^HTTP\/1.1 200 [^]*ok$/,
  closesBehindReply: /^HTTP\/1.1 200 [^]*ok$/,
  resetsInHead: /^HTTP\/1.1 502 /,
  resetsInBody: 'cut',
  resetsInChunks: 'cut',
  resetsCloseDelimited: 'cut',
  cutsHead: /^HTTP\/1.1 502 /,
  cutsBody: 'cut',
  cutsChunks: 'cut',
  refusesUpload: /^HTTP\/1.1 413 /,
  unsolicited: /^HTTP\/1.1 200 [^]*ok$/,
  unsolicitedLater: /^HTTP\/1.1 200 [^]*ok$/,
  bodyBehind204: /^HTTP\/1.1 204 No\r\n(?!Content-Length)[^]*\r\n\r\n$/,
  interimFlood: /HTTP\/1.1 502 /,
  unaskedUpgrade: /^HTTP\/1.1 502 /,
  slowDrip: /^HTTP\/1.1 200 [^]*ok$/,
  garbage: /^HTTP\/1.1 502 /,
  http09: /^HTTP\/1.1 502 /,
  endlessHead: /^HTTP\/1.1 502 /,
  twoLengths: /^HTTP\/1.1 502 /,
  lengthAndChunks: /^HTTP\/1.1 502 /,
  badChunk: 'cut',
};

/** What a bad client gets from ELB, whole, once ELB has ended its connection. */
const CLIENT_OUTCOMES: Partial<Record<keyof typeof CLIENTS, RegExp>> = {
  slowlorisHead: /^HTTP\/1.1 408 /,
  stopsInHead: /^HTTP\/1.1 408 /,
  stopsInBody: /^HTTP\/1.1 408 /,
  halfCloser: /^HTTP\/1.1 200 [^]*ok$/,
  halfClosesInHead: /^$/,
  halfClosesInBody: /^$/,
  tlsOnPlainPort: /^HTTP\/1.1 400 /,
  http2Preface: /^\0\0\x12\x04/, // settings: the session goes on until it is silent
};

describe('misbehaving peers', () => {
  const rig = new Rig();
  afterEach(() => rig.stop());

  /** Requests of a good client beside, one after another, until what it is beside is over; each must be answered well. */
  async function beside(plane: TestPlane, over: Promise<unknown>): Promise<void> {
    const good = await rig.client(plane.port);
    let isOver = false;
    const ended = over.finally(() => (isOver = true));
    let count = 0;
    do {
      good.write('GET / HTTP/1.1\r\nHost: good.test\r\n\r\n');
      await good.untilLength(OK.length * ++count);
    } while (!isOver);
    expect(good.text).to.equal(OK.repeat(count));
    await ended;
  }

  async function planeBefore(script: (typeof SERVERS)[keyof typeof SERVERS], limits = {}): Promise<TestPlane> {
    const bad = await rig.serve(script);
    const good = await rig.serve(answering(OK));
    return rig.plane(
      { domains: { 'a.test': 'bad', 'good.test': 'good' }, upstreams: { bad: [bad.port], good: [good.port] } },
      { ...SHORT, ...limits },
    );
  }

  async function ask(client: RawClient, expected: RegExp | 'cut'): Promise<void> {
    client.write(GET);
    if (expected !== 'cut') await client.until(expected);
    else expect(await client.untilClosed()).to.not.match(/\r\n0\r\n\r\n$|502/);
  }

  for (const [name, expected] of Object.entries(SERVER_OUTCOMES))
    it(`server ${name}: ${String(expected)}, time after time`, async () => {
      // A key of the table.
      const plane = await planeBefore(SERVERS[name as keyof typeof SERVERS]);
      const asked = async (): Promise<void> => {
        for (let i = 0; i < 3; i++) {
          const client = await rig.client(plane.port);
          await ask(client, expected);
          if (expected !== 'cut') expect(client.text).to.not.match(/poison/);
          client.destroy();
        }
      };
      await beside(plane, asked());
    });

  for (const [name, expected] of Object.entries(CLIENT_OUTCOMES))
    it(`client ${name}: ${String(expected)}`, async () => {
      const plane = await planeBefore(name === 'stopsInBody' ? SERVERS.neverAnswers : answering(OK), { readMs: 5000 });
      const client = await rig.client(plane.port, { allowHalfOpen: true });
      // A key of the table.
      const acting = CLIENTS[name as keyof typeof CLIENTS](client);
      await beside(plane, client.untilEnd());
      await acting;
      expect(client.text).to.match(expected);
    });

  it('client slowlorisBody: waited for as long as its body comes, and no longer', async () => {
    const plane = await planeBefore(SERVERS.neverAnswers);
    const client = await rig.client(plane.port);
    // Longer in all than either side may be silent.
    await beside(plane, CLIENTS.slowlorisBody(client));
    expect(client.text).to.equal('');
    expect(await client.untilEnd()).to.match(/^HTTP\/1.1 408 /);
  });

  it('client oneByteWriter: answered as any other', async () => {
    // How long it takes for its head is its own matter.
    const plane = await planeBefore(answering(OK), { headMs: 20_000 });
    const client = await rig.client(plane.port);
    await beside(plane, CLIENTS.oneByteWriter(client));
    expect(await client.until(/ok$/)).to.equal(OK);
  });

  it('client pipeliner: answered in order', async () => {
    const plane = await planeBefore(answering(OK));
    const client = await rig.client(plane.port);
    await CLIENTS.pipeliner(client);
    await beside(plane, client.untilLength(OK.length * 100));
    expect(client.text).to.equal(OK.repeat(100));
  });

  for (const name of ['resetsInHead', 'resetsInBody', 'resetsBeforeReply', 'resetsInReply'] as const)
    it(`client ${name}: its server's side is ended with it`, async () => {
      const half = 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc';
      const bad = await rig.serve(answering(name === 'resetsInReply' ? half : ''));
      const good = await rig.serve(answering(OK));
      const plane = await rig.plane(
        { domains: { 'a.test': 'bad', 'good.test': 'good' }, upstreams: { bad: [bad.port], good: [good.port] } },
        { readMs: 60_000 },
      );
      const client = await rig.client(plane.port);
      await beside(plane, CLIENTS[name](client));
      await turnsUntil(() => bad.connections.every((connection) => connection.closed || connection.ended));
    });

  it('client neverReader: a reply larger than what is held for it holds its server back, and its time ends it', async () => {
    const large = `HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n${'x'.repeat(50_000_000)}`;
    const bad = await rig.serve((connection) => void connection.until(/\r\n\r\n/).then(() => connection.write(large)));
    const good = await rig.serve(answering(OK));
    const plane = await rig.plane(
      { domains: { 'a.test': 'bad', 'good.test': 'good' }, upstreams: { bad: [bad.port], good: [good.port] } },
      // As below: what ELB and its peers do is done in one loop, in which 50 MB take their time.
      { sendMs: 2000, readMs: 30_000 },
    );
    const client = await rig.client(plane.port);
    await CLIENTS.neverReader(client);
    await turnsUntil(() => bad.connections[0] !== undefined);
    await beside(plane, bad.connections[0]?.untilClosed() ?? Promise.resolve());
  });

  it('client neverReadingPipeliner: no more is read of it than it is answered, and its time ends it', async () => {
    // Peers and ELB share one loop here, which the flood keeps busy: the good server is not to be blamed for that.
    const plane = await planeBefore(answering(OK), { sendMs: 2000, readMs: 30_000 });
    const client = await rig.client(plane.port);
    // Answers of ELB's own are the cheapest to ask for.
    client.socket.pause();
    const asked = 'GET / HTTP/1.1\r\nHost: nobody\r\nX: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n\r\n'.repeat(200_000);
    // Far more than the kernel holds: a write that ends in an error is one that was not taken whole.
    const { promise: written, resolve } = Promise.withResolvers<Error | null | undefined>();
    client.socket.write(asked, 'latin1', resolve);
    await beside(plane, client.untilClosed());
    expect(await written).to.be.instanceOf(Error);
  });
});
