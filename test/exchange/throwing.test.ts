import { expect } from 'chai';
import { defineMatcher } from '../../lib/routing/matcher.ts';
import { rules } from '../../rules/index.ts';
import { answering } from '../fixtures/plane.ts';
import { Rig } from '../fixtures/rig.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const request = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a.test\r\n\r\n`;

const args = { properties: {}, additionalProperties: false };
const broken = [
  defineMatcher({
    type: 'throws',
    summary: 'Throws.',
    args,
    test: () => () => {
      throw new Error('thrown by a node');
    },
  }),
];

/** A graph whose nodes are broken harms nobody but those who ask for it. */
describe('a node that throws', () => {
  const rig = new Rig();
  afterEach(() => rig.stop());

  it('answers 500, and the connection goes on', async () => {
    const server = await rig.serve(answering(OK));
    const all = new Map([...rules, ...broken.map((rule) => [rule.type, rule] as const)]);
    const { port } = await rig.plane(
      {
        domains: {
          'a.test': {
            init: 'first',
            rules: {
              first: { type: 'path', args: { pattern: '/broken', succ: 'throws', fail: 'serve' } },
              throws: { type: 'throws', args: { succ: 'serve', fail: 'serve' } },
              serve: { type: 'backend', args: { servername: 'up' } },
            },
          },
        },
        upstreams: { up: [server.port] },
      },
      {},
      { rules: all },
    );
    const client = await rig.client(port);
    for (let round = 0; round < 20; round++) {
      client.received = Buffer.alloc(0);
      client.write(request('/broken'));
      expect(await client.until(/internal error\n$/)).to.match(/^HTTP\/1\.1 500 /);
      client.received = Buffer.alloc(0);
      client.write(request('/'));
      expect(await client.until(/ok$/)).to.match(/^HTTP\/1\.1 200 /);
    }
  });
});
