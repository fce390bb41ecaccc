import { readFileSync } from 'node:fs';
import net from 'node:net';
import { expect } from 'chai';
import { startElb } from '../fixtures/elb.ts';
import type { Elb } from '../fixtures/elb.ts';

const graph = {
  init: 'r1',
  rules: {
    r1: { type: 'ua', args: { pattern: 'httpie(\\S+)$', succ: 'r2', fail: 'r3' } },
    r2: { type: 'path', args: { pattern: '/blog', succ: 'r4', fail: 'r3' } },
    r3: { type: 'backend', args: { servername: 'up1' } },
    r4: { type: 'backend', args: { servername: 'up2' } },
  },
};

/** Every row begins with empty memory; `before` are calls that must succeed. */
interface Row {
  readonly title: string;
  readonly before?: readonly (readonly [method: string, resource: string, body: unknown])[];
  readonly call: readonly [method: string, resource: string, body?: unknown];
  readonly status: number;
  /** The whole body, byte for byte. */
  readonly text?: string;
  /** Where `text` is not given: pointers and messages of the problems. */
  readonly problems?: readonly (readonly [at: string, msg: RegExp])[];
  readonly headers?: Readonly<Record<string, string>>;
}

const OK = '{"msg":"OK"}\n';

const rows: readonly Row[] = [
  { title: 'no domains', call: ['GET', 'domain'], status: 200, text: '{}\n' },
  { title: 'no upstreams', call: ['GET', 'upstream'], status: 200, text: '{}\n' },
  { title: 'PUT domain', call: ['PUT', 'domain', { 'a.test': graph }], status: 200, text: OK },
  {
    title: 'GET domain shows documents as they came',
    before: [['PUT', 'domain', { 'b.test': graph }]],
    call: ['GET', 'domain'],
    status: 200,
    text: `${JSON.stringify({ 'b.test': graph })}\n`,
  },
  {
    title: 'PUT domain keeps the others',
    before: [
      ['PUT', 'domain', { 'a.test': graph }],
      ['PUT', 'domain', { 'b.test': graph }],
    ],
    call: ['GET', 'domain'],
    status: 200,
    text: `${JSON.stringify({ 'a.test': graph, 'b.test': graph })}\n`,
  },
  { title: 'PUT no domain', call: ['PUT', 'domain', {}], status: 200, text: OK },
  {
    title: 'DELETE domain, known and unknown',
    before: [['PUT', 'domain', { 'a.test': graph }]],
    call: ['DELETE', 'domain', ['a.test', 'nope']],
    status: 200,
    text: OK,
  },
  {
    title: 'PUT upstream',
    call: ['PUT', 'upstream', { up1: { '127.0.0.1:8088': '' } }],
    status: 200,
    text: OK,
  },
  {
    title: 'GET upstream as its documentation shows it',
    before: [['PUT', 'upstream', { up1: { '127.0.0.1:8089': '' } }]],
    call: ['GET', 'upstream'],
    status: 200,
    text: '{"up1":[{"addr":"127.0.0.1:8089","name":"127.0.0.1:8089","weight":1,"max_fails":1,"fail_timeout":10}]}\n',
  },
  {
    title: 'GET upstream shows backup and down where set',
    before: [
      [
        'PUT',
        'upstream',
        { u: { '10.0.0.1:80': 'weight=5 max_fails=3 fail_timeout=30s backup', '10.0.0.2:80': 'down' } },
      ],
    ],
    call: ['GET', 'upstream'],
    status: 200,
    text:
      '{"u":[{"addr":"10.0.0.1:80","name":"10.0.0.1:80","weight":5,"max_fails":3,"fail_timeout":30,"backup":true},' +
      '{"addr":"10.0.0.2:80","name":"10.0.0.2:80","weight":1,"max_fails":1,"fail_timeout":10,"down":true}]}\n',
  },
  {
    title: 'PUT upstream replaces it',
    before: [
      ['PUT', 'upstream', { u: { '10.0.0.1:80': '', '10.0.0.2:80': '' } }],
      ['PUT', 'upstream', { u: { '10.0.0.3:80': '' } }],
    ],
    call: ['GET', 'upstream'],
    status: 200,
    text: '{"u":[{"addr":"10.0.0.3:80","name":"10.0.0.3:80","weight":1,"max_fails":1,"fail_timeout":10}]}\n',
  },
  {
    title: 'DELETE upstream tells which were there',
    before: [['PUT', 'upstream', { up1: { '10.0.0.1:80': '' } }]],
    call: ['DELETE', 'upstream', ['up1', 'nope', 'up1']],
    status: 200,
    text: '{"up1":true,"nope":404}\n',
  },
  {
    title: 'GET option shows what was put, without defaults',
    before: [['PUT', 'option', { up1: { balance: {} }, '10.0.0.1:80': { balance: { slow_start: '1m' } } }]],
    call: ['GET', 'option'],
    status: 200,
    text: '{"10.0.0.1:80":{"balance":{"slow_start":"1m"}},"up1":{"balance":{}}}\n',
  },
  {
    title: 'DELETE option tells which were there',
    before: [['PUT', 'option', { up1: {} }]],
    call: ['DELETE', 'option', ['up1', 'nope']],
    status: 200,
    text: '{"up1":true,"nope":404}\n',
  },
  {
    title: 'GET document shows everything, servers by their parameters',
    before: [
      ['PUT', 'domain', { 'a.test': graph }],
      ['PUT', 'upstream', { up1: { '10.0.0.1:80': 'down weight=2', '10.0.0.2:80': 'weight=1' }, none: {} }],
      ['PUT', 'option', { up1: {} }],
    ],
    call: ['GET', 'document'],
    status: 200,
    text: `${JSON.stringify({
      domains: { 'a.test': graph },
      graphs: {},
      upstreams: { none: {}, up1: { '10.0.0.1:80': 'weight=2 down', '10.0.0.2:80': '' } },
      options: { up1: {} },
      tls: {},
    })}\n`,
  },
  {
    title: 'PUT document puts and removes in all sections, and keeps the others',
    before: [
      ['PUT', 'document', { domains: { 'a.test': graph }, upstreams: { up1: {}, up2: {} } }],
      ['PUT', 'document', { domains: { 'A.test': null }, upstreams: { up2: null, nope: null }, options: { up1: {} } }],
    ],
    call: ['GET', 'document'],
    status: 200,
    text: '{"domains":{},"graphs":{},"upstreams":{"up1":{}},"options":{"up1":{}},"tls":{}}\n',
  },
  {
    title: 'PUT document that replaces removes what its sections do not name',
    before: [
      ['PUT', 'document', { domains: { 'a.test': graph }, upstreams: { up1: {} }, options: { up1: {}, up2: {} } }],
      ['PUT', 'document?replace=1', { upstreams: { up2: {} }, options: { up2: {} } }],
    ],
    call: ['GET', 'document'],
    status: 200,
    text: `${JSON.stringify({ domains: { 'a.test': graph }, graphs: {}, upstreams: { up2: {} }, options: { up2: {} }, tls: {} })}\n`,
  },
  {
    title: 'PUT document with mistakes in all sections',
    call: [
      'PUT',
      'document',
      { domains: { up: { init: 'r1', rules: {} } }, upstreams: { up: { x: 5 } }, options: { up: { x: {} } } },
    ],
    status: 400,
    problems: [
      ['/domains/up/init', /r1/],
      ['/upstreams/up/x', /text/],
      ['/options/up/x', /not known/],
    ],
  },
  {
    title: 'PUT document with sections that are none',
    call: ['PUT', 'document', { domain: {}, toString: {}, upstreams: [] }],
    status: 400,
    problems: [
      ['/domain', /unknown section/],
      ['/toString', /unknown section/],
      ['/upstreams', /must be an object, not an array/],
    ],
  },
  {
    title: 'options with mistakes',
    call: ['PUT', 'option', { up1: { balance: { slow_start: 5 }, x: {} }, 'a b': {} }],
    status: 400,
    problems: [
      ['/up1/x', /is not known; there are balance/],
      ['/up1/balance/slow_start', /string/],
      ['/a b', /is not the name of an upstream/],
    ],
  },
  {
    title: 'DELETE of names that objects have by themselves',
    call: ['DELETE', 'upstream', ['__proto__', 'constructor']],
    status: 200,
    text: '{"__proto__":404,"constructor":404}\n',
  },
  { title: 'PUT dump', call: ['PUT', 'dump'], status: 200, text: OK },
  {
    title: 'HEAD is GET without a body',
    call: ['HEAD', 'domain'],
    status: 200,
    text: '',
    headers: { 'content-length': '3' },
  },

  { title: 'unknown resource', call: ['GET', 'zzz'], status: 404, problems: [['', /no such resource/]] },
  {
    title: 'unknown resource below one',
    call: ['GET', 'domain/a.test'],
    status: 404,
    problems: [['', /no such resource/]],
  },
  { title: 'no resource', call: ['GET', ''], status: 404, problems: [['', /no such resource/]] },
  {
    title: 'a name that objects have by themselves',
    call: ['GET', 'constructor'],
    status: 404,
    problems: [['', /no such/]],
  },
  {
    title: 'POST domain',
    call: ['POST', 'domain', {}],
    status: 405,
    problems: [['', /method/]],
    headers: { allow: 'GET, HEAD, PUT, DELETE' },
  },
  { title: 'GET dump', call: ['GET', 'dump'], status: 405, problems: [['', /method/]], headers: { allow: 'PUT' } },
  { title: 'PUT without body', call: ['PUT', 'domain'], status: 400, problems: [['', /^no body$/]] },
  { title: 'PUT with an empty body', call: ['PUT', 'domain', ''], status: 400, problems: [['', /^no body$/]] },
  { title: 'DELETE without body', call: ['DELETE', 'domain'], status: 400, problems: [['', /^no body$/]] },
  {
    title: 'bad JSON',
    call: ['PUT', 'domain', '{"a.test": {'],
    status: 400,
    problems: [['', /^bad JSON: .*position 12/]],
  },
  { title: 'a name twice', call: ['PUT', 'upstream', '{"a":{},"a":{}}'], status: 400, problems: [['/a', /twice/]] },
  { title: 'an array for an object', call: ['PUT', 'domain', []], status: 400, problems: [['', /must be an object/]] },
  {
    title: 'null for an object',
    call: ['PUT', 'upstream', 'null'],
    status: 400,
    problems: [['', /must be an object/]],
  },
  {
    title: 'an object for an array',
    call: ['DELETE', 'domain', {}],
    status: 400,
    problems: [['', /must be an array/]],
  },
  {
    title: 'names that are none',
    call: ['DELETE', 'upstream', ['a', 1, null]],
    status: 400,
    problems: [
      ['/1', /must be a string/],
      ['/2', /must be a string/],
    ],
  },
  {
    title: 'a graph with a cycle',
    call: [
      'PUT',
      'domain',
      {
        'a.test': {
          init: 'r1',
          rules: {
            r1: { type: 'path', args: { pattern: '/', succ: 'r2' } },
            r2: { type: 'path', args: { pattern: '/', fail: 'r1' } },
          },
        },
      },
    ],
    status: 400,
    problems: [['/a.test/rules/r', /cycle/]],
  },
  {
    title: 'two spellings of one domain',
    call: ['PUT', 'domain', { 'C.Test': graph, 'c.test.': graph }],
    status: 400,
    problems: [['/c.test.', /is the same domain as C\.Test/]],
  },
  {
    title: 'another spelling of a domain that is there',
    before: [['PUT', 'domain', { 'a.test': graph }]],
    call: ['PUT', 'domain', { 'A.test:80': graph }],
    status: 400,
    problems: [['/A.test:80', /is the same domain as a\.test/]],
  },
  {
    title: 'a graph larger than a store can hold',
    call: [
      'PUT',
      'domain',
      {
        'a.test': { ...graph, rules: { ...graph.rules, r5: { type: 'backend', args: { X: 'x'.repeat(1_100_000) } } } },
      },
    ],
    status: 400,
    problems: [['/a.test', /is \d+ bytes of JSON; a store holds 1048576/]],
  },
  {
    title: 'several wrong parameters of one server',
    call: ['PUT', 'upstream', { u: { '1.2.3.4:5': 'weight=x foo=1 weight=2' } }],
    status: 400,
    problems: [['/u/1.2.3.4:5', /weight .*; unknown parameter "foo"/]],
  },
  {
    title: 'a pattern that is none',
    call: ['PUT', 'domain', { 'a.test': { init: 'r1', rules: { r1: { type: 'ua', args: { pattern: '(' } } } } }],
    status: 400,
    problems: [['/a.test/rules/r1/args/pattern', /./]],
  },
  {
    title: 'a server that is none',
    call: ['PUT', 'upstream', { up1: { '127.0.0.1:80': 'weight=-1' } }],
    status: 400,
    problems: [['/up1/127.0.0.1:80', /weight/]],
  },
];

describe('admin API', function () {
  let elb: Elb;

  before(async () => {
    elb = await startElb({ env: { ELB_WORKERS: '2' } });
  });

  after(() => elb.stop());

  beforeEach(async () => {
    for (const resource of ['domain', 'upstream', 'option']) {
      const known = Object.keys((await elb.admin('GET', resource)).json() as object);
      await elb.admin('DELETE', resource, known);
    }
  });

  for (const row of rows) {
    it(`${row.title}: ${String(row.status)}`, async () => {
      for (const [method, resource, body] of row.before ?? []) {
        const { status, text } = await elb.admin(method, resource, body);
        expect([status, text]).to.deep.equal([200, OK]);
      }
      const [method, resource, body] = row.call;
      const answer = await elb.admin(method, resource, body);
      expect(answer.status, answer.text).to.equal(row.status);
      expect(answer.headers['content-type']).to.equal('application/json');
      expect(answer.headers).to.include(row.headers ?? { 'content-length': String(Buffer.byteLength(answer.text)) });
      if (row.text !== undefined) expect(answer.text).to.equal(row.text);
      else expectProblems(answer.text, row.problems ?? []);
    });
  }

  it('a refused call changes nothing, not even its good part', async () => {
    const call = await elb.admin('PUT', 'domain', {
      'a.test': graph,
      'b.test': { init: 'r1', rules: {} },
      'c.test': 1,
    });
    expect(call.status).to.equal(400);
    const { problems } = call.json() as { problems: { at: string }[] };
    expect(problems.map(({ at }) => at.split('/')[1])).to.include.members(['b.test', 'c.test']);
    expect((await elb.admin('GET', 'domain')).text).to.equal('{}\n');
  });

  it('a domain is deleted by any of its spellings', async () => {
    await elb.admin('PUT', 'domain', { 'c.test': graph });
    expect((await elb.admin('DELETE', 'domain', ['C.TEST.'])).text).to.equal(OK);
    expect((await elb.admin('GET', 'domain')).text).to.equal('{}\n');
  });

  it('answers on every host, before any domain', async () => {
    for (const host of ['a.test', 'nope.test:81', '127.0.0.1']) {
      expect((await elb.admin('GET', 'domain', undefined, { Host: host })).text).to.equal('{}\n');
    }
  });

  it('a change is in force in every worker when it is answered', async () => {
    for (let i = 0; i < 30; i++) {
      const name = `h${String(i)}.test`;
      await elb.admin('PUT', 'domain', { [name]: { init: 'r1', rules: { r1: { type: 'backend', args: {} } } } });
      // 404 is also "no domain"; the second change makes the difference visible: no edge, 403.
      await elb.admin('PUT', 'domain', {
        [name]: { init: 'r1', rules: { r1: { type: 'ua', args: { pattern: 'x' } } } },
      });
      const answers = await Promise.all(Array.from({ length: 4 }, () => elb.get('/', { Host: name })));
      expect(answers.map(({ status }) => status)).to.deep.equal([403, 403, 403, 403]);
    }
  });

  it('a body over 50 MB: 413', async () => {
    const head = `PUT /__erulb__/domain HTTP/1.1\r\nHost: a\r\nContent-Length: ${String(50 * 1024 * 1024 + 1)}\r\n\r\n`;
    expect(await firstLine(elb.port, head)).to.match(/^HTTP\/1.1 413 /);
  });

  it('a body of many megabytes is read', async () => {
    const servers = Object.fromEntries(
      Array.from({ length: 20_000 }, (_, i) => [`10.0.${String(i >> 8)}.${String(i & 255)}:80`, '']),
    );
    const padding = ' '.repeat(8 * 1024 * 1024);
    const answer = await elb.admin('PUT', 'upstream', `${padding}${JSON.stringify({ big: servers })}`);
    expect(answer.text).to.equal(OK);
    const upstreams = (await elb.admin('GET', 'upstream')).json() as { big: unknown[] };
    expect(upstreams.big).to.have.length(20_000);
  });

  it('the bound of bodies that are proxied is not that of the API, which answers in JSON', async () => {
    const small = await startElb({ env: { ELB_MAX_BODY: '1000' } });
    const many = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`${i}.test`, graph]));
    expect((await small.admin('PUT', 'domain', many)).text).to.equal(OK);
    const refused = await small.admin('PUT', 'domain', 'x', { 'Content-Length': String(60 * 1024 * 1024) });
    expect(refused.status).to.equal(413);
    expect(refused.headers['content-type']).to.equal('application/json');
    await small.stop();
  });

  it('what the client says about its address does not count', async () => {
    const fields = { 'X-Elb-Peer': '10.0.0.1', 'X-Forwarded-For': '10.0.0.1', 'X-Real-IP': '10.0.0.1' };
    expect((await elb.admin('GET', 'domain', undefined, fields)).status).to.equal(200);
  });
});

describe('admin API, kept', () => {
  it('a dump is there after a restart, backup servers too; what was not dumped is gone', async () => {
    const first = await startElb();
    await first.admin('PUT', 'domain', { 'a.test': graph });
    await first.admin('PUT', 'upstream', { up1: { '10.0.0.1:80': 'weight=3', '10.0.0.2:80': 'backup' } });
    const before = await Promise.all(['domain', 'upstream'].map((resource) => first.admin('GET', resource)));
    expect((await first.admin('PUT', 'dump')).text).to.equal(OK);
    await first.admin('PUT', 'domain', { 'b.test': graph });
    const kept = readFileSync(first.file, 'utf8');
    await first.stop();

    const second = await startElb({ file: kept });
    const after = await Promise.all(['domain', 'upstream'].map((resource) => second.admin('GET', resource)));
    await second.stop();
    expect(after.map(({ text }) => text)).to.deep.equal(before.map(({ text }) => text));
  });

  it('dump while the store is away: 503, and nothing changes', async () => {
    const elb = await startElb({ env: { ETCD: '127.0.0.1:1' }, loaded: false });
    await elb.admin('PUT', 'domain', { 'a.test': graph });
    const answer = await elb.admin('PUT', 'dump');
    expect(answer.status, answer.text).to.equal(503);
    expect(answer.json()).to.have.keys('msg', 'problems');
    expect((await elb.admin('GET', 'domain')).json()).to.deep.equal({ 'a.test': graph });
    await elb.stop();
  });
});

describe('admin API, guarded', () => {
  it('is closed to clients outside ELB_ADMIN_ALLOW', async () => {
    const elb = await startElb({ env: { ELB_ADMIN_ALLOW: '10.0.0.0/8' } });
    for (const [method, resource] of [
      ['GET', 'domain'],
      ['PUT', 'dump'],
      ['GET', 'zzz'],
      ['POST', 'domain'],
    ] as const) {
      const answer = await elb.admin(method, resource, undefined, {
        'X-Elb-Peer': '10.0.0.1',
        'X-Forwarded-For': '10.0.0.1',
      });
      expect(answer.status).to.equal(403);
      expectProblems(answer.text, [['', /not allowed/]]);
    }
    await elb.stop();
  });

  it('wants ELB_ADMIN_TOKEN where there is one', async () => {
    const elb = await startElb({ env: { ELB_ADMIN_TOKEN: 'open-sesame' } });
    const bare = await elb.admin('GET', 'domain');
    expect(bare.status).to.equal(401);
    expect(bare.headers['www-authenticate']).to.include('Bearer realm="elb"').and.include('Basic realm="elb"');
    const basic = `Basic ${Buffer.from('me:open-sesame').toString('base64')}`;
    expect((await elb.admin('GET', 'domain', undefined, { Authorization: basic })).status).to.equal(200);
    expect((await elb.admin('GET', 'domain', undefined, { Authorization: 'Bearer open' })).status).to.equal(401);
    await elb.stop();
  });
});

function expectProblems(text: string, expected: readonly (readonly [at: string, msg: RegExp])[]): void {
  expect(text.endsWith('\n')).to.equal(true);
  const { msg, problems } = JSON.parse(text) as { msg: string; problems: { at: string; msg: string }[] };
  expect(msg).to.be.a('string').and.not.equal('');
  expect(problems.length, text).to.equal(expected.length);
  for (const [i, [at, pattern]] of expected.entries()) {
    expect(problems[i]?.at.startsWith(at), text).to.equal(true);
    expect(problems[i]?.msg).to.match(pattern);
  }
}

function firstLine(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.setEncoding('latin1');
    socket.on('error', reject);
    socket.on('data', (part: string) => {
      resolve(part.split('\r\n')[0] ?? '');
      socket.destroy();
    });
  });
}
