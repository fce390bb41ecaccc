import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { startElb } from '../fixtures/elb.ts';
import type { Elb } from '../fixtures/elb.ts';
import { runElbctl } from '../fixtures/elbctl.ts';
import type { Ended } from '../fixtures/elbctl.ts';
import { TestCa } from '../fixtures/test-ca.ts';

describe('elbctl, what people read', function () {
  this.timeout(60_000);
  const ca = new TestCa();
  let elb: Elb;
  let server: Server;
  let address = '';

  before(async () => {
    server = createServer((request, response) => {
      response.statusCode = request.url === '/lost' ? 404 : 200;
      response.end('hello\n');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    address = `127.0.0.1:${String((server.address() as AddressInfo).port)}`; // it listens on TCP
    const graph = {
      init: 'agent',
      rules: {
        agent: { type: 'ua', args: { pattern: 'httpie', succ: 'cut', fail: 'web' } },
        cut: { type: 'path', args: { pattern: '^/blog(/.*)', regex: true, rewrite: true, succ: 'web', fail: 'web' } },
        web: { type: 'backend', args: { servername: 'web' } },
      },
    };
    const many = {
      init: 'all',
      rules: {
        all: { type: 'aggregate', args: { routes: [{ path: '/one', to: 'web' }, { to: 'none' }] } },
        web: { type: 'backend', args: { servername: 'web' } },
        none: { type: 'respond', args: { status: 404 } },
      },
    };
    const copied = {
      init: 'first',
      rules: {
        first: { type: 'mirror', args: { upstream: 'next', next: 'agent' } },
        agent: { type: 'ua', args: { pattern: 'refused', succ: 'none', fail: 'second' } },
        second: { type: 'mirror', args: { upstream: 'web', next: 'web' } },
        web: { type: 'backend', args: { servername: 'web' } },
        none: { type: 'respond', args: { status: 404 } },
      },
    };
    const shown = {
      init: 'shown',
      rules: {
        shown: { type: 'tls', args: { version: ['TLSv1.3'], subject: { exact: 'CN=ann' }, succ: 'web', fail: 'none' } },
        web: { type: 'backend', args: { servername: 'web' } },
        none: { type: 'respond', args: { status: 404 } },
      },
    };
    elb = await startElb({
      file: {
        tls: { 'shown.test': { client_certificates: { mode: 'optional', ca: ca.certificate } } },
        domains: { 'a.test': graph, 'shown.test': shown, 'many.test': many, 'copied.test': copied },
        upstreams: { web: { [address]: '', '127.0.0.1:1': 'down' } },
      },
    });
    await elb.get('/blog/x', { Host: 'a.test', 'User-Agent': 'httpie' });
    await elb.get('/lost', { Host: 'a.test' });
  });

  after(async () => {
    await elb.stop();
    server.close().closeAllConnections();
    ca.remove();
  });

  const ctl = (...args: readonly string[]): Promise<Ended> => runElbctl(args, { ELB_URL: elb.url });

  async function did(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await ctl(...args);
    expect(code, stderr).to.equal(0);
    return stdout;
  }

  it('explain: the walk, what was changed, the decision, each server, and the heads', async () => {
    const told = await did('explain', 'a.test/blog/x?y=1', '-H', 'User-Agent: httpie', '--show', 'all');
    expect(told).to.match(/^GET a\.test\/blog\/x\?y=1 from 127\.0\.0\.1\ndomain a\.test\n/);
    expect(told).to.match(
      /\nNODE +TYPE +VERDICT +WHY\nagent +ua +succ → cut +field user-agent is "httpie".*\ncut +path +/,
    );
    expect(told).to.match(/\nweb +backend +decides/);
    expect(told).to.include('\ncut changes path: nothing → /x\n');
    expect(told).to.include(`\ngoes to ${address} of upstream web\n`);
    expect(told).to.match(/\nSERVER +CHOICE +WEIGHT +IN FLIGHT +WHY\n/);
    expect(told).to.match(new RegExp(`\\n${RegExp.escape(address)} +chosen +1 +0 +chosen: round-robin\\n`));
    expect(told).to.match(/\n127\.0\.0\.1:1 +out +1 +0 +is down in its document\n/);
    expect(told).to.match(
      /\ncomes as\n {2}GET \/blog\/x\?y=1 HTTP\/1\.1\n[^]*\nis sent as\n {2}GET \/x\?y=1 HTTP\/1\.1\n/,
    );
    const refused = await did('explain', 'nobody.test/');
    expect(refused).to.match(/\nno domain has this host\n\nanswered 404 \(no_domain\): /);
  });

  it('explain: by HTTP/2 and TLS as it would be', async () => {
    const told = await did('explain', 'https://a.test/x', '--http2', '-H', 'X-Mine: 1', '--show', 'heads');
    expect(told).to.match(
      /is sent as\n {2}GET \/x HTTP\/1\.1\n {2}Host: a\.test\n {2}x-mine: 1\n[^]*X-Forwarded-Proto: https\n/,
    );
  });

  it('explain: for a client with a certificate, which its domain trusts or not, and another version of TLS', async () => {
    const ann = 'ann.pem';
    writeFileSync(ca.path(ann), ca.issue({ subject: '/CN=ann' }).certificate);
    const told = (...args: readonly string[]): Promise<string> => did('explain', 'https://shown.test/', ...args);
    expect(await told('--cert', ca.path(ann))).to.match(/\nshown +tls +succ → web /);
    expect(await told('--cert', ca.path(ann), '--untrusted')).to.match(/\nshown +tls +fail → none /);
    expect(await told('--cert', ca.path(ann), '--tls', 'TLSv1.2')).to.match(/\nshown +tls +fail → none /);
    expect(await told('--server-name', 'a.test')).to.include('\nanswered 421 (misdirected): ');
    const bad = async (...args: readonly string[]): Promise<string> => {
      const { code, stderr } = await ctl('explain', ...args);
      expect(code).to.equal(2);
      return stderr;
    };
    expect(await bad('a.test/x', '--cert', ca.path(ann))).to.match(
      /of requests by TLS\n.*ask for https:\/\/a\.test\/x\n$/,
    );
    expect(await bad('https://a.test/', '--untrusted')).to.match(/--cert FILE\n$/);
    expect(await bad('https://a.test/', '--tls', 'SSLv3')).to.match(/TLSv1\.2/);
    expect(await bad('https://a.test/', '--cert', ca.path('nothing.pem'))).to.include('nothing.pem');
    const noField = await ctl('explain', 'a.test/', '-H', 'X-A: 1', '-H', 'no field');
    expect([noField.code, noField.stderr]).to.satisfy(([code, text]: [number, string]) => {
      return code === 3 && /headers\/1/.test(text) && /NAME: VALUE/.test(text);
    });
  });

  it('explain: who is sent a copy, where anybody is', async () => {
    expect(await did('explain', 'copied.test/')).to.match(/\ngoes to .*\na copy goes to next, web\n/);
    expect(await did('explain', 'copied.test/', '-H', 'User-Agent: refused')).to.not.include('a copy');
    expect(await did('explain', 'a.test/')).to.not.include('a copy');
  });

  it('explain: each request that is made of one', async () => {
    const told = await did('explain', 'many.test/x');
    expect(told).to.include('\nthe graph answers with the replies of 2 routes\n');
    expect(told).to.match(
      /\nroutes\/0\/to\nNODE +TYPE +VERDICT +WHY\nweb +backend +decides .*\ngoes to 127\.0\.0\.1:\d+ of upstream web\n/,
    );
    expect(told).to.match(/\nroutes\/1\/to\n[^]*\nnone +respond +decides [^]*\nthe graph answers 404\n/);
  });

  it('requests: the newest first, with their tries; stats: of domains, upstreams, servers, paths and clients', async () => {
    const requests = await did('requests', '--domain', 'a.test');
    const rows = requests.split('\n');
    expect(rows[1]).to.match(/ 404 +[\d.]+ +GET +a\.test\/lost +127\.0\.0\.1 +agent→web /);
    expect(rows[2]).to.match(/ 200 +[\d.]+ +GET +a\.test\/blog\/x +127\.0\.0\.1 +agent→cut→web /);
    expect(requests).to.include(address);
    expect(
      (await did('requests', '--status', '4xx')).split('\n').filter((row) => row.includes(' GET ')),
    ).to.have.length(1);
    for (const [what, first] of [
      ['domains', 'a\\.test'],
      ['upstreams', 'web'],
      ['servers', 'web'],
      ['paths', '/'],
      ['clients', '127\\.0\\.0\\.1'],
    ] as const) {
      const table = await did('stats', what);
      expect(table, what).to.match(new RegExp(`^up [\\d.]+s, 2 requests[^]*\\n${first}`));
    }
  });

  it('cert: put from two files, listed without its key, deleted; a bad pair is refused', async () => {
    const names = ['DNS:a.test', 'DNS:www.a.test'];
    const [good, other] = [ca.issue({ names }), ca.issue({ names })];
    expect(good.certificate).to.not.equal(other.certificate);
    const file = (name: string, text: string): string => {
      writeFileSync(ca.path(name), text);
      return ca.path(name);
    };
    const [chain, key, otherKey] = [
      file('good.pem', good.certificate),
      file('good.key', good.key),
      file('other.key', other.key),
    ];
    const mixed = await ctl('put', 'cert', 'shop', chain, otherKey);
    expect([mixed.code, mixed.stderr.includes('/shop')], mixed.stderr).to.deep.equal([3, true]);
    expect(await did('put', 'cert', 'shop', chain, key)).to.match(/1 added, 0 changed, 0 removed, revision \d+\n$/);
    const listed = await did('get', 'certs');
    expect(listed).to.match(/^CERTIFICATE +FOR +KEY +RUNS OUT IN +FROM\nshop +a\.test www\.a\.test +ec +.*store\n$/);
    const json = await did('get', 'cert', 'shop', '-o', 'json');
    expect(JSON.parse(json)).to.have.nested.property('shop.names').that.deep.equals(['a.test', 'www.a.test']);
    expect(json).to.not.include('PRIVATE');
    expect((await ctl('delete', 'cert', 'shop', 'shap')).code).to.equal(4);
    await did('delete', 'cert', 'shop');
    expect(await did('get', 'cert', '-o', 'json')).to.equal('{}\n');
  });

  it('an address that may not ask is told so', async () => {
    const closed = await startElb({ env: { ELB_ADMIN_ALLOW: '192.0.2.0/24' }, file: {} });
    const { code, stdout, stderr } = await runElbctl(['status'], { ELB_URL: closed.url });
    await closed.stop();
    expect([code, stdout]).to.deep.equal([5, '']);
    expect(stderr).to.match(/may not ask|ELB_ADMIN_ALLOW/);
  });
});
