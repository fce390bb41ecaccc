import { expect } from 'chai';
import { Fault } from '../../lib/core/faults.ts';
import { backend } from '../../rules/backend.ts';
import { compileNode, decide, problemsOf, ruleContract } from './contract.ts';

describe('rule backend', () => {
  ruleContract(backend, [
    { servername: 'web' },
    { servername: 'https://a.test:8443', 'X-Team': 'a' },
    { servername: { up1: '' } },
    {},
    JSON.parse('{"servername": "__proto__", "__proto__": "x", "constructor": "y"}'),
  ]);

  const targets: readonly (readonly [servername: unknown, upstream: string | null])[] = [
    ['web', 'web'],
    ['Web_1.x-y', 'Web_1.x-y'],
    ['10.0.0.1:8080', '10.0.0.1:8080'],
    ['[::1]:8080', '[::1]:8080'],
    ['http://10.0.0.1:8080', 'http://10.0.0.1:8080'],
    ['http://10.0.0.1:8080/', 'http://10.0.0.1:8080'],
    ['https://A.test:8443', 'https://a.test:8443'],
    ['HTTP://a.test', 'http://a.test:80'],
    ['https://[::1]', 'https://[::1]:443'],
    [{ up1: '' }, 'up1'],
    [{ up1: { weight: 1 } }, 'up1'],
    [{ 'http://a.test:81/': null }, 'http://a.test:81'],
    [undefined, null],
    [null, null],
  ];
  for (const [servername, upstream] of targets) {
    it(`goes to ${JSON.stringify(servername) ?? 'nothing'}`, () => {
      const node = compileNode(backend, servername === undefined ? {} : { servername });
      expect([node.schemaProblems, node.problems]).to.deep.equal([[], []]);
      const { edge, plan } = decide(node, {});
      expect([edge, plan.upstream, plan.fault]).to.deep.equal([
        null,
        upstream,
        upstream === null ? Fault.NO_SERVERNAME : 0,
      ]);
    });
  }

  const fields: readonly (readonly [args: Record<string, unknown>, set: readonly string[]])[] = [
    [{}, []],
    [{ 'X-Team': 'a' }, ['X-Team', 'a']],
    [{ 'X-Team': ['a', 'b'], 'X-Other': 'c' }, ['X-Team', 'a', 'X-Team', 'b', 'X-Other', 'c']],
    [{ x: 1, y: 1.5, z: true, w: [false, 0] }, ['x', '1', 'y', '1.5', 'z', 'true', 'w', 'false', 'w', '0']],
    [{ path: '/tmp', expires: '30d' }, ['path', '/tmp', 'expires', '30d']],
    [{ 'X-Empty': '' }, ['X-Empty', '']],
    [{ 'X-Tab': 'a\tb' }, ['X-Tab', 'a\tb']],
    [{ 'X-Utf8': 'é€' }, ['X-Utf8', '\u00c3\u00a9\u00e2\u0082\u00ac']],
    [{ under_score: 'a' }, ['under_score', 'a']],
    [{ Host: 'b.test:81' }, ['Host', 'b.test:81']],
    [{ host: ['b.test'] }, ['host', 'b.test']],
    [{ 'X-Forwarded-Proto': 'https' }, ['X-Forwarded-Proto', 'https']],
  ];
  for (const [args, set] of fields) {
    it(`sets ${JSON.stringify(args)}`, () => {
      const node = compileNode(backend, { servername: 'web', ...args });
      expect([node.schemaProblems, node.problems]).to.deep.equal([[], []]);
      expect(decide(node, {}).plan.setFields).to.deep.equal(set);
      expect(decide(node, {}).plan.setFields).to.equal(decide(node, {}).plan.setFields);
    });
  }

  it('sets nothing without a servername', () => {
    expect(decide(compileNode(backend, { 'X-Team': 'a' }), {}).plan.setFields).to.deep.equal([]);
  });

  const bad: readonly (readonly [args: Record<string, unknown>, at: string, msg: RegExp])[] = [
    [{ servername: '' }, '/servername', /empty/],
    [{ servername: ' ' }, '/servername', /white space/],
    [{ servername: 'a b' }, '/servername', /white space/],
    [{ servername: 'a\u0000' }, '/servername', /control/],
    [{ servername: 'a/b' }, '/servername', /slash/],
    [{ servername: 'ftp://a.test:21' }, '/servername', /slash/],
    [{ servername: 'http://' }, '/servername', /slash/],
    [{ servername: 'http://a.test:80/x' }, '/servername', /slash/],
    [{ servername: 'http://user@a.test:80' }, '/servername', /slash/],
    [{ servername: 'http://a.test:0' }, '/servername', /slash/],
    [{ servername: 'http://a.test:65536' }, '/servername', /slash/],
    [{ servername: {} }, '/servername', /0 keys/],
    [{ servername: { a: '', b: '' } }, '/servername', /2 keys/],
    [{ servername: { '': '' } }, '/servername', /empty/],
    [{ servername: 5 }, '/servername', /string,object,null/],
    [{ servername: ['a'] }, '/servername', /string,object,null/],
    [{ 'X Team': 'a' }, '/X Team', /not the name of a field/],
    [{ '': 'a' }, '/', /not the name of a field/],
    [{ 'X-Team:': 'a' }, '/X-Team:', /not the name of a field/],
    [{ 'X\r\nY': 'a' }, '/X\r\nY', /not the name of a field/],
    [{ é: 'a' }, '/é', /not the name of a field/],
    [{ 'a/b~': 'a' }, '/a~1b~0', /not the name of a field/],
    [{ x: 'a\r\nY: b' }, '/x', /control/],
    [{ x: ['a', 'b\u0000'] }, '/x/1', /control/],
    [{ x: null }, '/x', /not a string, a number/],
    [{ x: {} }, '/x', /not a string, a number/],
    [{ x: [['a']] }, '/x/0', /not a string, a number/],
    [{ x: Number.NaN }, '/x', /not a string, a number/],
    [{ x: [] }, '/x', /empty list/],
    [{ 'X-Team': 'a', 'x-team': 'b' }, '/x-team', /same field as X-Team/],
    [{ Host: ['a.test', 'b.test'] }, '/Host', /one Host/],
    [{ Host: 'a.test, b.test' }, '/Host', /not a host/],
    [{ Host: '' }, '/Host', /not a host/],
    ...[
      ['Content-Length', 'content_length', 'Transfer-Encoding', 'Connection', 'Upgrade', 'TE', 'Trailer', 'Keep-Alive'],
      ['Proxy-Connection', 'proxy-authorization', 'Expect', 'HTTP2-Settings'],
    ]
      .flat()
      .map((name) => [{ [name]: '1' }, `/${name}`, /framing/] as const),
  ];
  for (const [args, at, msg] of bad) {
    it(`refuses ${JSON.stringify(args)}`, () => {
      const problems = problemsOf(backend, { servername: 'web', ...args });
      expect(problems.map((problem) => problem.at)).to.deep.equal([at]);
      expect(problems[0]?.msg).to.match(msg);
    });
  }
});

describe('upstreams that a backend names', () => {
  const table: readonly (readonly [servername: unknown, upstreams: readonly string[]])[] = [
    ['web', ['web']],
    [{ web: 'anything' }, ['web']],
    ['web:blue', ['web:blue']],
    ['10.0.0.1:80', []],
    ['a.test:8080', []],
    ['[::1]:80', []],
    ['http://a.test', []],
    [{ 'a.test:80': 1 }, []],
    ['', []],
    [null, []],
    [undefined, []],
    [{ a: 1, b: 2 }, []],
  ];
  for (const [servername, upstreams] of table) {
    it(`${JSON.stringify(servername)}: ${upstreams.join() || 'none'}`, () => {
      expect(backend.upstreams?.({ servername })).to.deep.equal(upstreams);
    });
  }
});
