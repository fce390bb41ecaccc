import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { startElb, type Answer } from '../fixtures/elb.ts';
import { turnsUntil } from '../fixtures/rig.ts';

describe('concurrency over the workers of an instance', () => {
  const held: ServerResponse[] = [];
  const server = createServer(({ url }, response) => {
    if (url === '/free') response.end();
    else held.push(response);
  });

  before(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  it('lets as many through as may be in all, again and again, whichever workers they come to', async () => {
    const { port } = server.address() as AddressInfo; // it listens on TCP
    const graph = {
      init: 'few',
      rules: {
        few: { type: 'concurrency', args: { max: 3, scope: 'instance', next: 'up' } },
        up: { type: 'backend', args: { servername: 'up' } },
      },
    };
    const file = { domains: { 'a.test': graph }, upstreams: { up: { [`127.0.0.1:${port}`]: '' } } };
    const elb = await startElb({ args: ['--workers', '2'], file });
    try {
      for (let round = 0; round < 3; round++) {
        let answered = 0;
        const answers = Array.from({ length: 24 }, async (): Promise<Answer> => {
          const answer = await elb.get('/', { host: 'a.test', connection: 'close' });
          answered++;
          return answer;
        });
        await turnsUntil(() => answered + held.length === 24);
        // A client may have its reply a moment before the primary knows that a place is free.
        const through = held.length;
        expect(through).to.be.within(round === 0 ? 3 : 1, 3);
        for (const response of held.splice(0)) response.end('ok');
        const statuses = (await Promise.all(answers)).map(({ status }) => status);
        expect(statuses.filter((status) => status === 200)).to.have.length(through);
        expect(statuses.filter((status) => status === 503)).to.have.length(24 - through);
        for (let free = 0, tries = 0; free < 3 && tries < 1000; tries++) {
          const asked = [1, 2, 3].map(() => elb.get('/free', { host: 'a.test' }));
          free = (await Promise.all(asked)).filter(({ status }) => status === 200).length;
        }
      }
    } finally {
      await elb.stop();
    }
  });
});
