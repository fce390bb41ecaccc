import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { RawClient } from '../fixtures/plane.ts';
import { Rig } from '../fixtures/rig.ts';
import { until } from '../fixtures/until.ts';
import { normal, routed } from '../fuzz/requests.ts';
import { LIMITS } from '../http/decode.ts';
import { readWireCases } from '../http/wire-cases.ts';
import { SERVER_NAMES, startTelling } from './servers.ts';

/** All requests of the corpus but those that stop in the middle: what a server makes of them is no request. */
const cases = readWireCases(fileURLToPath(new URL('../wire', import.meta.url))).filter(
  ({ kind, result }) => kind === 'request' && result !== 'more',
);

/**
 * What ELB forwards and a server refuses: it says 400 and closes, so nothing is misread. Methods that Node or nginx does not
 * know; for nginx tabs around a value and `OPTIONS *`; for nginx and Apache the empty Host that RFC 9112 3.2 asks for where an
 * HTTP/1.0 client has sent none, for Apache a Host with an empty port; for HAProxy WebSocket without its key.
 */
const REFUSED: Readonly<Record<string, RegExp>> = {
  node: /^Methods: /,
  nginx: /^Methods: X!|\\t|OPTIONS|^Host: X: y$/,
  haproxy: /^Upgrades: /,
  apache: /^Host: (?:Host: a\.test:|X: y)$/,
};

describe('ELB and the server behind it read the same requests', () => {
  for (const name of SERVER_NAMES)
    it(`${name}: number, method, target and host`, async function () {
      this.timeout(60_000);
      const rig = new Rig();
      const server = await startTelling(name);
      try {
        const { port } = await rig.plane(
          { domains: { '*': 'up' }, upstreams: { up: [{ port: server.port, maxFails: 0 }] } },
          { maxBodyBytes: LIMITS.maxBodyBytes },
        );
        const refused: string[] = [];
        let count = 0;
        /** What the server has told of since the last time. */
        const told = async (): Promise<string[]> => {
          const mark = `GET /mark mark${++count}.test`;
          await send(port, Buffer.from(`GET /mark HTTP/1.1\r\nHost: mark${count}.test\r\n\r\n`));
          const isTold = (): boolean => server.lines().some((line) => requestOf(line) === mark);
          await until(`${name} has told of ${mark}`, isTold);
          const lines = server.lines().slice(seen).map(requestOf);
          seen += lines.length;
          return lines.filter((line) => line !== mark);
        };
        let seen = 0;
        await told(); // of whoever has looked whether it is there
        for (const { heading, title, bytes } of cases) {
          const expected = routed(bytes).requests.map(({ method, target, host }) => `${method} ${target} ${host}`);
          await send(port, bytes);
          const found = await told();
          if (expected.length === 1 && found.length === 1 && found[0] === 'refused')
            refused.push(`${heading}: ${title}`);
          else expect(found, `${heading}: ${title}`).to.deep.equal(expected);
        }
        expect(refused.filter((one) => REFUSED[name]?.test(one) !== true)).to.deep.equal([]);
        expect(refused.length).to.be.within(1, 10);
      } finally {
        await rig.stop();
        await server.stop();
      }
    });
});
/** A line in the words of this test: method, target and host, or `refused`. */
function requestOf(line: string): string {
  const [status = '', method = '', target = '', host = ''] = line.replaceAll(ESCAPES, unescaped).split('\t');
  if (status === '400') return 'refused';
  // Apache tells the whole request line, HAProxy a dash for `*`.
  const [, inside = target === '-' ? '*' : target] = /^\S+ (.*) HTTP\/1\.1$/.exec(target) ?? [];
  return `${method} ${inside} ${host === '-' ? '' : normal(host)}`;
}

/** How Apache and HAProxy write down what would be confused with their own marks. */
const ESCAPES = /\\\\|#23/g;

function unescaped(escaped: string): string {
  return escaped === '#23' ? '#' : '\\';
}

async function send(port: number, bytes: Buffer): Promise<void> {
  const client = await RawClient.connect(port, { allowHalfOpen: true });
  client.socket.end(bytes);
  await client.untilClosed();
  client.destroy();
}
