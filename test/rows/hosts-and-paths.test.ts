import { expect } from 'chai';
import { rules } from '../../rules/index.ts';
import { compileGraph } from '../../lib/routing/compile.ts';
import { graphOf, Site, to, type Nodes } from '../fixtures/site.ts';

/** A request, and the upstream whose server answers it with the target that it was sent; or a status. */
type Case = readonly [line: string, answered: string | number];

/** What hosts and paths lead to, as other routers have it, asked for over sockets. */
describe('hosts and paths', () => {
  const site = new Site();
  afterEach(() => site.close());

  async function answers(cases: readonly Case[]): Promise<void> {
    for (const [line, answered] of cases) {
      const { got, status } = await site.ask(line);
      expect(got === null ? status : `${got.server} ${got.target}`, line).to.equal(answered);
    }
  }

  const nowhere: Nodes[string] = ['respond', { status: 404 }];

  it('a host is the same with and without a port, and in any case', async () => {
    await site.open({ domains: { 'app.example.com': 'app' }, servers: ['app'] });
    await answers([
      ['GET app.example.com/', 'app /'],
      ['GET app.example.com:8443/', 'app /'],
      ['GET App.Example.COM/', 'app /'],
      ['GET app.example.com./', 'app /'],
      ['GET www.app.example.com/', 404],
    ]);
  });

  it('a host may be found by an expression, anchored where it says so', async () => {
    const pattern = '^hellohttp\\.[^.]+\\.fn61\\.net$';
    await site.open({
      domains: { '*': { host: ['host', { pattern, succ: 'hello', fail: 'none' }], hello: to('hello'), none: nowhere } },
      servers: ['hello'],
    });
    await answers([
      ['GET hellohttp.dev.fn61.net/', 'hello /'],
      ['GET hellohttp.dev.fn61.net:8443/', 'hello /'],
      ['GET xhellohttp.dev.fn61.net/', 404],
      ['GET hellohttp.a.b.fn61.net/', 404],
      ['GET hellohttp.dev.fn61xnet/', 404],
    ]);
  });

  it('a prefix ends at the end of a segment', async () => {
    await site.open({
      domains: {
        'a.test': { foo: ['path', { segment: '/foo', succ: 'in', fail: 'out' }], in: to('foo'), out: to('root') },
        'b.test': { foo: ['path', { segment: '/foo/', succ: 'in', fail: 'out' }], in: to('foo'), out: to('root') },
        'c.test': { all: ['path', { segment: '/', succ: 'in', fail: 'out' }], in: to('foo'), out: to('root') },
      },
      servers: ['foo', 'root'],
    });
    for (const host of ['a.test', 'b.test'])
      await answers([
        [`GET ${host}/foo`, 'foo /foo'],
        [`GET ${host}/foo/`, 'foo /foo/'],
        [`GET ${host}/foo/stuff?a=/foo`, 'foo /foo/stuff?a=/foo'],
        [`GET ${host}/foobar`, 'root /foobar'],
        [`GET ${host}/`, 'root /'],
        [`GET ${host}/x?/foo`, 'root /x?/foo'],
      ]);
    await answers([
      ['GET c.test/', 'foo /'],
      ['GET c.test/x', 'foo /x'],
    ]);
  });

  it('a prefix is stripped, also where nothing is left of the path', async () => {
    await site.open({
      domains: {
        'a.test': {
          files: ['path', { segment: '/files', succ: 'strip', fail: 'none' }],
          strip: ['rewrite', { strip_prefix: '/files', next: 'server' }],
          server: to('files'),
          none: nowhere,
        },
      },
      servers: ['files'],
    });
    await answers([
      ['GET a.test/files/a.txt', 'files /a.txt'],
      ['GET a.test/files/', 'files /'],
      ['GET a.test/files', 'files /'],
      ['GET a.test/files?x=1', 'files /?x=1'],
      ['GET a.test/filesystem', 404],
    ]);
  });

  it('some paths go the same way on every host, known or not; then hosts by their longest prefix; then expressions', async () => {
    // What every host has is a shared graph: one document, which the graphs of all domains begin with.
    const everywhere = (next: string): Nodes[string] => ['include', { graph: 'everywhere', next }];
    const expressions: Nodes = {
      everywhere: everywhere('pattern'),
      pattern: ['host', { pattern: '^docs\\.', succ: 'any-docs', fail: 'pattern2' }],
      pattern2: ['host', { pattern: '\\.example\\.com$', succ: 'example', fail: 'none' }],
      'any-docs': to('any-docs'),
      example: to('example'),
      none: nowhere,
    };
    await site.open({
      graphs: {
        everywhere: {
          long: ['path', { segment: '/.well-known/acme-challenge', succ: 'acme', fail: 'short' }],
          short: ['path', { segment: '/.well-known', succ: 'well-known', fail: 'back' }],
          acme: to('acme'),
          'well-known': to('well-known'),
          back: ['return', {}],
        },
      },
      domains: {
        'docs.example.com': {
          everywhere: everywhere('paths'),
          paths: [
            'switch',
            {
              on: 'path',
              cases: [
                { prefix: '/foo/', to: 'foo' },
                { prefix: '/bar/', to: 'bar' },
                { prefix: '/foo/deep/', to: 'deep' },
                { exact: ['/', '/index'], to: 'root' },
              ],
              default: 'others',
            },
          ],
          foo: to('foo'),
          bar: to('bar'),
          deep: to('deep'),
          root: to('root'),
          // A host that is known, and no prefix of it: expressions are still tried.
          others: ['goto', { domain: '*' }],
        },
        '*': expressions,
      },
      servers: ['acme', 'well-known', 'foo', 'bar', 'deep', 'root', 'any-docs', 'example'],
    });
    await answers([
      ['GET docs.example.com/', 'root /'],
      ['GET docs.example.com/foo/x', 'foo /foo/x'],
      ['GET docs.example.com/foo/deep/x', 'deep /foo/deep/x'],
      ['GET docs.example.com/bar/', 'bar /bar/'],
      ['GET docs.example.com/other', 'any-docs /other'],
      ['GET docs.example.com/.well-known/acme-challenge/TOKEN', 'acme /.well-known/acme-challenge/TOKEN'],
      ['GET unknown.test/.well-known/acme-challenge/TOKEN', 'acme /.well-known/acme-challenge/TOKEN'],
      ['GET unknown.test/.well-known/security.txt', 'well-known /.well-known/security.txt'],
      ['GET unknown.test/.well-knownx', 404],
      ['GET docs.other.test/', 'any-docs /'],
      ['GET www.example.com/', 'example /'],
      ['GET unknown.test/', 404],
    ]);
  });

  it('what stands twice is told, and is not in force', () => {
    const cases = [
      { exact: '/a', to: 'n' },
      { exact: '/a', to: 'm' },
    ];
    const nodes: Nodes = { s: ['switch', { on: 'path', cases, default: null }], n: to('n'), m: to('m') };
    expect(compileGraph(graphOf(nodes), { rules, maxNodes: 100 }).problems).to.deep.equal([
      { at: '/rules/s/args/cases/1/exact', msg: 'names "/a", which a case before has' },
    ]);
  });

  it('rules in their order: the first that fits decides, and no path in it is none', async () => {
    await site.open({
      domains: {
        '*': {
          first: [
            'all',
            {
              of: [{ host: { exact: 'a.test' } }, { path: { exact: '/one' } }],
              succ: 'exact',
              fail: 'second',
            },
          ],
          second: [
            'any',
            {
              of: [
                { path: { exact: '/one' } },
                { path: { pattern: '/two' } },
                { path: { pattern: 'three$', regex: true } },
              ],
              succ: 'paths',
              fail: 'third',
            },
          ],
          third: ['host', { pattern: '^b', succ: 'b', fail: 'none' }],
          exact: to('exact'),
          paths: to('paths'),
          b: to('b'),
          none: nowhere,
        },
      },
      servers: ['exact', 'paths', 'b'],
    });
    await answers([
      ['GET a.test/one', 'exact /one'],
      ['GET a.test:8080/one', 'exact /one'],
      ['GET c.test/one', 'paths /one'],
      ['GET c.test/twofold', 'paths /twofold'],
      ['GET c.test/x/three', 'paths /x/three'],
      ['GET b.test/x', 'b /x'],
      ['GET c.test/x', 404],
    ]);
  });

  it('a method that does not fit one way is asked at the next, and 405 only where none has it', async () => {
    await site.open({
      domains: {
        'a.test': {
          path: ['path', { exact: '/x', succ: 'method', fail: 'none' }],
          method: [
            'switch',
            {
              on: 'method',
              cases: [
                { exact: 'POST', to: 'writer' },
                { exact: ['GET', 'HEAD'], to: 'reader' },
              ],
              default: 'others',
            },
          ],
          writer: to('writer'),
          reader: to('reader'),
          others: ['respond', { status: 405, headers: { Allow: 'GET, HEAD, POST' } }],
          none: nowhere,
        },
      },
      servers: ['writer', 'reader'],
    });
    await answers([
      ['POST a.test/x', 'writer /x'],
      ['GET a.test/x', 'reader /x'],
      ['DELETE a.test/x', 405],
      ['DELETE a.test/y', 404],
    ]);
    expect((await site.ask('PUT a.test/x')).fields.get('allow')).to.deep.equal(['GET, HEAD, POST']);
  });

  it('a field may send a request elsewhere, whatever its path has decided', async () => {
    await site.open({
      domains: {
        'a.test': {
          path: ['path', { pattern: '/pipeline', succ: 'field', fail: 'none' }],
          field: [
            'switch',
            {
              on: { header: 'X-Activity-No' },
              cases: [
                { exact: ['123456'], to: 'one' },
                { pattern: '^2[0-9]+$', to: 'two' },
              ],
              default: 'usual',
            },
          ],
          one: to('one'),
          two: to('two'),
          usual: to('usual'),
          none: nowhere,
        },
      },
      servers: ['one', 'two', 'usual'],
    });
    for (const [value, server] of [
      ['123456', 'one'],
      ['224456', 'two'],
      ['323456', 'usual'],
      ['x224456', 'usual'],
      ['', 'usual'],
    ] as const)
      expect((await site.ask('GET a.test/pipeline', { fields: { 'x-activity-no': value } })).got?.server).to.equal(
        server,
      );
    expect((await site.ask('GET a.test/pipeline')).got?.server).to.equal('usual');
  });

  const rewritten: readonly (readonly [args: Readonly<Record<string, unknown>>, from: string, to: string])[] = [
    [{ pattern: '^/pipeline/(.*)$', to: '/$1' }, '/pipeline/activity/1?b=2', '/activity/1?b=2'],
    [{ pattern: '^/pipeline/(.*)$', to: '/$1' }, '/other', '/other'],
    [{ path: '/whole' }, '/x/y?b=2', '/whole?b=2'],
    [{ strip_prefix: '/pre' }, '/pre/x', '/x'],
    [{ pattern: '^/foo', to: '/bar' }, '/foo/1', '/bar/1'],
    [{ pattern: '^/foo', to: '/bar' }, '/foo', '/bar'],
    [{ pattern: '^/foo', to: '/bar' }, '/foo/1?x=/foo', '/bar/1?x=/foo'],
  ];
  for (const [args, from, target] of rewritten)
    it(`a rewritten path: ${from} is ${target} with ${JSON.stringify(args)}`, async () => {
      await site.open({
        domains: { 'a.test': { rewrite: ['rewrite', { ...args, next: 'server' }], server: to('server') } },
        servers: ['server'],
      });
      await answers([[`GET a.test${from}`, `server ${target}`]]);
    });

  it('a prefix without regard to segments, the longest first, and whole paths before all', async () => {
    await site.open({
      domains: {
        'a.test': {
          paths: [
            'switch',
            {
              on: 'path',
              cases: [
                { prefix: '/', to: 'root' },
                { prefix: '/nodejs', to: 'node' },
                { prefix: '/nodejs/api', to: 'api' },
                { exact: '/nodejs/health', to: 'health' },
                { pattern: '\\.php$', to: 'php' },
              ],
            },
          ],
          root: to('root'),
          node: to('node'),
          api: to('api'),
          health: to('health'),
          php: to('php'),
        },
      },
      servers: ['root', 'node', 'api', 'health', 'php'],
    });
    await answers([
      ['GET a.test/nodejs', 'node /nodejs'],
      ['GET a.test/nodejs/a', 'node /nodejs/a'],
      ['GET a.test/nodejsx', 'node /nodejsx'],
      ['GET a.test/nodejs/api/1', 'api /nodejs/api/1'],
      ['GET a.test/nodejs/health', 'health /nodejs/health'],
      ['GET a.test/nodejs/healthy', 'node /nodejs/healthy'],
      ['GET a.test/x.php', 'root /x.php'],
      ['GET a.test/', 'root /'],
    ]);
  });

  it('an unknown host gets no byte; an unknown path what its host says, also from a server', async () => {
    await site.open({
      domains: {
        '*': {
          status: ['path', { exact: '/dispatcher/status', succ: 'well', fail: 'closed' }],
          well: ['respond', { status: 200 }],
          closed: ['close', {}],
        },
        'a.test': { app: ['path', { segment: '/app', succ: 'in', fail: 'none' }], in: to('app'), none: nowhere },
        'b.test': {
          app: ['path', { segment: '/app', succ: 'in', fail: 'none' }],
          in: to('app'),
          none: ['respond', { status: 503 }],
        },
        'c.test': { app: ['path', { segment: '/app', succ: 'in', fail: 'none' }], in: to('app'), none: to('lost') },
      },
      servers: ['app', 'lost'],
    });
    for (const host of ['unknown.test', '127.0.0.1']) expect((await site.ask(`GET ${host}/`)).text).to.equal('');
    const well = await site.ask('GET 127.0.0.1/dispatcher/status');
    expect([well.status, well.body]).to.deep.equal([200, '']);
    await answers([
      ['GET a.test/dispatcher/status', 404],
      ['GET a.test/x', 404],
      ['GET b.test/x', 503],
      ['GET c.test/x?y', 'lost /x?y'],
      ['GET a.test/app/dispatcher/status', 'app /app/dispatcher/status'],
    ]);
  });

  it('a redirect to exactly one URL, whatever was asked for', async () => {
    const url = 'https://example.com/there?a=1#b';
    await site.open({ domains: { 'a.test': { go: ['redirect', { to: url, keep_query: false }] } } });
    for (const target of ['/a', '/b', '/b/c?d=e', '//evil.test']) {
      const { status, fields } = await site.ask(`GET a.test${target}`);
      expect([status, fields.get('location')], target).to.deep.equal([302, [url]]);
    }
  });
});
