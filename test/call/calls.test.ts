import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { Calls } from '../../lib/call/calls.ts';
import { CallFailed, type Call } from '../../lib/core/caller.ts';
import { startCalled, type Called } from '../fixtures/called.ts';
import { makeCertificates, type Certificates } from '../fixtures/certificates.ts';

describe('calls of other programs', () => {
  let program: Called;
  let held = 0;
  const open: Calls[] = [];

  before(async () => {
    program = await startCalled(({ url }, response) => {
      if (url === '/silent') held++;
      else if (url === '/moved') response.writeHead(302, { Location: '/' }).end();
      else if (url === '/cookies') response.writeHead(200, { 'Set-Cookie': ['a=1', 'b=2'], 'X-A': '1' }).end('x');
      else if (url === '/slow') response.write('a');
      else if (url === '/large') response.end('x'.repeat(1001));
      else response.end('ok');
    });
  });
  after(() => program.stop());
  afterEach(async () => {
    for (const calls of open.splice(0)) await calls.close();
  });

  function calling(trusted = '', maxAtOnce?: number): Calls {
    const calls = new Calls(() => trusted, maxAtOnce);
    open.push(calls);
    return calls;
  }
  const to = (url: string, more: Partial<Call> = {}): Call => ({
    url,
    method: 'GET',
    fields: [],
    body: null,
    timeoutMs: 5000,
    maxBytes: 1000,
    ...more,
  });

  async function failure(promise: Promise<unknown>): Promise<string> {
    try {
      await promise;
    } catch (error) {
      expect(error).to.be.instanceOf(CallFailed);
      return (error as CallFailed).message; // as was just seen
    }
    throw new Error('it has not failed');
  }

  it('bring back status, fields and body, and follow no redirect', async () => {
    const calls = calling();
    const cookies = await calls.call(
      to(`${program.url}/cookies`, { method: 'POST', fields: ['X-B', '2'], body: 'body' }),
    );
    expect([cookies.status, cookies.body.toString()]).to.deep.equal([200, 'x']);
    expect(cookies.fields.get('set-cookie')).to.deep.equal(['a=1', 'b=2']);
    expect(program.heard.at(-1)).to.include({ method: 'POST', url: '/cookies', body: 'body' });
    expect(program.heard.at(-1)?.headers).to.include({ 'x-b': '2' });
    expect((await calls.call(to(`${program.url}/moved`))).status).to.equal(302);
  });

  const failing: readonly (readonly [what: string, path: string, more: Partial<Call>, says: RegExp])[] = [
    ['says nothing', '/silent', { timeoutMs: 100 }, /no reply in time/],
    ['does not come to an end', '/slow', { timeoutMs: 100 }, /no reply in time/],
    ['says too much', '/large', {}, /larger than 1000 bytes/],
  ];
  for (const [what, path, more, says] of failing)
    it(`fail in time where a program ${what}`, async () => {
      expect(await failure(calling().call(to(program.url + path, more)))).to.match(says);
    });

  it('fail where nobody listens', async () => {
    const gone = await startCalled(() => undefined);
    await gone.stop();
    expect(await failure(calling().call(to(gone.url)))).to.match(/ECONNREFUSED/);
  });

  it('are no more at once than they may be', async () => {
    const calls = calling('', 2);
    const before = held;
    const waiting = [1, 2].map(() => failure(calls.call(to(`${program.url}/silent`, { timeoutMs: 300 }))));
    expect(await failure(calls.call(to(program.url)))).to.equal('too many calls at once');
    await Promise.all(waiting);
    expect(held).to.equal(before + 2);
    expect((await calls.call(to(program.url))).status).to.equal(200);
  });

  describe('over TLS', () => {
    let certificates: Certificates;
    let server: Server;
    let url = '';
    before(async () => {
      certificates = await makeCertificates();
      const [cert, key] = [readFileSync(certificates.cert), readFileSync(certificates.key)];
      server = createServer({ cert, key }, (_request, response) => response.end('ok'));
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      // It listens on an address of TCP.
      url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    });
    after(async () => {
      server.close();
      server.closeAllConnections();
      await certificates.remove();
    });

    it('believe who has a certificate of those that are trusted, and nobody else', async () => {
      const calls = calling(readFileSync(certificates.ca, 'utf8'));
      expect((await calls.call(to(url))).body.toString()).to.equal('ok');
      expect(await failure(calls.call(to(url.replace('127.0.0.1', 'localhost'))))).to.match(/localhost|certificate/i);
      const other = await makeCertificates();
      expect(await failure(calling(readFileSync(other.ca, 'utf8')).call(to(url)))).to.match(
        /certificate|issuer|verify/i,
      );
      await other.remove();
    });
  });
});
