import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { startElb, type Elb } from '../fixtures/elb.ts';
import { freePorts } from '../fixtures/free-ports.ts';
import { TestCa } from '../fixtures/test-ca.ts';

const DOCUMENT = fileURLToPath(new URL('../../docs/tls.md', import.meta.url));

describe('docs/tls.md', function () {
  this.timeout(30_000);
  const directory = mkdtempSync(join(tmpdir(), 'elb-docs-'));
  const [plain = 0, secure = 0] = freePorts(2);
  const ca = new TestCa();
  let elb: Elb;
  let web: Server;

  before(async () => {
    web = createServer((request, response) => response.end(`web: ${request.method} ${request.url}\n`));
    web.listen(0, '127.0.0.1');
    await once(web, 'listening');
    const { port } = web.address() as AddressInfo; // it listens on TCP
    elb = await startElb({
      file: {
        domains: { 'a.test': { init: 'r', rules: { r: { type: 'backend', args: { servername: 'web' } } } } },
        certs: { legacy: ca.issue({ names: ['DNS:legacy.test'] }) },
        upstreams: { web: { [`127.0.0.1:${port}`]: '' } },
      },
      env: { ELB_LISTEN: `127.0.0.1:${plain},tls:127.0.0.1:${secure}`, ELB_SECRET: 'the new secret of the fleet' },
    });
  });

  after(async () => {
    await elb.stop();
    web.close().closeAllConnections();
    rmSync(directory, { recursive: true });
    ca.remove();
  });

  const blocks = [...readFileSync(DOCUMENT, 'utf8').matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text);
  // How ELB itself is started is said here, and done above.
  const commands = blocks.filter((block) => !/ELB_LISTEN|ELB_SECRET/.test(block));

  it('has examples', () => {
    expect(commands.length).to.be.greaterThan(10);
  });

  for (const block of commands) {
    const expected = / {4}# (.*)$/m.exec(block)?.[1];
    it(`does what it says: ${(block.split('\n')[0] ?? '').slice(0, 60)}`, async () => {
      const command = block
        .replaceAll('127.0.0.1:8080', `127.0.0.1:${plain}`)
        .replaceAll(/a\.test:8443/g, `a.test:${secure}`)
        .replaceAll('curl ', 'curl -sS ');
      const { stdout } = await promisify(execFile)('bash', ['-c', command], { cwd: directory });
      if (expected !== undefined) expect(stdout.trim()).to.equal(expected);
    });
  }
});
