import { expect } from 'chai';
import { IDLE_MEANS, type Means } from '../../lib/routing/means.ts';
import { Plan } from '../../lib/routing/plan.ts';
import type { Node } from '../../lib/routing/rule.ts';
import { States } from '../../lib/routing/states.ts';
import { bodyLimit } from '../../rules/body-limit.ts';
import { concurrency } from '../../rules/concurrency.ts';
import { csrf } from '../../rules/csrf.ts';
import { ipFilter } from '../../rules/ip-filter.ts';
import { rateLimit } from '../../rules/rate-limit.ts';
import { validate } from '../../rules/validate.ts';
import { TestRequest, type RequestParts } from '../routing/test-request.ts';
import { compileNode, decide, problemsOf, ruleContract, type Compiled } from './contract.ts';

const answerOf = (plan: Plan): number | null => plan.answer?.status ?? null;

describe('rule ip-filter', () => {
  ruleContract(ipFilter, [
    { allow: ['10.0.0.0/8'], next: 'a' },
    { deny: ['::/0'], default: 'allow', denied: 'b' },
    { default: 'deny' },
  ]);

  // An address in both lists or in none goes by the default.
  const table: readonly (readonly [args: Record<string, unknown>, address: string, isAllowed: boolean])[] = [
    [{ allow: ['10.0.0.0/8'] }, '10.1.2.3', true],
    [{ allow: ['10.0.0.0/8'] }, '11.1.2.3', false],
    [{ deny: ['10.0.0.0/8'] }, '10.1.2.3', false],
    [{ deny: ['10.0.0.0/8'] }, '11.1.2.3', true],
    [{ allow: ['10.0.0.0/8'], deny: ['10.1.0.0/16'], default: 'allow' }, '10.1.2.3', true],
    [{ allow: ['10.0.0.0/8'], deny: ['10.1.0.0/16'], default: 'deny' }, '10.1.2.3', false],
    [{ allow: ['10.0.0.0/8'], deny: ['10.1.0.0/16'], default: 'allow' }, '192.0.2.1', true],
    [{ allow: ['10.0.0.0/8'], deny: ['10.1.0.0/16'], default: 'deny' }, '192.0.2.1', false],
    [{ allow: ['10.0.0.0/8'], deny: ['10.1.0.0/16'], default: 'deny' }, '10.2.2.3', true],
    [{ allow: ['2001:db8::/32'] }, '2001:db8::1', true],
    [{ allow: ['2001:db8::/32'] }, '10.1.2.3', false],
    [{ allow: ['10.0.0.0/8'] }, '::ffff:10.0.0.1', true],
    [{ allow: ['0.0.0.0/0'] }, 'unix', false],
  ];
  for (const [args, clientAddress, isAllowed] of table)
    it(`${JSON.stringify(args)} ${isAllowed ? 'allows' : 'denies'} ${clientAddress}`, () => {
      const { edge, plan } = decide(compileNode(ipFilter, { ...args, next: 'a' }), { clientAddress });
      expect([edge, answerOf(plan)]).to.deep.equal(isAllowed ? ['next', null] : [null, 403]);
    });

  it('goes to denied where there is such an edge, and looks at the peer if it is told to', () => {
    const node = compileNode(ipFilter, { allow: ['10.0.0.0/8'], of: 'peer', next: 'a', denied: 'b' });
    expect(decide(node, { clientAddress: '10.0.0.1', peerAddress: '192.0.2.1' }).edge).to.equal('denied');
    expect(decide(node, { clientAddress: '192.0.2.1', peerAddress: '10.0.0.1' }).edge).to.equal('next');
  });

  it('refuses what is no network, or nothing at all', () => {
    expect(problemsOf(ipFilter, { allow: ['10.0.0.0/8', 'x'] }).map(({ at }) => at)).to.deep.equal(['/allow/1']);
    expect(problemsOf(ipFilter, {})).to.not.be.empty;
  });
});

describe('rule concurrency', () => {
  ruleContract(concurrency, [
    { max: 1e9, next: 'a' },
    { max: 1e9, by: 'client', key: 'k' },
    { max: 1e9, limited: 'b' },
  ]);

  it('lets so many through at once for each value, and others once they end', () => {
    const node = compileNode(concurrency, { max: 2, by: 'client', next: 'a' });
    const enter = (clientAddress: string): { edge: string | null; plan: Plan } => decide(node, { clientAddress });
    const [first, second] = [enter('a'), enter('a')];
    expect([first.edge, second.edge]).to.deep.equal(['next', 'next']);
    const third = enter('a');
    expect([third.edge, answerOf(third.plan)]).to.deep.equal([null, 503]);
    expect(enter('b').edge).to.equal('next');
    first.plan.end(200);
    expect(enter('a').edge).to.equal('next');
    expect(answerOf(enter('a').plan)).to.equal(503);
  });

  it('counts on over a change of the document, and holds nothing once all is over', () => {
    const states = new States();
    const before = states.holding('g');
    const { plan } = decide(compileNode(concurrency, { max: 1 }, { holding: before }), {});
    const after = states.holding('g');
    const node = compileNode(concurrency, { max: 1, limited: 'b' }, { holding: after });
    before.release();
    expect(decide(node, {}).edge).to.equal('limited');
    plan.end(200);
    expect(decide(node, {}).edge).to.equal('next');
    after.release();
    expect(states.size).to.equal(0);
  });

  it('only says what would become of a request that is explained', () => {
    const node = compileNode(concurrency, { max: 1 });
    const plan = new Plan();
    plan.isObserved = true;
    for (let i = 0; i < 3; i++) expect(decide(node, {}, plan).edge).to.equal('next');
  });
});

describe('rule rate-limit', () => {
  let now = 0;
  const means: Means = { ...IDLE_MEANS, now: () => now };
  ruleContract(
    rateLimit,
    [
      { limit: 1e9, per: '1ms', next: 'a' },
      { limit: 1e9, per: '1ms', burst: 1e9, by: { template: '${client} ${header.x}' }, key: 'k', fields: false },
      { limit: 1e9, per: '1ms', algorithm: 'sliding-window', limited: 'b' },
    ],
    { isRandom: true },
  );

  const asked = (node: Compiled, request: RequestParts = {}): [string | null, number | null, string] => {
    const { edge, plan } = decide(node, request);
    return [edge, answerOf(plan), plan.answer?.lines ?? plan.replyEdit?.lines ?? ''];
  };

  it('answers 429 beyond the limit, and says how much is left', () => {
    now = 0;
    const node = compileNode(rateLimit, { limit: 2, per: '1m', next: 'a' }, { means });
    const policy = 'RateLimit-Policy: "tested";q=2;w=60\r\n';
    expect(asked(node)).to.deep.equal(['next', null, `${policy}RateLimit: "tested";r=1;t=30\r\n`]);
    expect(asked(node)).to.deep.equal(['next', null, `${policy}RateLimit: "tested";r=0;t=60\r\n`]);
    expect(asked(node)).to.deep.equal([
      null,
      429,
      `Content-Type: text/plain; charset=utf-8\r\n${policy}RateLimit: "tested";r=0;t=60\r\nRetry-After: 30\r\n`,
    ]);
    now = 30_000;
    expect(asked(node)[0]).to.equal('next');
  });

  it('counts each value alone, and all without one together', () => {
    now = 0;
    const node = compileNode(rateLimit, { limit: 1, per: '1m', by: { header: 'X-Key' }, limited: 'b' }, { means });
    const edges = [{ 'x-key': 'a' }, { 'x-key': 'b' }, {}, { 'x-key': 'a' }, {}].map(
      (fields) => asked(node, { fields })[0],
    );
    expect(edges).to.deep.equal(['next', 'next', 'next', 'limited', 'limited']);
  });

  it('lets a request wait for its turn', async () => {
    now = 0;
    const node = compileNode(rateLimit, { limit: 50, per: '1s', burst: 1, wait: '50ms', next: 'a' }, { means });
    expect(asked(node)[0]).to.equal('next');
    const plan = new Plan();
    const pending = node.decide(new TestRequest(plan, {}), plan);
    expect(pending).to.be.instanceOf(Promise);
    expect((await pending)?.name).to.equal('next');
  });

  it('keeps its counts over changes of the document, and shares them by key', () => {
    now = 0;
    const states = new States();
    const [first, other] = [states.holding('g'), states.holding('h')];
    const args = { limit: 1, per: '1m', key: 'k', limited: 'b' };
    expect(asked(compileNode(rateLimit, args, { means, holding: first }))[0]).to.equal('next');
    expect(asked(compileNode(rateLimit, args, { means, holding: other }))[0]).to.equal('limited');
    now = 30_000;
    expect(asked(compileNode(rateLimit, { ...args, limit: 5 }, { means, holding: other }))[0]).to.equal('next');
    first.release();
    other.release();
    expect(states.size).to.equal(0);
  });

  it('asks those who count together, and goes its own way where nobody can say', async () => {
    now = 0;
    const verdict = { allowed: false, delayMs: 2000, remaining: 0, resetMs: 5000 };
    const questions: unknown[] = [];
    const shared = (answer: typeof verdict | null): Means => ({
      ...means,
      rates: () => ({
        take: async (question) => {
          questions.push(question);
          return answer;
        },
      }),
    });
    const edgeOf = async (args: object, its: Means): Promise<string | number | null> => {
      const plan = new Plan();
      const node = compileNode(rateLimit, { limit: 1, per: '1m', scope: 'fleet', next: 'a', ...args }, { means: its });
      const next: Node | null = await node.decide(new TestRequest(plan, {}), plan);
      return next?.name ?? answerOf(plan);
    };
    expect(await edgeOf({ by: 'client' }, shared(verdict))).to.equal(429);
    expect(questions).to.deep.equal([
      {
        limit: '["token-bucket","","tested"]',
        value: '127.0.0.1',
        rate: { algorithm: 'token-bucket', limit: 1, perMs: 60_000, burst: 1, waitMs: 0 },
      },
    ]);
    expect(await edgeOf({}, shared({ ...verdict, allowed: true, delayMs: 0 }))).to.equal('next');
    expect(await edgeOf({}, shared(null))).to.equal('next');
    expect(await edgeOf({ unknown: 'deny' }, shared(null))).to.equal(429);
    expect(await edgeOf({ unknown: 'allow' }, means)).to.equal('next');
  });

  for (const [args, at] of [
    [{ limit: 0, per: '1s' }, '/limit'],
    [{ limit: 1, per: 'x' }, '/per'],
    [{ limit: 1, per: '0s' }, '/per'],
    [{ limit: 1, per: '1s', wait: '2m' }, '/wait'],
    [{ limit: 1, per: '1s', wait: '1s', algorithm: 'sliding-window' }, '/wait'],
    [{ limit: 1, per: '1s', burst: 2, algorithm: 'sliding-window' }, '/burst'],
  ] as const)
    it(`refuses ${JSON.stringify(args)}`, () => {
      expect(problemsOf(rateLimit, args).map((problem) => problem.at)).to.deep.equal([at]);
    });
});

describe('rule csrf', () => {
  ruleContract(csrf, [
    {},
    { strict: true, origins: ['https://login.test'], token: { cookie: 'c', header: 'x-c' }, denied: 'b' },
  ]);

  const table: readonly (readonly [
    fields: Record<string, string>,
    isAllowed: boolean,
    args?: object,
    method?: string,
  ])[] = [
    [{ 'sec-fetch-site': 'cross-site', origin: 'https://evil.test' }, true, {}, 'GET'],
    [{ 'sec-fetch-site': 'same-origin' }, true],
    [{ 'sec-fetch-site': 'none' }, true],
    [{ 'sec-fetch-site': 'same-site', origin: 'https://b.a.test' }, false],
    [{ 'sec-fetch-site': 'cross-site', origin: 'https://evil.test' }, false],
    [{ 'sec-fetch-site': 'cross-site', origin: 'https://login.test' }, true, { origins: ['https://LOGIN.test'] }],
    [{ origin: 'https://a.test', host: 'a.test' }, true],
    [{ origin: 'https://A.test:8443', host: 'a.test:8443' }, true],
    [{ origin: 'https://a.test', host: 'a.test:8443' }, false],
    [{ origin: 'null', host: 'a.test' }, false],
    [{ origin: 'https://a.test.evil.test', host: 'a.test' }, false],
    [{ origin: '://a.test', host: 'a.test' }, true],
    [{}, true],
    [{}, false, { strict: true }],
    [{ 'x-c': 'abc', cookie: 'c=abc' }, true, { token: { cookie: 'c', header: 'X-C' } }],
    [{ 'x-c': 'abd', cookie: 'c=abc' }, false, { token: { cookie: 'c', header: 'X-C' } }],
    [{ 'x-c': '', cookie: 'c=' }, false, { token: { cookie: 'c', header: 'X-C' } }],
    [{ cookie: 'c=abc' }, false, { token: { cookie: 'c', header: 'X-C' } }],
  ];
  for (const [fields, isAllowed, args = {}, method = 'POST'] of table)
    it(`${isAllowed ? 'lets through' : 'refuses'} ${method} ${JSON.stringify(fields)} with ${JSON.stringify(args)}`, () => {
      const { edge, plan } = decide(compileNode(csrf, { ...args, next: 'a' }), { method, fields });
      expect([edge, answerOf(plan)]).to.deep.equal(isAllowed ? ['next', null] : [null, 403]);
    });
});

describe('rule body-limit', () => {
  ruleContract(bodyLimit, [
    { max_bytes: 10, next: 'a' },
    { max_bytes: 0, too_large: 'b' },
  ]);

  it('refuses what says that it is longer, and bounds what does not say', () => {
    const node = compileNode(bodyLimit, { max_bytes: 10, next: 'a' });
    expect(decide(node, { fields: { 'content-length': '10' } }).edge).to.equal('next');
    expect(answerOf(decide(node, { fields: { 'content-length': '11' } }).plan)).to.equal(413);
    const { edge, plan } = decide(node, { fields: { 'transfer-encoding': 'chunked' } });
    expect([edge, plan.maxBodyBytes]).to.deep.equal(['next', 10]);
    decide(compileNode(bodyLimit, { max_bytes: 20 }), {}, plan);
    expect(plan.maxBodyBytes).to.equal(10);
  });
});

describe('rule validate', () => {
  const schema = {
    type: 'object',
    required: ['name'],
    properties: { name: { type: 'string', maxLength: 5, pattern: '^[a-z]+$' }, next: { $ref: '#' } },
  };
  ruleContract(validate, [
    { headers: { 'X-A': { present: true } }, query: { v: { in: ['1'] } }, next: 'a', invalid: 'b' },
  ]);

  async function verdict(args: object, request: RequestParts): Promise<string | number | null> {
    const plan = new Plan();
    const next = await compileNode(validate, { ...args, next: 'a' }).decide(new TestRequest(plan, request), plan);
    return next?.name ?? plan.answer?.body ?? plan.fault;
  }

  const table: readonly (readonly [args: object, request: RequestParts, result: string | RegExp | number])[] = [
    [{ headers: { 'Content-Type': { prefix: 'a/' } } }, { fields: { 'content-type': 'a/b' } }, 'next'],
    [{ headers: { 'Content-Type': { prefix: 'a/' } } }, {}, /^400 Bad Request: field Content-Type is not/],
    [{ query: { v: { in: ['1', '2'] } } }, { query: '?v=1&v=2' }, 'next'],
    [{ query: { v: { in: ['1', '2'] } } }, { query: '?v=1&v=3' }, /parameter v/],
    [{ query: { v: { present: false } } }, { query: '?w' }, 'next'],
    [{ json: schema }, { body: '{"name":"ann"}' }, 'next'],
    [{ json: schema }, { body: '{"name":"Ann"}' }, /body at \/name must match pattern/],
    [{ json: schema }, { body: '{"name":"EVIL","name":"ann"}' }, /names a member twice/],
    [{ json: schema }, { body: '{"name":"EVIL","n\\u0061me":"ann"}' }, /names a member twice/],
    [{ json: true }, { body: '{"a":{"a":1},"b":[{"a":1},{"a":2}]}' }, 'next'],
    [{ json: schema }, { body: '{}' }, /body must have required property 'name'/],
    [{ json: schema }, { body: '' }, /not JSON/],
    [{ json: schema }, { body: '{' }, /not JSON/],
    [{ json: schema }, { body: '\ufeff{"name":"ann"}' }, /not JSON/],
    [{ json: schema }, { body: '{"name":"ann"}', fields: { 'content-encoding': 'gzip' } }, /compressed/],
    [{ json: schema, max_bytes: 5 }, { body: '{"name":"ann"}' }, -36],
    [
      { json: { properties: { ['\u00e4\n']: false } } },
      { body: '{"\u00e4\\n":1}' },
      /^400 Bad Request: body at \/\?\? boolean schema is false\n$/,
    ],
    [
      { json: schema },
      { body: `${'{"name":"a","next":'.repeat(3000)}1${'}'.repeat(3000)}` },
      /nested|must be object|name/,
    ],
    [{ json: true }, { body: '[]' }, 'next'],
  ];
  for (const [args, request, result] of table)
    it(`${JSON.stringify(args)} with ${JSON.stringify(request).slice(0, 80)}`, async () => {
      const found = await verdict(args, request);
      if (result instanceof RegExp) expect(found).to.match(result);
      else expect(found).to.equal(result);
    });

  it('runs patterns of its schema in linear time', async () => {
    const args = { json: { type: 'string', pattern: '^(a+)+$' } };
    expect(await verdict(args, { body: JSON.stringify(`${'a'.repeat(20_000)}!`) })).to.match(/must match pattern/);
  });

  for (const [args, at] of [
    [{}, ''],
    [{ json: { type: 'nope' } }, '/json'],
    [{ json: { $ref: 'https://evil.test/schema' } }, '/json'],
    [{ json: { properties: { a: { pattern: '(?=a)' } } } }, '/json/properties/a/pattern'],
    [{ json: { patternProperties: { '(a)\\1': true } } }, '/json/patternProperties/(a)\\1'],
    [{ json: { items: { uniqueItems: true } } }, '/json/items/uniqueItems'],
    [{ headers: { a: { exact: 'x', prefix: 'y' } } }, '/headers/a'],
  ] as const)
    it(`refuses ${JSON.stringify(args)}`, () => {
      expect(problemsOf(validate, args).map((problem) => problem.at)).to.deep.equal([at]);
    });
});
