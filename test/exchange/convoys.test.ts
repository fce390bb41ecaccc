import { expect } from 'chai';
import { CacheRig } from '../fixtures/cache-rig.ts';
import type { RawClient, TestPlane } from '../fixtures/plane.ts';
import type { RawReply } from '../fixtures/raw-reply.ts';
import { turnsUntil } from '../fixtures/rig.ts';

/** Requests for the same at the same time: a server is asked once where its reply is kept. */
describe('requests that wait for one that asks for the same', () => {
  const site = new CacheRig();
  let waiting: { readonly request: string; answer(text: string): void; breakOff(): void }[] = [];
  afterEach(async () => {
    waiting = [];
    await site.stop();
  });

  /** A plane before a server that answers when it is told to. */
  async function before(cache: object = {}): Promise<TestPlane> {
    const server = await site.rig.serve((connection: RawClient) => {
      let at = 0;
      connection.socket.on('data', () => {
        for (let end; (end = connection.text.indexOf('\r\n\r\n', at)) !== -1; at = end + 4)
          waiting.push({
            request: connection.text.slice(at, end),
            answer: (text) => void connection.write(text),
            breakOff: () => connection.destroy(),
          });
      });
    });
    return site.rig.plane({
      domains: { 'a.test': 'up' },
      upstreams: { up: [{ port: server.port }] },
      options: { up: { cache: { enabled: true, ...cache }, retry: { tries: 1 } } },
    });
  }

  const reply = (body: string, fields = ''): string =>
    `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n${fields}\r\n${body}`;
  /** So many requests that have all come to the plane. */
  async function crowd(
    plane: TestPlane,
    count: number,
    lines: string | ((i: number) => string) = '',
  ): Promise<Promise<RawReply>[]> {
    const asking = Array.from({ length: count }, (_, i) =>
      site.ask(plane, typeof lines === 'string' ? lines : lines(i)),
    );
    await turnsUntil(() => plane.plane.report().clients >= count && waiting.length > 0);
    for (let i = 0; i < 20; i++) await new Promise(setImmediate);
    return asking;
  }
  const bodies = async (asking: readonly Promise<RawReply>[]): Promise<readonly string[]> =>
    (await Promise.all(asking)).map(({ status, body }) => `${status} ${body.toString()}`);

  it('one asks, and all get its reply', async () => {
    const plane = await before();
    const asking = await crowd(plane, 50);
    expect(waiting).to.have.length(1);
    waiting[0]?.answer(reply('once'));
    expect(new Set(await bodies(asking))).to.deep.equal(new Set(['200 once']));
    expect(waiting).to.have.length(1);
  });

  it('not where that is switched off', async () => {
    const plane = await before({ collapse: '0s' });
    const asking = await crowd(plane, 10);
    await turnsUntil(() => waiting.length === 10);
    for (const { answer } of waiting) answer(reply('each'));
    expect(await bodies(asking)).to.deep.equal(Array(10).fill('200 each'));
  });

  it('all go on at once where the reply is not kept, and nobody waits for it again', async () => {
    const plane = await before();
    const asking = await crowd(plane, 10);
    expect(waiting).to.have.length(1);
    waiting[0]?.answer('HTTP/1.1 200 OK\r\nCache-Control: private\r\nContent-Length: 4\r\n\r\n');
    // Not before its body has come: its head says it.
    await turnsUntil(() => waiting.length === 10);
    waiting[0]?.answer('mine');
    for (const { answer } of waiting.slice(1)) answer(reply('mine', 'Cache-Control: private\r\n'));
    expect(new Set(await bodies(asking))).to.deep.equal(new Set(['200 mine']));
    waiting = [];
    const again = await crowd(plane, 5);
    await turnsUntil(() => waiting.length === 5);
    for (const { answer } of waiting) answer(reply('mine', 'Cache-Control: private\r\n'));
    await bodies(again);
  });

  it('nor for what turns out to be larger than may be kept', async () => {
    const plane = await before({ max_entry_bytes: 10 });
    const asking = await crowd(plane, 5);
    waiting[0]?.answer('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n0123456789abcdef\r\n');
    await turnsUntil(() => waiting.length === 5);
    waiting[0]?.answer('0\r\n\r\n');
    for (const { answer } of waiting.slice(1)) answer(reply('0123456789abcdef'));
    expect(new Set(await bodies(asking))).to.deep.equal(new Set(['200 0123456789abcdef']));
  });

  it('where the one that asks fails or leaves, the next one asks', async () => {
    const plane = await before();
    const first = await site.rig.client(plane.port);
    first.write('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
    await turnsUntil(() => waiting.length === 1);
    const asking = await crowd(plane, 5);
    expect(waiting).to.have.length(1);
    first.destroy();
    await turnsUntil(() => waiting.length === 2);
    waiting[1]?.breakOff();
    await turnsUntil(() => waiting.length === 3);
    waiting[2]?.answer(reply('third'));
    const got = await bodies(asking);
    expect(got.filter((text) => text === '200 third')).to.have.length(4);
    expect(got.filter((text) => text.startsWith('502'))).to.have.length(1);
    expect(waiting).to.have.length(3);
  });

  it('where replies depend on what differs, each kind asks once', async () => {
    const plane = await before();
    const asking = await crowd(plane, 12, (i) => `Accept-Language: ${['de', 'en', 'fr'][i % 3]}\r\n`);
    for (let answered = 0; answered < 3; answered++) {
      await turnsUntil(() => waiting.length === answered + 1);
      const language = /language: (..)/i.exec(waiting[answered]?.request ?? '')?.[1] ?? '';
      waiting[answered]?.answer(reply(language, 'Vary: Accept-Language\r\n'));
    }
    expect(await bodies(asking)).to.deep.equal(
      Array.from({ length: 12 }, (_, i) => `200 ${['de', 'en', 'fr'][i % 3]}`),
    );
    expect(waiting).to.have.length(3);
  });

  it('those who are known and those who are not do not wait for each other', async () => {
    const plane = await before();
    const asking = await crowd(plane, 4, (i) => (i % 2 === 0 ? '' : 'Authorization: Basic YTpi\r\n'));
    await turnsUntil(() => waiting.length >= 2);
    for (let answered = 0; answered < 3; answered++) {
      await turnsUntil(() => waiting.length > answered);
      waiting[answered]?.answer(reply(/authorization/i.test(waiting[answered]?.request ?? '') ? 'known' : 'all'));
    }
    expect(await bodies(asking)).to.deep.equal(['200 all', '200 known', '200 all', '200 known']);
  });

  it('no longer than they may', async () => {
    const plane = await before({ collapse: '100ms' });
    const asking = await crowd(plane, 3);
    await turnsUntil(() => waiting.length === 3);
    for (const { answer } of waiting) answer(reply('late'));
    expect(await bodies(asking)).to.deep.equal(Array(3).fill('200 late'));
  });

  it('whoever leaves while it waits is forgotten, and what was written meanwhile is asked for again', async () => {
    const plane = await before();
    const asking = await crowd(plane, 1);
    const leaving = await Promise.all([1, 2, 3].map(() => site.rig.client(plane.port)));
    for (const client of leaving) client.write('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
    const staying = await crowd(plane, 2);
    await turnsUntil(() => plane.plane.report().clients === 6);
    for (const client of leaving) client.destroy();
    await turnsUntil(() => plane.plane.report().clients === 3);
    plane.plane.forget(['http a.test  /']);
    waiting[0]?.answer(reply('old'));
    await turnsUntil(() => waiting.length === 2);
    waiting[1]?.answer(reply('new'));
    expect(await bodies(asking)).to.deep.equal(['200 old']);
    expect(await bodies(staying)).to.deep.equal(['200 new', '200 new']);
    expect(waiting).to.have.length(2);
  });

  it('a stale reply is asked about once', async () => {
    const plane = await before({ expiration: '50ms' });
    const [first] = await crowd(plane, 1);
    waiting[0]?.answer(reply('kept', 'ETag: "a"\r\n'));
    await first;
    const stale = Date.now() + 200;
    await turnsUntil(() => Date.now() > stale);
    waiting = [];
    const asking = await crowd(plane, 10);
    expect(waiting.map(({ request }) => /^if-none-match.*$/im.exec(request)?.[0])).to.deep.equal([
      'If-None-Match: "a"',
    ]);
    waiting[0]?.answer('HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nCache-Control: max-age=60\r\n\r\n');
    expect(new Set(await bodies(asking))).to.deep.equal(new Set(['200 kept']));
    expect(waiting).to.have.length(1);
  });
});
