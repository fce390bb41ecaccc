import { expect } from 'chai';
import { answering } from '../fixtures/plane.ts';
import { Rig, turnsUntil } from '../fixtures/rig.ts';
import { raceStale } from '../fixtures/stale-races.ts';
import { OK } from '../peers/servers.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n';
const PUT = 'PUT / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 4\r\n\r\nbody';
const POST = PUT.replace('PUT', 'POST');

// `npm run bench:stale` does the same 100,000 times.
describe('a kept connection that its server closes when it is used', () => {
  const rig = new Rig();
  afterEach(() => rig.stop());

  for (const [request, mode] of [
    [GET, 'asked'],
    [PUT, 'asked'],
    [GET, 'soon'],
    [PUT, 'soon'],
  ] as const)
    it(`is nothing that a client sees of ${request.slice(0, 3)}, closed as soon as ${mode}`, async () => {
      const { races, answers, failures } = await raceStale({ races: 1500, mode, request });
      expect([...failures]).to.deep.equal([]);
      expect(races).to.be.within(1500, answers + 100);
    });

  it('is not met by a POST that goes to new connections only', async () => {
    const options = { connections: { unsafe_reuse: '0s' } };
    const { failures } = await raceStale({ races: 1000, mode: 'soon', request: POST, options });
    expect([...failures]).to.deep.equal([]);
  });

  it('is met by a POST until the server is found out, and not again', async () => {
    const { answers, failures } = await raceStale({ races: 1000, mode: 'soon', request: POST });
    const lost = [...failures.values()].reduce((sum, count) => sum + count, 0);
    expect(answers).to.be.above(900);
    // Each of 8 clients at each of 4 servers, if all of them meet it at the same time.
    expect(lost).to.be.at.most(32);
  });

  it('is not met by a POST once the closing has arrived, of a server that has kept its connections for long', async () => {
    const server = await rig.serve(answering(OK));
    const { port } = await rig.proxying([server.port]);
    const client = await rig.client(port);
    const ask = async (): Promise<void> => {
      client.received = Buffer.alloc(0);
      client.write(POST);
      expect(await client.until(/\r\n\r\n./)).to.match(/^HTTP\/1.1 200 /);
    };
    for (let i = 0; i < 5; i++) {
      await ask();
      await ask();
      // Longer than some ticks of the plane's clock: half as long ago, a connection is taken for one that its server keeps.
      const end = performance.now() + 300;
      await turnsUntil(() => performance.now() > end);
      const asked = ask();
      // Both are there before the loop looks at its sockets again, and the request comes first.
      server.connections.at(-1)?.socket.destroy();
      await asked;
    }
    // A new one after each that was ended; of the fifteen requests the others went to kept ones, but those that a slow machine held up.
    expect(server.connections.length).to.be.within(6, 14);
  });

  for (const end of ['destroy', 'resetAndDestroy'] as const)
    it(`is not met by a POST once the closing has arrived, by ${end}`, async () => {
      const server = await rig.serve(answering(OK));
      const { port } = await rig.proxying([server.port]);
      const client = await rig.client(port);
      for (let i = 1; i <= 300; i++) {
        // Both are there before the loop looks at its sockets again, and which of them it sees first is up to the kernel.
        server.connections.at(-1)?.socket[end]();
        client.write(POST);
        await client.untilLength(i * OK.length);
      }
      expect(client.text).to.equal(OK.repeat(300));
    });
});
