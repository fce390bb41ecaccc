import { expect } from 'chai';
import { answering, type RawClient, type TestPlane } from '../fixtures/plane.ts';
import { Rig, turnsUntil } from '../fixtures/rig.ts';
import { OK } from '../peers/servers.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n';
const POST = 'POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1\r\n\r\nx';

/** A server that answers until it hangs. */
class Hanging {
  hangs = false;
  readonly requests: string[] = [];
  readonly #waiting: RawClient[] = [];

  readonly serve = (connection: RawClient): void => {
    let seen = 0;
    connection.socket.on('data', () => {
      for (const heads = connection.text.split('\r\n\r\n').length - 1; seen < heads; seen++) {
        this.requests.push(connection.text.split('\r\n\r\n')[seen] ?? '');
        if (this.hangs) this.#waiting.push(connection);
        else connection.write(OK);
      }
    });
  };

  /** Answers one of those who wait. */
  answer(): void {
    this.#waiting.shift()?.write(OK);
  }
}

describe('a server that hangs', () => {
  const rig = new Rig();
  let hanging: Hanging;
  let good: { connections: RawClient[] };
  let plane: TestPlane;
  afterEach(() => rig.stop());

  /** The hanging one gets everything while it can be used; `hasAnswered`: it is known to answer quickly. */
  async function start(timeouts: object = { silence: '100ms' }, hasAnswered = true): Promise<void> {
    hanging = new Hanging();
    const first = await rig.serve(hanging.serve);
    const second = await rig.serve(answering(OK));
    good = second;
    const hour = 3_600_000;
    plane = await rig.proxying(
      [
        { port: first.port, failTimeoutMs: hour },
        { port: second.port, backup: true },
      ],
      {},
      { timeouts },
    );
    if (hasAnswered) for (let i = 0; i < 3; i++) expect(await ask(GET)).to.equal(200);
    hanging.hangs = true;
  }

  async function send(request: string): Promise<RawClient> {
    const client = await rig.client(plane.port);
    client.write(request);
    return client;
  }

  async function ask(request: string): Promise<number> {
    const text = await (await send(request)).until(/^HTTP\/1\.1 \d+/);
    return Number(text.slice(9, 12));
  }

  it('costs requests that may be sent twice a moment, not its silence, and is left alone', async () => {
    await start();
    expect(await Promise.all([ask(GET), ask(GET), ask(GET)])).to.deep.equal([200, 200, 200]);
    const asked = hanging.requests.length;
    expect(await ask(GET)).to.equal(200);
    expect(hanging.requests).to.have.length(asked);
  });

  it('is left alone while it is silent, even if what waits there may be sent only once', async () => {
    await start();
    const waiting = [await send(POST), await send(POST)];
    await turnsUntil(() => hanging.requests.length === 5);
    // Until it is silent for long enough requests go there; what may be sent twice is answered all the same.
    while (good.connections.length === 0) expect(await ask(GET)).to.equal(200);
    const asked = hanging.requests.length;
    for (let i = 0; i < 5; i++) expect(await ask(GET)).to.equal(200);
    expect(hanging.requests).to.have.length(asked);
    // Its first word ends that, and nothing else can: its failures count for an hour.
    hanging.hangs = false;
    hanging.answer();
    expect(await waiting[0]!.until(/\r\n\r\n/)).to.match(/^HTTP\/1\.1 200/);
    for (let i = 1; i <= 5; i++) {
      expect(await ask(GET)).to.equal(200);
      expect(hanging.requests).to.have.length(asked + i);
    }
    hanging.answer();
    expect(await waiting[1]!.until(/\r\n\r\n/)).to.match(/^HTTP\/1\.1 200/);
    expect(hanging.requests.filter((text) => text.includes('POST'))).to.have.length(2);
  });

  it('is used again with all others when what all of them wait for is back', async () => {
    const both = [new Hanging(), new Hanging()] as const;
    const servers = await Promise.all(both.map(({ serve }) => rig.serve(serve)));
    const list = servers.map((server) => server.port);
    plane = await rig.proxying(list, {}, { timeouts: { silence: '100ms' }, balance: { algorithm: 'round-robin' } });
    for (let i = 0; i < 6; i++) expect(await ask(GET)).to.equal(200);
    for (const one of both) one.hangs = true;
    const sent = both.map(({ requests }) => requests.length);
    const waiting = Array.from({ length: 4 }, () => ask(GET));
    // Two at each, and both are out once another one is asked for one of them.
    await turnsUntil(() => both.reduce((sum, { requests }, i) => sum + requests.length - (sent[i] ?? 0), 0) > 4);
    for (const one of both) one.hangs = false;
    for (let i = 0; i < 4; i++) for (const one of both) one.answer();
    expect(await Promise.all(waiting)).to.deep.equal([200, 200, 200, 200]);
    const before = both.map(({ requests }) => requests.length);
    for (let i = 0; i < 8; i++) expect(await ask(GET)).to.equal(200);
    expect(both.map(({ requests }, i) => requests.length - (before[i] ?? 0))).to.deep.equal([4, 4]);
  });

  it('is not one that is silent on one request only', async () => {
    await start({ silence: '50ms', request: '400ms' });
    expect(await ask(GET)).to.equal(504);
    expect(good.connections).to.have.length(0);
  });

  it('is not one that has never answered', async () => {
    await start({ silence: '50ms', request: '400ms' }, false);
    expect(await Promise.all([ask(GET), ask(GET)])).to.deep.equal([504, 504]);
    expect(good.connections).to.have.length(0);
  });

  it('is not one that says something to somebody now and then', async () => {
    await start({ silence: '400ms', request: '10s' });
    const waiting = [await send(GET), await send(GET), await send(GET), await send(GET), await send(GET)];
    await turnsUntil(() => hanging.requests.length === 8);
    // Well within the silence that would be one.
    const answers = setInterval(() => hanging.answer(), 100);
    const replies = await Promise.all(waiting.map((client) => client.until(/^HTTP\/1\.1 \d+/)));
    clearInterval(answers);
    for (const reply of replies) expect(reply).to.match(/^HTTP\/1\.1 200/);
    expect(good.connections).to.have.length(0);
  });

  it('is waited for where the options say so', async () => {
    await start({ silence: '0s', request: '300ms' });
    expect(await Promise.all([ask(GET), ask(GET)])).to.deep.equal([504, 504]);
    expect(good.connections).to.have.length(0);
  });
});
