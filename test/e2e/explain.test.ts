import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { expect } from 'chai';
import { startElb, type Elb } from '../fixtures/elb.ts';
import { TestCa } from '../fixtures/test-ca.ts';

/** What these tests look at of an explanation. */
interface Told {
  readonly request: { readonly head: string };
  readonly domain: string | null;
  readonly nodes: readonly {
    readonly node: string;
    readonly graph: string | null;
    readonly type: string;
    readonly verdict: string | null;
    readonly next: string | null;
    readonly why: string;
    readonly read: readonly { readonly what: string; readonly value: string | null }[];
    readonly changes: readonly { readonly what: string; readonly after: unknown }[];
  }[];
  readonly rewrite: object | null;
  readonly decision: { readonly kind: string; readonly status?: number; readonly ending?: string };
  readonly upstream: {
    readonly name: string;
    readonly servers: readonly { readonly address: string }[];
  } | null;
  readonly server: string | null;
  readonly head: string | null;
}

describe('explain of the program', () => {
  let elb: Elb;
  let port: number;
  const ca = new TestCa();
  const seen: string[] = [];
  const server = createServer((request, response) => {
    const lines = request.rawHeaders.map((text, i) => (i % 2 === 0 ? `${text}: ` : `${text}\r\n`)).join('');
    seen.push(`${request.method ?? ''} ${request.url ?? ''} HTTP/1.1\r\n${lines}\r\n`);
    response.end();
  });

  before(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo); // it listens on TCP
    elb = await startElb({
      env: { ELB_WORKERS: '2' },
      file: {
        domains: {
          'a.test': {
            init: 'r1',
            rules: {
              r1: { type: 'ua', args: { pattern: 'httpie', succ: 'r2', fail: 'r4' } },
              r2: { type: 'path', args: { pattern: '^/blog(/.*)', regex: true, rewrite: true, succ: 'r3' } },
              r3: { type: 'backend', args: { servername: 'up', 'X-From': 'graph' } },
              r4: { type: 'redirect', args: { to: 'https://b.test/', status: 302 } },
            },
          },
        },
        upstreams: { up: { [`127.0.0.1:${port}`]: '', '127.0.0.1:1': 'down', '127.0.0.1:2': 'backup' } },
      },
    });
  });

  after(async () => {
    await elb.stop();
    server.close().closeAllConnections();
    ca.remove();
  });

  async function ask(query: string): Promise<Told> {
    const { status, text, json } = await elb.admin('GET', `explain?${query}`);
    expect(status, text).to.equal(200);
    return json() as Told;
  }

  it('tells the walk, the rewrite, every server and the head that a server then really gets', async () => {
    const told = await ask('url=http://a.test/blog/x%3Fq=1&header=User-Agent:%20HTTPie/1&header=X-Mine:%20yes');
    expect(told.nodes.map(({ node, type, verdict, next }) => [node, type, verdict, next])).to.deep.equal([
      ['r1', 'ua', 'succ', 'r2'],
      ['r2', 'path', 'succ', 'r3'],
      ['r3', 'backend', null, null],
    ]);
    expect(told.nodes[0]?.why).to.equal('field user-agent is "HTTPie/1"; pattern: "httpie": succ, to r2');
    expect(told.nodes[1]?.read).to.deep.equal([{ what: 'path', value: '/blog/x' }]);
    expect(told.nodes[1]?.changes).to.deep.include({ what: 'path', before: null, after: '/x' });
    expect(told.rewrite).to.deep.equal({ path: '/x', query: '?q=1' });
    const servers = new Map(told.upstream?.servers.map((one) => [one.address, one]));
    expect(servers.get(`127.0.0.1:${port}`)).to.deep.include({
      usable: true,
      chosen: true,
      why: ['chosen: round-robin'],
    });
    expect(servers.get('127.0.0.1:1')).to.deep.include({ usable: false, why: ['is down in its document'] });
    const backup = { usable: true, chosen: false, why: ['is a backup, and another one can be used'] };
    expect(servers.get('127.0.0.1:2')).to.deep.include(backup);
    expect([told.domain, told.server, seen.length]).to.deep.equal(['a.test', `127.0.0.1:${port}`, 0]);
    const socket = connect(elb.port, '127.0.0.1');
    socket.write('GET /blog/x?q=1 HTTP/1.1\r\nHost: a.test\r\nUser-Agent: HTTPie/1\r\nX-Mine: yes\r\n\r\n');
    await once(socket, 'data');
    socket.destroy();
    expect(seen).to.deep.equal([told.head]);
  });

  it('tells of a missing edge, an answer of the graph, and what no domain has', async () => {
    const missing = await ask('url=http://a.test/shop&header=User-Agent:httpie');
    expect([missing.decision.kind, missing.decision.status, missing.decision.ending]).to.deep.equal([
      'fault',
      403,
      'forbidden',
    ]);
    expect(missing.nodes.at(-1)?.why).to.equal('r2 has no edge fail: refused');
    const answered = await ask('url=http://a.test/');
    expect([answered.decision.kind, answered.decision.status]).to.deep.equal(['answer', 302]);
    const nobody = await ask('url=http://b.test/');
    expect([nobody.domain, nobody.decision.status]).to.deep.equal([null, 404]);
  });

  it('takes a description or a whole request in a body, which may be bad as HTTP', async () => {
    const post = async (body: object): Promise<Told> => {
      const { status, text, json } = await elb.admin('POST', 'explain', body);
      expect(status, text).to.equal(200);
      return json() as Told;
    };
    const described = await post({
      url: '/blog/y',
      headers: { host: 'a.test', 'user-agent': ['httpie'] },
      client: '::1',
    });
    expect(described.head).to.match(/^GET \/y HTTP\/1\.1\r\nhost: a\.test\r\n[^]*X-Real-IP: ::1\r\n/);
    const whole = await post({ request: 'GET /blog/z HTTP/1.1\r\nHost: a.test\r\nUser-Agent: httpie\r\n\r\n' });
    expect(whole.head).to.match(/^GET \/z /);
    const bad = await post({ request: 'GET /blog HTTP/1.1\nHost: a.test\n\n' });
    expect([bad.decision.status, bad.decision.ending]).to.deep.equal([400, 'bad_line_end']);
  });

  it('tells how it would be over TLS and by HTTP/2', async () => {
    const told = await ask('url=https://a.test/blog/x&header=User-Agent:httpie&protocol=h2');
    expect(told.head).to.match(
      /^GET \/x HTTP\/1\.1\r\nHost: a\.test\r\nuser-agent: httpie\r\n[^]*X-Forwarded-Proto: https\r\n/,
    );
    const refused = await ask('url=https://a.test/&header=Connection:close&protocol=h2');
    expect([refused.decision.status, refused.decision.ending]).to.deep.equal([400, 'bad_h2_field']);
  });

  it('tells how it would be with a client certificate, or another name or version of TLS', async () => {
    const verdicts = async (tls: object, url = 'https://tls.test/'): Promise<string> => {
      const { status, text, json } = await elb.admin('POST', 'explain', { url, tls });
      expect(status, text).to.equal(200);
      const { nodes } = json() as Told; // the shape of the admin API
      return nodes.map(({ node, verdict }) => `${node}:${String(verdict)}`).join(' ');
    };
    const rules = { client_certificates: { mode: 'optional', ca: ca.certificate } };
    expect((await elb.admin('PUT', 'tls', { 'tls.test': rules })).status).to.equal(200);
    const step = (args: object, succ: string): object => ({ type: 'tls', args: { ...args, succ, fail: 'other' } });
    const respond = (status: number): object => ({ type: 'respond', args: { status } });
    const graph = {
      init: 'version',
      rules: {
        version: step({ version: ['TLSv1.2'] }, 'certificate'),
        certificate: step({ subject: { exact: 'CN=ann' }, fingerprint: { exact: 'abcd' } }, 'known'),
        known: respond(200),
        other: respond(204),
      },
    };
    const put = await elb.admin('PUT', 'domain', { 'tls.test': graph, 'plain.test': graph });
    expect(put.status, put.text).to.equal(200);
    const ann = { subject: 'CN=ann', fingerprint: 'AB:CD' };
    expect(await verdicts({})).to.equal('version:fail other:null');
    expect(await verdicts({ version: 'TLSv1.2' })).to.equal('version:succ certificate:fail other:null');
    expect(await verdicts({ version: 'TLSv1.2', certificate: ann })).to.equal(
      'version:succ certificate:succ known:null',
    );
    expect(await verdicts({ version: 'TLSv1.2', certificate: { ...ann, verified: false } })).to.include(
      'certificate:fail',
    );
    // Who is not asked for a certificate shows none; who asked for another name is at the wrong place.
    expect(await verdicts({ version: 'TLSv1.2', certificate: ann }, 'https://plain.test/')).to.include(
      'certificate:fail',
    );
    expect(await verdicts({ server_name: 'plain.test' })).to.equal('');
    // A whole certificate tells what a connection would: of it only whether it is trusted is supposed.
    const { certificate: pem } = ca.issue({ subject: '/CN=ann', names: ['DNS:ann.test'] });
    const { fingerprint256, serialNumber } = new X509Certificate(pem);
    const shown = {
      subject: { exact: 'CN=ann' },
      name: { exact: 'DNS:ann.test' },
      serial: { exact: serialNumber },
      fingerprint: { exact: fingerprint256.replaceAll(':', '').toLowerCase() },
    };
    const whole = { ...graph, init: 'certificate', rules: { ...graph.rules, certificate: step(shown, 'known') } };
    const changed = await elb.admin('PUT', 'domain', { 'tls.test': whole });
    expect(changed.status, changed.text).to.equal(200);
    expect(await verdicts({ certificate: { pem } })).to.equal('certificate:succ known:null');
    expect(await verdicts({ certificate: { pem, verified: false } })).to.equal('certificate:fail other:null');
    const late = ca.issue({
      subject: '/CN=ann',
      names: ['DNS:ann.test'],
      from: '20200101000000Z',
      until: '20200201000000Z',
    });
    expect(await verdicts({ certificate: { pem: late.certificate } })).to.equal('certificate:fail other:null');
  });

  it('knows the node that a walk comes to in a shared graph from its namesake in the domain', async () => {
    const gate = {
      init: 'r',
      rules: {
        r: { type: 'ua', args: { pattern: 'bot', succ: 'w', fail: 'x' } },
        w: { type: 'return', args: { exit: 'out' } },
        x: { type: 'return', args: {} },
      },
    };
    const front = {
      init: 'r',
      rules: {
        r: { type: 'include', args: { graph: 'gate', next: 'w', exits: { out: 'g' } } },
        w: { type: 'respond', args: { status: 204 } },
        g: { type: 'goto', args: { domain: 'a.test' } },
      },
    };
    await elb.admin('PUT', 'document', { graphs: { gate }, domains: { 'front.test': front } });
    const steps = async (agent: string): Promise<unknown> =>
      (await ask(`url=http://front.test/&header=User-Agent:${agent}`)).nodes.map(({ node, graph, type, verdict }) => [
        node,
        graph,
        type,
        verdict,
      ]);
    expect(await steps('me')).to.deep.equal([
      ['r', null, 'include', ''],
      ['r', 'graph/gate', 'ua', 'fail'],
      ['x', 'graph/gate', 'return', 'next'],
      ['w', null, 'respond', null],
    ]);
    expect(await steps('bot')).to.deep.equal([
      ['r', null, 'include', ''],
      ['r', 'graph/gate', 'ua', 'succ'],
      ['w', 'graph/gate', 'return', 'exits/out'],
      ['g', null, 'goto', ''],
      ['r1', 'domain/a.test', 'ua', 'fail'],
      ['r4', 'domain/a.test', 'redirect', null],
    ]);
  });

  it('takes fields as lines, in their order', async () => {
    const headers = ['Host: a.test', 'X-Way: 1', 'X-Other: 2', 'x-way:3 '];
    const { json } = await elb.admin('POST', 'explain', { url: '/', headers });
    expect((json() as Told).request.head).to.equal(
      'GET / HTTP/1.1\r\nHost: a.test\r\nX-Way: 1\r\nX-Other: 2\r\nx-way: 3\r\n\r\n',
    );
  });

  it('counts nothing and moves nothing on', async () => {
    const before = (await elb.admin('GET', 'metrics')).text
      .split('\n')
      .filter((line) => line.startsWith('elb_edge_hits'));
    for (let i = 0; i < 5; i++) await ask('url=http://a.test/blog/x&header=User-Agent:httpie');
    const after = (await elb.admin('GET', 'metrics')).text
      .split('\n')
      .filter((line) => line.startsWith('elb_edge_hits'));
    expect(after).to.deep.equal(before);
  });

  for (const [what, call, at] of [
    ['no url', ['GET', 'explain'], '?url'],
    ['a field without a colon', ['GET', 'explain?url=/&header=x'], '?header'],
    ['what is no URL', ['GET', 'explain?url=ftp://a'], '/url'],
    ['a client that is no address', ['GET', 'explain?url=/&client=me'], '/client'],
    ['a line break in a field', ['POST', 'explain', { url: '/', headers: { a: 'b\r\nc: d' } }], '/headers/a'],
    ['a protocol that there is not', ['GET', 'explain?url=/&protocol=h3'], '?protocol'],
    ['the same in a body', ['POST', 'explain', { url: '/', protocol: 'h3' }], '/protocol'],
    ['an unknown member', ['POST', 'explain', { uri: '/' }], '/uri'],
    ['TLS of an http URL', ['POST', 'explain', { url: 'http://a.test/', tls: {} }], '/tls'],
    [
      'a version of TLS that there is not',
      ['POST', 'explain', { url: 'https://a.test/', tls: { version: '1' } }],
      '/tls/version',
    ],
    [
      'a certificate that is none',
      ['POST', 'explain', { url: 'https://a.test/', tls: { certificate: 1 } }],
      '/tls/certificate',
    ],
    [
      'what no certificate has',
      ['POST', 'explain', { url: 'https://a.test/', tls: { certificate: { cn: 'a' } } }],
      '/tls/certificate/cn',
    ],
    [
      'a file that is no certificate',
      ['POST', 'explain', { url: 'https://a.test/', tls: { certificate: { pem: 'ann' } } }],
      '/tls/certificate/pem',
    ],
    [
      'a certificate in a file that is told beside it',
      ['POST', 'explain', { url: 'https://a.test/', tls: { certificate: { pem: 'ann', subject: 'CN=ann' } } }],
      '/tls/certificate/subject',
    ],
    ['a line that is no field', ['POST', 'explain', { url: '/', headers: ['a: b', 'c'] }], '/headers/1'],
    ['a head without an end', ['POST', 'explain', { request: 'GET / HTTP/1.1\r\n' }], '/request'],
    ['an array', ['POST', 'explain', []], ''],
  ] as const) {
    it(`refuses ${what}`, async () => {
      const [method, resource, body] = call;
      const { status, json } = await elb.admin(method, resource, body);
      expect(status).to.equal(400);
      expect((json() as { problems: { at: string }[] }).problems.map((problem) => problem.at)).to.include(at);
    });
  }
});
