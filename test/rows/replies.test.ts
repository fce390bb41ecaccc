import { expect } from 'chai';
import { decoded, rawReply } from '../fixtures/raw-reply.ts';
import { Site, to, type Answering, type Nodes } from '../fixtures/site.ts';

/** What replies go through on their way to the client. */
describe('replies on their way', () => {
  const site = new Site();
  afterEach(() => site.close());

  describe('compressed', () => {
    const open = (length: number): Promise<unknown> =>
      site.open({
        domains: { 'a.test': 'up' },
        servers: {
          up: (_got, response) => response.setHeader('Content-Type', 'text/plain').end('x'.repeat(length)),
        },
        options: { up: { compression: { enabled: true, min_length: 100 } } },
      });

    it('from a length on, for those who accept it, and by their weights', async () => {
      await open(100);
      const { fields, text } = await site.ask('GET a.test/', { fields: { 'Accept-Encoding': 'br;q=0.5, gzip' } });
      expect(fields.get('content-encoding')).to.deep.equal(['gzip']);
      expect(fields.get('vary')).to.deep.equal(['Accept-Encoding']);
      expect(fields.has('content-length')).to.equal(false);
      expect(decoded(rawReply(text).body, 'gzip')).to.equal('x'.repeat(100));
      for (const accepted of [{}, { 'Accept-Encoding': 'gzip;q=0' }]) {
        const plain = await site.ask('GET a.test/', { fields: accepted });
        expect([plain.fields.has('content-encoding'), plain.body]).to.deep.equal([false, 'x'.repeat(100)]);
      }
    });

    it('not below it', async () => {
      await open(99);
      const { fields, body } = await site.ask('GET a.test/', { fields: { 'Accept-Encoding': 'gzip' } });
      expect([fields.has('content-encoding'), body]).to.deep.equal([false, 'x'.repeat(99)]);
    });
  });

  describe('kept in memory', () => {
    let hits = 0;
    const open = (fields: Readonly<Record<string, string>> = {}): Promise<unknown> => {
      hits = 0;
      return site.open({
        domains: { 'a.test': 'up', 'b.test': 'up' },
        servers: {
          up: (got, response) => {
            hits++;
            for (const [name, value] of Object.entries(fields)) response.setHeader(name, value);
            response.statusCode = got.target === '/missing' ? 404 : 200;
            response.end(`${got.method} ${got.fields.host} ${got.target} ${hits}`);
          },
        },
        options: {
          up: {
            cache: { enabled: true, expiration: '10s', max_entry_bytes: 1000, statuses: ['200'], methods: ['GET'] },
          },
        },
      });
    };
    const body = async (line: string, fields: Readonly<Record<string, string>> = {}): Promise<string> =>
      (await site.ask(line, { fields })).body;

    it('by host, path and query: a hit does not come to the server', async () => {
      await open();
      for (const line of ['GET a.test/a?x=1', 'GET a.test/a?x=2', 'GET a.test/a', 'GET b.test/a']) {
        const first = await body(line);
        expect(await body(line)).to.equal(first);
        expect(first).to.include(line.slice('GET a.test'.length));
      }
      expect(hits).to.equal(4);
    });

    it('only for the statuses and methods that are named', async () => {
      await open();
      for (const line of ['GET a.test/missing', 'POST a.test/a', 'DELETE a.test/a']) {
        await site.ask(line);
        await site.ask(line);
      }
      expect(hits).to.equal(6);
    });

    it('not for requests with no-cache or no-store, which are not kept either', async () => {
      await open();
      await body('GET a.test/', { 'Cache-Control': 'no-cache' });
      await body('GET a.test/', { 'Cache-Control': 'no-store' });
      expect(hits).to.equal(2);
      await body('GET a.test/');
      expect(await body('GET a.test/')).to.equal('GET a.test / 3');
      await body('GET a.test/', { 'Cache-Control': 'no-cache' });
      expect(hits).to.equal(4);
    });

    for (const [name, value] of [
      ['Cache-Control', 'no-store'],
      ['Cache-Control', 'no-cache'],
      ['Cache-Control', 'private'],
      ['Set-Cookie', 'a=1'],
      ['Vary', '*'],
    ] as const)
      it(`not where the reply says ${name}: ${value}`, async () => {
        await open({ [name]: value });
        await body('GET a.test/');
        await body('GET a.test/');
        expect(hits).to.equal(2);
      });

    it('not for others where the server knows the client', async () => {
      await open();
      await body('GET a.test/', { Authorization: 'Basic YTpi' });
      await body('GET a.test/', { Authorization: 'Basic YTpi' });
      await body('GET a.test/');
      expect(hits).to.equal(3);
    });
  });

  describe('as values', () => {
    const source = (name: string): Answering => {
      return (got, response) => {
        const id = new URL(got.target, 'http://x').searchParams.get('id');
        // In an order of its own.
        setTimeout(() => response.end(JSON.stringify({ [name]: { id, list: [1, { two: id }] } })), Math.random() * 20);
      };
    };
    const asking = (name: string, next: string): Nodes[string] => ['ask', { name, to: `to-${name}`, next }];

    it('of three that are asked first: each request gets its own, of 100 at the same time', async () => {
      await site.open({
        domains: {
          'a.test': {
            one: asking('one', 'two'),
            two: asking('two', 'three'),
            three: asking('three', 'answer'),
            'to-one': to('one'),
            'to-two': to('two'),
            'to-three': to('three'),
            answer: [
              'respond',
              {
                headers: { 'X-Status': '${asked.one.status}', 'X-Two': '${asked.two.body.two.list.1.two}' },
                json: {
                  one: '${asked.one.body.one.id}',
                  two: '${asked.two.body}',
                  three: '${asked.three.body.three.list}',
                },
              },
            ],
          },
        },
        servers: { one: source('one'), two: source('two'), three: source('three') },
      });
      await Promise.all(
        Array.from({ length: 100 }, async (_, i) => {
          const { status, fields, body } = await site.ask(`GET a.test/?id=${i}`);
          expect([status, fields.get('x-status'), fields.get('x-two')]).to.deep.equal([200, ['200'], [String(i)]]);
          const list = [1, { two: String(i) }];
          expect(JSON.parse(body)).to.deep.equal({
            one: String(i),
            two: JSON.stringify({ two: { id: String(i), list } }),
            three: JSON.stringify(list),
          });
        }),
      );
    });

    it('of the reply itself: in its fields, and in another body', async () => {
      const edit = (type: string, args: object): Nodes => ({ a: [type, { ...args, next: 'b' }], b: to('up') });
      await site.open({
        domains: {
          'a.test': edit('response-headers', { set: { 'X-Code': '${reply.status}', 'X-Name': '${reply.body.name}' } }),
          'b.test': edit('response-body', { json: { was: '${reply.body}', name: '${reply.body.name}' } }),
        },
        servers: { up: (got, response) => response.end(JSON.stringify({ name: got.target })) },
      });
      await Promise.all(
        Array.from({ length: 50 }, async (_, i) => {
          const { fields, body } = await site.ask(`GET a.test/${i}`);
          expect([fields.get('x-name'), fields.get('x-code'), body]).to.deep.equal([
            [`/${i}`],
            ['200'],
            `{"name":"/${i}"}`,
          ]);
          const other = await site.ask(`GET b.test/${i}`);
          expect(JSON.parse(other.body)).to.deep.equal({ was: `{"name":"/${i}"}`, name: `/${i}` });
        }),
      );
    });
  });
});
