import { expect } from 'chai';
import { compileGraph } from '../../lib/routing/compile.ts';
import { ask } from '../../rules/ask.ts';
import { rules } from '../../rules/index.ts';
import { Site, to, type Answering, type Nodes } from '../fixtures/site.ts';
import { problemsOf, ruleContract } from './contract.ts';

describe('rule ask', () => {
  ruleContract(
    ask,
    [{ name: 'a' }, { name: 'b', method: 'PUT', path: '/x', query: 'a=1', body: true, timeout: '1s' }],
    {
      isAsync: true,
    },
  );

  const site = new Site();
  afterEach(() => site.close());

  it('refuses what could not be asked, with its place', () => {
    const places = (args: Readonly<Record<string, unknown>>): string[] => problemsOf(ask, args).map(({ at }) => at);
    expect(places({})).to.deep.equal(['']);
    expect(places({ name: 'a.b' })).to.deep.equal(['/name']);
    expect(places({ name: 'a', path: '/%' })).to.deep.equal(['/path']);
    expect(places({ name: 'a', path: 'x' })).to.include('/path');
    expect(places({ name: 'a', query: 'a b' })).to.deep.equal(['/query']);
    expect(places({ name: 'a', path: '/${asked.b}' })).to.deep.equal(['/path']);
    expect(places({ name: 'a', headers: { 'X-A': '${asked.b.body..c}' } })).to.deep.equal(['/headers/X-A']);
    expect(
      places({ name: 'a', headers: { 'X-A': '${asked.b.body.c|none}', 'X-B': '${asked.b.status}' } }),
    ).to.deep.equal([]);
  });

  it('is there for whoever uses what it keeps, else the graph is refused; a shared graph may be used behind others', () => {
    const answer = { type: 'respond', args: { json: { id: '${asked.usr.body.id|-}' } } };
    const asking = (name: string): object => ({ type: 'ask', args: { name, to: 'answer', next: 'answer' } });
    const problems = (nodes: object, isShared = false): readonly string[] =>
      compileGraph(
        { init: 'a', rules: { a: answer, answer, ...nodes } },
        { rules, maxNodes: 9, isShared },
      ).problems.map(({ at, msg }) => `${at}: ${msg}`);
    const where = '/rules/a/args/json: has ${asked.usr.body.id}, ';
    const what = ': add an ask node of that name; only a shared graph knows what was asked before it';
    expect(problems({})).to.include(`${where}and no node of this graph asks anything${what}`);
    expect(problems({ first: asking('user'), other: asking('other') })).to.include(
      `${where}and nodes of this graph ask "user", "other" only${what}`,
    );
    expect(problems({ first: asking('usr') })).to.deep.equal([]);
    expect(problems({ include: { type: 'include', args: { graph: 'gate', next: 'a' } } })).to.deep.equal([]);
    expect(problems({}, true)).to.deep.equal([]);
    // A node with a mistake of its own may be the one that asks.
    expect(problems({ first: { type: 'ask', args: { name: 'usr', to: 7 } } })).to.have.length(1);
  });

  const json = (value: unknown): Answering => {
    return (_got, response) => response.setHeader('Content-Type', 'application/json').end(JSON.stringify(value));
  };
  const open = (args: object, answer: Answering, text: Readonly<Record<string, unknown>>): Promise<unknown> =>
    site.open({
      domains: {
        'a.test': {
          ask: ['ask', { name: 'up', to: 'to', next: 'answer', ...args }],
          to: to('up'),
          answer: ['respond', text],
          never: ['ask', { name: 'other', to: 'to', next: 'answer' }],
          failed: ['respond', { status: 502, ...text }],
        },
      },
      servers: { up: answer },
    });

  it('keeps status, body, and what is in it, escaped for where it goes', async () => {
    const value = { name: 'Ann "A"', list: [{ id: 7 }], flag: false, none: null, deep: { a: 1 }, big: 'x\r\ny' };
    await open({}, json(value), {
      json: ['status', 'body.name', 'body.list.0.id', 'body.flag', 'body.none|-', 'body.deep', 'body.list.1.id|-']
        .map((name) => `\${asked.up.${name}}`)
        .concat(['${asked.other.body|-}', '${asked.up.body.constructor|-}', '${asked.up.body.list.length|-}']),
      headers: { 'X-Big': '${asked.up.body.big}' },
    });
    const { body, fields, status } = await site.ask('GET a.test/x?y=1', { fields: { 'Accept-Encoding': 'gzip' } });
    expect(status).to.equal(200);
    expect(JSON.parse(body)).to.deep.equal(['200', 'Ann "A"', '7', 'false', '-', '{"a":1}', '-', '-', '-', '1']);
    expect(fields.get('x-big')).to.deep.equal(['xy']);
    const [got] = site.got.get('up') ?? [];
    expect([got?.target, got?.method, got?.fields['accept-encoding']]).to.deep.equal(['/x?y=1', 'GET', undefined]);
  });

  it('asks by what was said before, and with the body if it is wanted', async () => {
    await site.open({
      domains: {
        'a.test': {
          one: ['ask', { name: 'one', path: '/users/${query.id}', to: 'first', next: 'two' }],
          two: [
            'ask',
            {
              name: 'two',
              method: 'PUT',
              path: '/${asked.one.body.id}',
              query: 'q=${asked.one.body.text}',
              headers: { 'X-Id': '${asked.one.body.id}' },
              body: true,
              to: 'second',
              next: 'end',
            },
          ],
          first: to('first'),
          second: to('second'),
          end: to('end'),
        },
      },
      servers: { first: json({ id: 'a/7', text: 'a&b' }), second: null, end: null },
    });
    const { got } = await site.ask('POST a.test/?id=3', { body: 'hello' });
    expect(site.got.get('first')?.map(({ method, target, body }) => [method, target, body])).to.deep.equal([
      ['GET', '/users/3?id=3', ''],
    ]);
    const [second] = site.got.get('second') ?? [];
    expect([second?.method, second?.target, second?.body]).to.deep.equal(['PUT', '/a%2F7?q=a%26b', 'hello']);
    expect(second?.fields['x-id']).to.equal('a/7');
    // The request itself goes on as it was.
    expect([got?.server, got?.method, got?.target, got?.body]).to.deep.equal(['end', 'POST', '/?id=3', 'hello']);
    expect(got?.fields['x-id']).to.equal(undefined);
  });

  const text = { body: '${asked.up.status|none} ${asked.up.body|none}' };
  const big: Answering = (_got, response) => response.end('x'.repeat(10_241));
  const bad: Answering = (_got, response) => response.writeHead(404).end('no');
  const mute: Answering = () => undefined;
  const rows: readonly (readonly [name: string, args: object, answer: Answering, status: number, body: string])[] = [
    ['a reply without a body', {}, (_got, response) => response.end(), 200, '200 '],
    ['a reply as large as it may be', { max_reply: 10_241 }, big, 200, `200 ${'x'.repeat(10_241)}`],
    ['a reply that is larger', { failed: 'failed' }, big, 502, 'none none'],
    ['another status', { failed: 'failed' }, bad, 502, '404 no'],
    ['no reply in time', { failed: 'failed', timeout: '50ms' }, mute, 502, 'none none'],
  ];
  for (const [name, args, answer, status, body] of rows)
    it(`${name}: ${status}`, async () => {
      await open(args, answer, text);
      const reply = await site.ask('GET a.test/');
      expect([reply.status, reply.body]).to.deep.equal([status, body]);
    });

  it('answers 503 where a failure leads nowhere', async () => {
    await open({}, bad, text);
    expect((await site.ask('GET a.test/')).status).to.equal(503);
  });

  it('does what it was asked for a client of HTTP/1 in a loop of its own: a graph may ask an answer of its own', async () => {
    const nodes: Nodes = {
      ask: ['ask', { name: 'own', to: 'own', next: 'answer' }],
      own: ['respond', { json: { said: '${path}' } }],
      answer: ['respond', { body: '${asked.own.body.said}' }],
    };
    await site.open({ domains: { 'a.test': nodes } });
    expect((await site.ask('GET a.test/x')).body).to.equal('/x');
  });
});
