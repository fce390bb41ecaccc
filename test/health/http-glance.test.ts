import { once } from 'node:events';
import { expect } from 'chai';
import { KeptLines } from '../../lib/health/check.ts';
import { Glances } from '../../lib/health/glances.ts';
import { HttpCheck } from '../../lib/health/http-check.ts';
import type { HttpCheckOptions } from '../../lib/upstream/options/checks.ts';
import { checkOnce } from '../fixtures/check.ts';
import { answering, startRawServer, type RawClient, type RawServer } from '../fixtures/plane.ts';

const OPTIONS: HttpCheckOptions = {
  kind: 'http',
  secure: null,
  method: 'GET',
  path: '/',
  host: null,
  fields: [],
  statuses: [{ from: 200, to: 399 }],
  body: { text: 'hello', isPattern: false },
  reuse: true,
};

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';
const SICK = 'HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n';

describe('an http check past the event loop', () => {
  let server: RawServer;
  let glances: Glances;
  let check: HttpCheck;
  /** What the next connections reply. */
  let reply: string;

  /** A check that has found its server steady, which is the state from which each test begins. */
  beforeEach(async () => {
    reply = OK;
    server = await startRawServer((connection) => answering(reply)(connection));
    glances = new Glances();
    const means = { greeting: '', kept: new KeptLines(9), glances };
    check = new HttpCheck(OPTIONS, { host: '127.0.0.1', port: server.port, name: 'web.test' }, null, means);
    for (let i = 0; i < 3; i++) expect(await checkOnce(check)).to.equal('pass status 200');
    expect(server.connections).to.have.length(1);
  });
  afterEach(async () => {
    check.close();
    await server.stop();
  });

  /** The server's end of the kept connection, which says nothing by itself any more. */
  function quietLine(): RawClient {
    const [line] = server.connections;
    line!.socket.removeAllListeners('data');
    return line!;
  }

  /** Begins a check; answers when the server has the request. */
  async function ask(line: RawClient): Promise<Promise<string>[]> {
    const asked = once(line.socket.resume(), 'data');
    const found = checkOnce(check);
    await asked;
    return [found];
  }

  /** Has the server say something, and resolves when it has arrived here. */
  function say(line: RawClient, text: string): Promise<void> {
    return new Promise((resolve) => line.socket.write(text, 'latin1', () => resolve()));
  }

  it('finds the answer when it looks, not before, on the same connection, again and again', async () => {
    for (let i = 0; i < 5; i++) {
      const line = quietLine();
      let isFound = false;
      const [found] = await ask(line);
      const after = found!.then((finding) => {
        isFound = true;
        return finding;
      });
      await say(line, OK);
      await new Promise((resolve) => setImmediate(resolve));
      expect(isFound).to.equal(false);
      glances.tick();
      expect(await after).to.equal('pass status 200');
    }
    expect(server.connections).to.have.length(1);
  });

  it('looks twice, and then waits for an answer as others do', async () => {
    for (let ticks = 0; ticks < 4; ticks++) {
      const line = quietLine();
      const [found] = await ask(line);
      for (let i = 0; i < ticks; i++) glances.tick();
      await say(line, OK);
      if (ticks < 2) glances.tick();
      expect(await found).to.equal('pass status 200');
    }
    expect(server.connections).to.have.length(1);
  });

  it('waits for the rest of an answer of which a part is there', async () => {
    const line = quietLine();
    const [found] = await ask(line);
    await say(line, OK.slice(0, 30));
    glances.tick();
    await say(line, OK.slice(30));
    expect(await found).to.equal('pass status 200');
    expect(server.connections).to.have.length(1);
  });

  const doubtful: readonly (readonly [what: string, spoil: (line: RawClient) => Promise<unknown>])[] = [
    ['was closed meanwhile', (line) => new Promise<void>((resolve) => line.socket.end(resolve))],
    ['was reset meanwhile', async (line) => line.socket.resetAndDestroy()],
    ['said something else meanwhile', (line) => say(line, 'HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n')],
    ['said no HTTP meanwhile', (line) => say(line, 'bye')],
    ['answers that it is sick', (line) => say(line, SICK)],
  ];
  for (const [what, spoil] of doubtful) {
    for (const [fresh, finding] of [
      [OK, 'pass status 200'],
      [SICK, 'fail status 503'],
    ] as const) {
      it(`believes a new connection (${finding}) where the kept one ${what}`, async () => {
        reply = fresh;
        const line = quietLine();
        await spoil(line);
        // Nothing of it is seen before the next check.
        await new Promise((resolve) => setImmediate(resolve));
        const found = checkOnce(check);
        glances.tick();
        expect(await found).to.equal(finding);
        expect(server.connections).to.have.length(2);
      });
    }
  }

  it('fails where the new connection is refused, too', async () => {
    const { port } = server;
    await server.stop();
    const found = checkOnce(check);
    glances.tick();
    expect(await found).to.equal('fail refused');
    server = await startRawServer(answering(OK));
    expect(server.port).not.to.equal(port);
  });

  it('says nothing once it is abandoned, and begins anew', async () => {
    const line = quietLine();
    const asked = once(line.socket.resume(), 'data');
    check.begin({ onChecked: () => expect.fail('told although it was abandoned') });
    await asked;
    check.abandon();
    glances.tick();
    expect(await checkOnce(check)).to.equal('pass status 200');
    expect(server.connections).to.have.length(2);
  });

  it('does not do so with a server that ends its connection each time', async () => {
    for (let i = 0; i < 5; i++) {
      const { socket } = server.connections.at(-1)!;
      const closed = once(socket, 'close');
      await new Promise<void>((resolve) => socket.end(resolve));
      // Only the first is not watched: the end of the others is seen as it comes.
      if (i > 0) await closed;
      const found = checkOnce(check);
      glances.tick();
      expect(await found).to.equal('pass status 200');
      expect(server.connections).to.have.length(i + 2);
    }
  });
});
