import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type tls from 'node:tls';
import { expect } from 'chai';
import { runElb, startElb, type Elb } from '../fixtures/elb.ts';
import { freePorts } from '../fixtures/free-ports.ts';
import { graphOf, type Nodes } from '../fixtures/site.ts';
import { TestCa, type Pair } from '../fixtures/test-ca.ts';
import { SecureClient } from '../fixtures/tls-plane.ts';
import { until } from '../fixtures/until.ts';

/** What those who come from another edge router expect of TLS, with the whole program, curl and openssl. */
describe('TLS in the program', function () {
  this.timeout(30_000);
  const ca = new TestCa();
  const clients = new TestCa('CA of clients');
  const directory = mkdtempSync(join(tmpdir(), 'elb-rows-tls-'));
  const certs = mkdtempSync(join(directory, 'certs-'));
  const [plain = 0, secure = 0, firstOnly = 0] = freePorts(3);
  const waiting: ServerResponse[] = [];
  const server = createServer((request, response) => {
    if (request.url === '/slow') waiting.push(response);
    else response.end(JSON.stringify(request.headers));
  });
  let elb: Elb;

  const page = (body: string): Nodes => ({ page: ['respond', { body }] });
  const serves: Nodes = { all: ['backend', { servername: 'echo' }] };

  before(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo; // it listens on TCP
    file('own', ca.issue({ names: ['DNS:default.test'], subject: '/CN=default' }));
    const domains: Record<string, Nodes> = {
      'a.test': serves,
      'b.test': page('b'),
      'only.test:443': page('by TLS'),
      'clients.test': serves,
      '*': { none: ['respond', { status: 404, body: 'no website for hostname: ${host}' }] },
    };
    elb = await startElb({
      file: {
        domains: Object.fromEntries(Object.entries(domains).map(([name, nodes]) => [name, graphOf(nodes)])),
        upstreams: { echo: { [`127.0.0.1:${port}`]: '' } },
        tls: { 'clients.test': { client_certificates: { mode: 'required', ca: clients.certificate } } },
      },
      env: {
        ELB_LISTEN: `127.0.0.1:${plain},tls:127.0.0.1:${secure},h1:127.0.0.1:${firstOnly}`,
        ELB_CERTS: certs,
        ELB_TLS_DEFAULT: 'file:own',
        ELB_HEADER_TIMEOUT: '400ms',
        ELB_WORKERS: '2',
      },
    });
  });

  after(async () => {
    for (const response of waiting) response.end('late');
    await elb.stop();
    server.closeAllConnections();
    server.close();
    rmSync(directory, { recursive: true });
    for (const one of [ca, clients]) one.remove();
  });

  /** Puts a pair where `--certs` looks, at once. */
  function file(name: string, { certificate, key }: Pair): void {
    writeFileSync(join(directory, name), certificate + key);
    renameSync(join(directory, name), join(certs, `${name}.pem`));
  }
  const put = async (resource: string, body: object): Promise<void> => {
    const { status, text } = await elb.admin('PUT', resource, body);
    expect(status, text).to.equal(200);
  };
  const serialOf = async (servername: string, options: tls.ConnectionOptions = {}): Promise<string> => {
    const client = await SecureClient.connect(secure, { servername, ...options });
    const { serialNumber } = client.socket.getPeerCertificate();
    client.destroy();
    return serialNumber;
  };
  const subjectOf = async (servername: string): Promise<string> => {
    const client = await SecureClient.connect(secure, { servername });
    const { subject } = client.socket.getPeerCertificate();
    client.destroy();
    return String(subject.CN);
  };
  const curl = (...args: string[]): Promise<{ code: number; out: string }> =>
    new Promise((resolve) => {
      const hosts = ['a.test', 'b.test', 'only.test', 'clients.test', 'unknown.test'];
      const ports = [plain, secure, firstOnly];
      const resolved = hosts.flatMap((host) => ports.flatMap((port) => ['--resolve', `${host}:${port}:127.0.0.1`]));
      const child = execFile('curl', ['-sk', '-m', '10', ...resolved, ...args], (_error, out) =>
        resolve({ code: child.exitCode ?? -1, out }),
      );
    });
  const spoken = (...args: string[]): Promise<string> =>
    curl('-o', '/dev/null', '-w', '%{http_version} %{http_code}', ...args).then(({ out }) => out);

  it('a head that does not come to an end ends, in clear and by TLS', async () => {
    const slow = net.connect(plain, '127.0.0.1').on('error', () => undefined);
    slow.write('GET / HTTP/1.1\r\nHost: a.te');
    const client = await SecureClient.connect(secure, { servername: 'a.test' });
    client.socket.write('GET / HTTP/1.1\r\nHost: a.te');
    const [bytes] = (await once(slow, 'data')) as [Buffer];
    expect(String(bytes)).to.match(/^HTTP\/1\.1 408 /);
    if (!client.socket.destroyed) await once(client.socket, 'close');
    slow.destroy();
  });

  it('unknown hosts and bad ones, by the graph of all others', async () => {
    for (const url of [`http://unknown.test:${plain}/`, `https://unknown.test:${secure}/`])
      expect((await curl('-w', ' %{http_code}', url)).out).to.equal('no website for hostname: unknown.test 404');
    expect(await spoken('--http1.1', '-H', 'Host: a b', `http://a.test:${plain}/`)).to.equal('1.1 400');
  });

  it('one file with certificate and key serves every name, unknown ones and none', async () => {
    expect(await subjectOf('whatever.test')).to.equal('default');
    expect(await subjectOf('')).to.equal('default');
    const run = await runElb(['--certs', join(directory, 'missing'), '--listen', 'tls:127.0.0.1:0']);
    expect(run).to.include({ code: 2 });
    expect(run.stderr).to.match(/^elb: --certs \(ELB_CERTS\): .*missing" is not a directory\n$/);
  });

  it('a key that is not the certificate’s is 400', async () => {
    const { certificate } = ca.issue({ names: ['DNS:c.test'] });
    const { key } = ca.issue({ names: ['DNS:c.test'] });
    expect((await elb.admin('PUT', 'cert', { bad: { certificate, key } })).status).to.equal(400);
    expect((await elb.admin('PUT', 'cert', { bad: { certificate: 'no PEM', key } })).status).to.equal(400);
  });

  it('certificates by name: the exact one, then the wildcard above; a renewed one from the next handshake on', async () => {
    await put('cert', { a: ca.issue({ names: ['DNS:a.test'], subject: '/CN=exact' }) });
    await put('cert', { all: ca.issue({ names: ['DNS:*.test'], subject: '/CN=wild', keyType: 'rsa' }) });
    expect([await subjectOf('a.test'), await subjectOf('b.test'), await subjectOf('b.c.test')]).to.deep.equal([
      'exact',
      'wild',
      'default',
    ]);
    const before = await serialOf('a.test');
    const open = await SecureClient.connect(secure, { servername: 'a.test' });
    await put('cert', { a: ca.issue({ names: ['DNS:a.test'], subject: '/CN=exact' }) });
    expect(await serialOf('a.test')).not.to.equal(before);
    expect((await open.request('/', 'a.test')).status).to.equal(200);
    open.destroy();
  });

  it('where one goes, whatever overlaps with it takes over', async () => {
    expect(await subjectOf('a.test')).to.equal('exact');
    expect((await elb.admin('DELETE', 'cert', ['a'])).status).to.equal(200);
    expect(await subjectOf('a.test')).to.equal('wild');
  });

  it('HTTP/1.1 and HTTP/2 by TLS; in clear without HTTP/2 where the listener says so', async () => {
    expect(await spoken('--http2', `https://a.test:${secure}/`)).to.equal('2 200');
    expect(await spoken('--http1.1', `https://a.test:${secure}/`)).to.equal('1.1 200');
    expect(await spoken('--http1.0', `http://a.test:${plain}/`)).to.equal('1.1 200');
    expect(await spoken('--http2-prior-knowledge', `http://a.test:${plain}/`)).to.equal('2 200');
    const { code } = await curl('--http2-prior-knowledge', `http://a.test:${firstOnly}/`);
    expect(code).not.to.equal(0);
    expect(await spoken(`http://a.test:${firstOnly}/`)).to.equal('1.1 200');
  });

  it('servers are told the address of the client, whatever he says of it', async () => {
    for (const fields of [[], ['-H', 'X-Forwarded-For: 10.0.0.1'], ['-H', 'X-Real-IP: 10.0.0.1']]) {
      const { out } = await curl(...fields, `https://a.test:${secure}/`);
      const told = JSON.parse(out) as Record<string, string>;
      expect([told['x-forwarded-for'], told['x-real-ip']]).to.deep.equal(['127.0.0.1', '127.0.0.1']);
    }
  });

  it('a client that leaves is counted as 499', async () => {
    const client = await SecureClient.connect(secure, { servername: 'a.test' });
    client.socket.write('GET /slow HTTP/1.1\r\nHost: a.test\r\n\r\n');
    await until('the server has it', () => waiting.length === 1);
    client.destroy();
    await until('it is counted', async () =>
      /elb_requests_total\{domain="a\.test",code="499",[^}]*\} 1\n/.test((await elb.admin('GET', 'metrics')).text),
    );
  });

  it('certificates of clients are required and checked; without a good one it is 400', async () => {
    const { certificate, key } = clients.issue({ subject: '/CN=alice' });
    const stranger = ca.issue({ subject: '/CN=mallory' });
    const ask = async (options: tls.ConnectionOptions) => {
      const client = await SecureClient.connect(secure, { servername: 'clients.test', ...options });
      const reply = await client.request('/', 'clients.test');
      client.destroy();
      return reply;
    };
    expect(await ask({ cert: certificate, key })).to.include({ status: 200 });
    expect((await ask({ cert: certificate, key })).body).to.include('"x-client-cert-subject":"CN=alice"');
    expect((await ask({})).status).to.equal(400);
    expect((await ask({ cert: stranger.certificate, key: stranger.key })).status).to.equal(400);
  });

  it('a host that is for TLS only is not there in clear; one whose certificate is missing disturbs no other', async () => {
    const client = await SecureClient.connect(secure, { servername: 'only.test' });
    expect(await client.request('/', 'only.test:443')).to.include({ status: 200, body: 'by TLS' });
    client.destroy();
    expect(await spoken(`http://only.test:${plain}/`)).to.equal('1.1 404');
    const { certificate } = ca.issue({ names: ['DNS:d.test'] });
    expect((await elb.admin('PUT', 'cert', { d: { certificate } })).status).to.equal(400);
    expect(await spoken(`https://b.test:${secure}/`)).to.equal('2 200');
  });

  it('TLS 1.2 and 1.3, nothing older, nothing weak', async () => {
    const shake = (...args: string[]): Promise<string> =>
      new Promise((resolve) => {
        const given = ['s_client', '-connect', `127.0.0.1:${secure}`, '-servername', 'a.test', ...args];
        execFile('openssl', given, { timeout: 10_000 }, (_error, out) => {
          resolve(/^ *(?:New, (TLSv[\d.]+)|New, \(NONE\))/m.exec(out)?.[1] ?? 'none');
        }).stdin?.end();
      });
    expect(await shake('-tls1_3')).to.equal('TLSv1.3');
    expect(await shake('-tls1_2')).to.equal('TLSv1.2');
    for (const old of ['-tls1_1', '-tls1']) expect(await shake(old, '-cipher', 'ALL:@SECLEVEL=0')).to.equal('none');
    for (const weak of ['AES128-SHA', 'aNULL', 'DES-CBC3-SHA', 'DHE-RSA-AES128-SHA'])
      expect(await shake('-tls1_2', '-cipher', `${weak}:@SECLEVEL=0`), weak).to.equal('none');
  });

  it('a file that is replaced serves the next handshake, and no connection is lost', async () => {
    const before = await serialOf('default.test');
    const open = await SecureClient.connect(secure, { servername: 'default.test' });
    file('own', ca.issue({ names: ['DNS:default.test'], subject: '/CN=default' }));
    await until('it is served', async () => (await serialOf('default.test')) !== before, 2000);
    expect((await open.request('/', 'a.test')).status).to.equal(200);
    open.destroy();
  });

  it('what is under way is finished when the program is told to end', async () => {
    const before = waiting.length;
    const client = await SecureClient.connect(secure, { servername: 'a.test' });
    const reply = client.request('/slow', 'a.test');
    await until('the server has it', () => waiting.length === before + 1);
    elb.kill('SIGTERM');
    await elb.logged(({ msg }) => msg === 'draining');
    waiting.at(-1)?.setHeader('Content-Length', 4).end('late');
    expect(await reply).to.include({ status: 200, body: 'late' });
    expect(await elb.exited).to.deep.equal({ code: 0, signal: null });
  });
});
