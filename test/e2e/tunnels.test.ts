import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { startElb, type Elb } from '../fixtures/elb.ts';
import { startGoodServer, type SoakServer } from '../soak/servers.ts';

const TUNNELS = 2000;
const CHANGES = 500;

/** The real program with many WebSockets on domains that nobody changes, beside domains that change all the time. */
describe('WebSockets and changes', function () {
  this.timeout(90_000);
  let server: SoakServer;
  let elb: Elb;
  let sockets: WebSocket[];

  before(async () => {
    server = await startGoodServer('a');
    const all = (servername: string): object => ({
      init: 'all',
      rules: { all: { type: 'backend', args: { servername } } },
    });
    elb = await startElb({
      file: {
        domains: { 'chat.test': all('chat'), 'talk.test': all('chat') },
        upstreams: { chat: { [`127.0.0.1:${server.port}`]: '' } },
      },
      env: { ELB_WORKERS: '2' },
      args: ['--drain', '100ms'],
    });
    sockets = [];
    for (let i = 0; i < TUNNELS; i += 100)
      sockets.push(
        ...(await Promise.all(
          Array.from({ length: 100 }, (_, k) => open((i + k) % 2 === 0 ? 'chat.test' : 'talk.test')),
        )),
      );
  });

  after(async () => {
    for (const socket of sockets) socket.terminate();
    await elb.stop();
    await server.stop();
  });

  /** Tries again where it is shed: a machine that is busy with other things is reason enough for that. */
  async function open(host: string): Promise<WebSocket> {
    for (;;) {
      const socket = new WebSocket(`ws://127.0.0.1:${elb.port}/`, { headers: { host }, perMessageDeflate: false });
      const refused = await once(socket, 'open').then(
        () => null,
        (error: Error) => error,
      );
      if (refused === null) return socket;
      if (!refused.message.includes('503')) throw refused;
      await delay(100);
    }
  }

  async function says(socket: WebSocket, text: string): Promise<string> {
    const answered = once(socket, 'message');
    socket.send(text);
    const [data] = (await answered) as [Buffer]; // text comes as a Buffer
    return data.toString();
  }

  it(`keeps ${TUNNELS} open through ${CHANGES} changes, all of them served`, async () => {
    let closed = 0;
    for (const socket of sockets) socket.on('close', () => closed++);
    for (let change = 0; change < CHANGES; change++) {
      const name = `other-${change % 20}`;
      const port = change % 3 === 0 ? 9 : server.port;
      const calls = [
        elb.admin('PUT', 'upstream', { [name]: { [`127.0.0.1:${port}`]: `weight=${1 + (change % 7)}` } }),
        elb.admin('PUT', 'domain', {
          [`${name}.test`]: { init: 'all', rules: { all: { type: 'backend', args: { servername: name } } } },
        }),
      ];
      if (change % 5 === 4) calls.push(elb.admin('DELETE', 'domain', [`other-${(change + 7) % 20}.test`]));
      for (const answer of await Promise.all(calls)) expect(answer.status, answer.text).to.equal(200);
      // Some of them talk meanwhile.
      const talking = sockets[(change * 7) % TUNNELS]!;
      expect(await says(talking, `message ${change}`)).to.equal(`message ${change}`);
    }
    const answers = await Promise.all(sockets.map((socket, i) => says(socket, `last of ${i}`)));
    expect(answers.filter((text, i) => text !== `last of ${i}`)).to.deep.equal([]);
    expect(closed).to.equal(0);
  });
});
