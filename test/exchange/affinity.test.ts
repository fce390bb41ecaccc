import { expect } from 'chai';
import { allTo, type PlaneTable, type TestPlane } from '../fixtures/plane.ts';
import { Rig, turnsUntil } from '../fixtures/rig.ts';

const NAMES = ['one', 'two', 'three', 'four'];

interface Answer {
  readonly from: string;
  /** The whole Set-Cookie field; empty without. */
  readonly setCookie: string;
  /** Its name and value. */
  readonly cookie: string;
}

describe('a request and its server', () => {
  const rig = new Rig();
  afterEach(() => rig.stop());

  /** A plane with an upstream of servers that say who they are; `extra` is in every head of theirs. */
  async function planeOf(options: object, parameters: readonly object[] = NAMES.map(() => ({})), extra = '') {
    const servers = await Promise.all(
      parameters.map(async (some, i) => {
        const server = await rig.serve((connection) => {
          let seen = 0;
          connection.socket.on('data', () => {
            const heads = connection.text.split('\r\n\r\n').length - 1;
            const name = NAMES[i] ?? '';
            for (; seen < heads; seen++)
              connection.write(`HTTP/1.1 200 OK\r\n${extra}Content-Length: ${name.length}\r\n\r\n${name}`);
          });
        });
        return { port: server.port, ...some };
      }),
    );
    const table: PlaneTable = {
      domains: { 'a.test': 'up', 'canary.test': allTo('up#canary'), 'nobody.test': allTo('up#nobody') },
      upstreams: { up: servers },
      options: { up: options },
    };
    const plane = await rig.plane(table);
    return { plane, servers, put: (change: PlaneTable) => plane.put(change) };
  }

  async function ask(plane: TestPlane, { path = '/', host = 'a.test', fields = '' } = {}): Promise<Answer> {
    const client = await rig.client(plane.port);
    client.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${fields}Connection: close\r\n\r\n`);
    const text = await client.untilClosed();
    const setCookie = /^Set-Cookie: (.*)\r$/m.exec(text)?.[1] ?? '';
    const status = /^HTTP\/1.1 (\d+)/.exec(text)?.[1] ?? '';
    const from = status === '200' ? (text.split('\r\n\r\n')[1] ?? '') : status;
    return { from, setCookie, cookie: setCookie.split(';')[0] ?? '' };
  }

  async function askAll(plane: TestPlane, asks: readonly Parameters<typeof ask>[1][]): Promise<readonly string[]> {
    const answers: string[] = [];
    for (const one of asks) answers.push((await ask(plane, one)).from);
    return answers;
  }

  describe('by hash', () => {
    const cases = [
      { on: 'header', name: 'X-User', ask: (user: string) => ({ fields: `x-user: ${user}\r\n` }) },
      { on: 'cookie', name: 'user', ask: (user: string) => ({ fields: `Cookie: a=b; user=${user}; c=d\r\n` }) },
      { on: 'query', name: 'user', ask: (user: string) => ({ path: `/?x=user&user=${user}` }) },
      { on: 'path', name: '', ask: (user: string) => ({ path: `/${user}?${Math.random()}` }) },
      { on: 'uri', name: '', ask: (user: string) => ({ path: `/?${user}` }) },
    ];
    for (const { on, name, ask: asking } of cases) {
      it(`on ${on}: the same value goes to the same server, others elsewhere`, async () => {
        const { plane } = await planeOf({ balance: { algorithm: 'hash', hash: { on, name } } });
        const users = Array.from({ length: 12 }, (_, i) => asking(`u${i}`));
        const first = await askAll(plane, users);
        expect(
          await askAll(
            plane,
            users.map((_, i) => asking(`u${i}`)),
          ),
        ).to.deep.equal(first);
        expect(new Set(first).size).to.be.above(2);
      });
    }

    it('a missing value stands for the client, for anything, or for one and the same', async () => {
      const seen = new Map<string, number>();
      for (const missing of ['address', 'any', 'empty']) {
        const { plane } = await planeOf({ balance: { algorithm: 'hash', hash: { on: 'header', name: 'x', missing } } });
        seen.set(
          missing,
          new Set(
            await askAll(
              plane,
              Array.from({ length: 24 }, () => ({})),
            ),
          ).size,
        );
      }
      expect([seen.get('address'), seen.get('empty')]).to.deep.equal([1, 1]);
      expect(seen.get('any')).to.be.above(1);
    });

    it('a client stays at its server by its address', async () => {
      const { plane } = await planeOf({ balance: { algorithm: 'ip-hash' } });
      expect(new Set(await askAll(plane, [{}, {}, {}, {}])).size).to.equal(1);
    });
  });

  describe('by session', () => {
    const STICKY = { sticky: { cookie: 'elb', secret: 's', ttl: '1h', secure: true, same_site: 'None', path: '/app' } };

    it('begins with the first reply and lasts', async () => {
      const { plane } = await planeOf(STICKY);
      const first = await ask(plane);
      expect(first.setCookie).to.match(/^elb=[\w-]{22}; Path=\/app; Max-Age=3600; Secure; HttpOnly; SameSite=None$/);
      for (let i = 0; i < 6; i++) {
        const next = await ask(plane, { fields: `Cookie: ${first.cookie}\r\n` });
        expect(next).to.deep.equal({ from: first.from, setCookie: '', cookie: '' });
      }
      expect(new Set(await askAll(plane, [{}, {}, {}, {}])).size).to.equal(4);
    });

    it('survives a change of the list and of the options, and a server that drains; nothing else goes there', async () => {
      const { plane, servers, put } = await planeOf(STICKY);
      const { from, cookie } = await ask(plane);
      const at = NAMES.indexOf(from);
      for (const parameter of [{ weight: 0 }, { drain: true }]) {
        put({ upstreams: { up: servers.map((server, i) => (i === at ? { ...server, ...parameter } : server)) } });
        put({ options: { up: { ...STICKY, balance: { algorithm: 'random' } } } });
        expect(await ask(plane, { fields: `Cookie: ${cookie}\r\n` })).to.deep.include({ from, setCookie: '' });
        const others = await askAll(
          plane,
          Array.from({ length: 12 }, () => ({})),
        );
        expect(others).to.not.include(from);
      }
    });

    it('moves to another server when its own is gone, and stays there', async () => {
      const { plane, servers, put } = await planeOf(STICKY);
      const first = await ask(plane);
      put({ upstreams: { up: servers.filter((_, i) => NAMES[i] !== first.from) } });
      const second = await ask(plane, { fields: `Cookie: ${first.cookie}\r\n` });
      expect(second.from).to.not.equal(first.from);
      expect(second.setCookie).to.not.equal('');
      put({ upstreams: { up: servers } });
      expect((await ask(plane, { fields: `Cookie: ${second.cookie}\r\n` })).from).to.equal(second.from);
    });

    it('is at another server while its own is full, and keeps its cookie', async () => {
      const { plane, servers, put } = await planeOf(STICKY);
      const own = await rig.serve(() => undefined);
      const full = { port: own.port, maxConns: 1 };
      put({ upstreams: { up: [full] } });
      const client = await rig.client(plane.port);
      client.write(`GET / HTTP/1.1\r\nHost: a.test\r\n\r\n`);
      await turnsUntil(() => own.connections[0]?.text.includes('\r\n\r\n') === true);
      own.connections[0]?.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
      const cookie = /Set-Cookie: (elb=[^;]+)/.exec(await client.until(/\r\n\r\n/))?.[1] ?? '';
      put({ upstreams: { up: [full, ...servers] } });
      const asking = `GET /full HTTP/1.1\r\nHost: a.test\r\nCookie: ${cookie}\r\n\r\n`;
      client.write(asking);
      await turnsUntil(() => own.connections[0]?.text.includes('/full') === true);
      const { from, setCookie } = await ask(plane, { fields: `Cookie: ${cookie}\r\n` });
      expect(NAMES).to.include(from);
      expect(setCookie).to.equal('');
    });

    it('cannot be made up, and is worth nothing with another secret', async () => {
      const { plane, put } = await planeOf(STICKY);
      const { from, cookie } = await ask(plane);
      put({ options: { up: { sticky: { ...STICKY.sticky, secret: 'other' } } } });
      const answers = [
        await ask(plane, { fields: `Cookie: ${cookie}\r\n` }),
        await ask(plane, { fields: `Cookie: elb=${from}\r\n` }),
      ];
      for (const { setCookie } of answers) expect(setCookie).to.not.equal('');
    });

    it('begins along with a cookie of the server, where that is wanted', async () => {
      const along = { sticky: { cookie: 'elb', along: 'JSESSIONID' } };
      const { plane } = await planeOf(along, undefined, 'Set-Cookie: x=1\r\n');
      expect((await ask(plane)).setCookie).to.equal('x=1');
      const other = await planeOf(along, undefined, 'Set-Cookie: JSESSIONID=1\r\n');
      const client = await rig.client(other.plane.port);
      client.write('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
      expect(await client.until(/\r\n\r\n/)).to.match(/Set-Cookie: elb=[\w-]{22}; Path=\/; HttpOnly; SameSite=Lax\r\n/);
    });
  });

  describe('by tag', () => {
    const SERVERS = [{ tags: ['stable'] }, { tags: ['canary', 'stable'] }, { tags: ['canary'] }, {}];
    const asks = (host: string) => Array.from({ length: 8 }, () => ({ host }));

    it('that the graph asks for: only servers that have it, or 502', async () => {
      const { plane } = await planeOf({}, SERVERS);
      expect(new Set(await askAll(plane, asks('canary.test')))).to.deep.equal(new Set(['two', 'three']));
      expect(new Set(await askAll(plane, asks('a.test'))).size).to.equal(4);
      expect(new Set(await askAll(plane, asks('nobody.test')))).to.deep.equal(new Set(['502']));
    });

    it('or any server, where that is wanted', async () => {
      const { plane } = await planeOf({ balance: { any_tag: true } }, SERVERS);
      expect(new Set(await askAll(plane, asks('nobody.test'))).size).to.equal(4);
    });

    it('that the options ask for', async () => {
      const { plane } = await planeOf({ balance: { tags: ['stable', 'none'] } }, SERVERS);
      expect(new Set(await askAll(plane, asks('a.test')))).to.deep.equal(new Set(['one', 'two']));
      expect(new Set(await askAll(plane, asks('canary.test')))).to.deep.equal(new Set(['two']));
    });
  });

  it('by priority: the first tier that has a usable server, backups last', async () => {
    const { plane, servers, put } = await planeOf({}, [{ priority: 1 }, { priority: 1 }, { backup: true }, {}]);
    const all = Array.from({ length: 4 }, () => ({}));
    expect(new Set(await askAll(plane, all))).to.deep.equal(new Set(['four']));
    put({ upstreams: { up: servers.slice(0, 3) } });
    expect(new Set(await askAll(plane, all))).to.deep.equal(new Set(['one', 'two']));
    put({ upstreams: { up: servers.slice(2, 3) } });
    expect(new Set(await askAll(plane, all))).to.deep.equal(new Set(['three']));
  });
});
