import { expect } from 'chai';
import { cors } from '../../rules/cors.ts';
import type { RequestParts } from '../routing/test-request.ts';
import { compileNode, decide, problemsOf, ruleContract } from './contract.ts';

const VARY =
  'Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers, Access-Control-Request-Private-Network\r\n';

describe('rule cors', () => {
  ruleContract(cors, [
    { origins: ['*'], next: 'a' },
    { origins: ['https://*.a.test'], headers: ['*'], credentials: true, expose: ['X-A'], max_age: 5 },
  ]);

  const preflight = (fields: Record<string, string>): RequestParts => ({
    method: 'OPTIONS',
    fields: { 'access-control-request-method': 'GET', ...fields },
  });

  describe('answers preflights', () => {
    const base = { origins: ['https://b.test', 'https://*.c.test'], methods: ['GET', 'PUT'], headers: ['X-A'] };
    const granted = (origin: string, more = 'Access-Control-Allow-Headers: X-A\r\n'): string =>
      `Access-Control-Allow-Origin: ${origin}\r\nAccess-Control-Allow-Methods: GET, PUT\r\n${more}${VARY}`;
    const table: readonly (readonly [args: object, fields: Record<string, string>, lines: string])[] = [
      [{}, { origin: 'https://b.test' }, granted('https://b.test')],
      [{}, { origin: 'https://x.y.c.test' }, granted('https://x.y.c.test')],
      [{}, { origin: 'https://c.test' }, VARY],
      [{}, { origin: 'https://evil.test#.c.test' }, VARY],
      [{}, { origin: 'https://evil.test/.c.test' }, VARY],
      [{}, { origin: 'http://b.test' }, VARY],
      [{}, { origin: 'https://b.test:8443' }, VARY],
      [{}, { origin: 'null' }, VARY],
      [{ origins: ['null'] }, { origin: 'null' }, granted('null')],
      [{}, { origin: 'https://b.test', 'access-control-request-method': 'PUT' }, granted('https://b.test')],
      [{}, { origin: 'https://b.test', 'access-control-request-method': 'HEAD' }, granted('https://b.test')],
      [{}, { origin: 'https://b.test', 'access-control-request-method': 'DELETE' }, VARY],
      [
        {},
        { origin: 'https://b.test', 'access-control-request-headers': 'x-a, content-type' },
        granted('https://b.test'),
      ],
      [{}, { origin: 'https://b.test', 'access-control-request-headers': 'x-a, x-b' }, VARY],
      [
        { headers: ['*'] },
        { origin: 'https://b.test', 'access-control-request-headers': 'x-b,authorization' },
        granted('https://b.test', 'Access-Control-Allow-Headers: x-b, authorization\r\n'),
      ],
      [{ headers: ['*'] }, { origin: 'https://b.test', 'access-control-request-headers': 'x b' }, VARY],
      [
        { credentials: true, max_age: 60 },
        { origin: 'https://b.test' },
        granted(
          'https://b.test',
          'Access-Control-Allow-Headers: X-A\r\nAccess-Control-Allow-Credentials: true\r\nAccess-Control-Max-Age: 60\r\n',
        ),
      ],
      [{ origins: ['*'] }, { origin: 'https://any.test' }, granted('*')],
      [{}, { origin: 'https://b.test', 'access-control-request-private-network': 'true' }, VARY],
      [
        { private_network: true },
        { origin: 'https://b.test', 'access-control-request-private-network': 'true' },
        granted(
          'https://b.test',
          'Access-Control-Allow-Headers: X-A\r\nAccess-Control-Allow-Private-Network: true\r\n',
        ),
      ],
    ];
    for (const [args, fields, lines] of table)
      it(`${JSON.stringify(fields)} with ${JSON.stringify(args)}`, () => {
        const { edge, plan } = decide(compileNode(cors, { ...base, ...args, next: 'a' }), preflight(fields));
        expect([edge, plan.answer]).to.deep.equal([null, { status: 204, lines, body: '' }]);
      });
  });

  it('writes the fields of other replies, and lets requests go on whatever they are', () => {
    const linesOf = (args: object, fields: Record<string, string>, method = 'GET'): string => {
      const { edge, plan } = decide(compileNode(cors, { ...args, next: 'a' }), { method, fields });
      expect([edge, plan.answer]).to.deep.equal(['next', null]);
      expect(plan.replyEdit?.drop).to.include('access-control-allow-origin');
      return plan.replyEdit?.lines ?? '';
    };
    const origins = ['https://b.test'];
    expect(linesOf({ origins }, { origin: 'https://b.test' })).to.equal(
      'Access-Control-Allow-Origin: https://b.test\r\nVary: Origin\r\n',
    );
    expect(linesOf({ origins }, { origin: 'https://evil.test' }, 'POST')).to.equal('Vary: Origin\r\n');
    expect(linesOf({ origins }, {})).to.equal('Vary: Origin\r\n');
    expect(linesOf({ origins: ['*'], expose: ['X-A', 'X-B'] }, {})).to.equal(
      'Access-Control-Allow-Origin: *\r\nAccess-Control-Expose-Headers: X-A, X-B\r\n',
    );
    expect(linesOf({ origins, credentials: true }, { origin: 'https://b.test' })).to.equal(
      'Access-Control-Allow-Origin: https://b.test\r\nVary: Origin\r\nAccess-Control-Allow-Credentials: true\r\n',
    );
    // OPTIONS of an application, which is no preflight.
    expect(linesOf({ origins }, { origin: 'https://b.test' }, 'OPTIONS')).to.include('https://b.test');
  });

  for (const [args, at] of [
    [{ origins: [] }, '/origins'],
    [{ origins: ['*'], credentials: true }, '/origins/0'],
    [{ origins: ['https://a.test/'] }, '/origins/0'],
    [{ origins: ['a.test'] }, '/origins/0'],
    [{ origins: ['https://*.*.test'] }, '/origins/0'],
    [{ origins: ['https://a.test'], credentials: true, expose: ['*'] }, '/expose'],
    [{ origins: ['*'], methods: ['GET\r\nX: y'] }, '/methods/0'],
  ] as const)
    it(`refuses ${JSON.stringify(args)}`, () => {
      expect(problemsOf(cors, args).map((problem) => problem.at)).to.deep.equal([at]);
    });
});
