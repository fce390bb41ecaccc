import { existsSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { graphTo } from '../fixtures/control-plane.ts';
import { startElb } from '../fixtures/elb.ts';
import type { Answer, Elb } from '../fixtures/elb.ts';
import { startEtcd } from '../fixtures/etcd.ts';
import type { EtcdProcess } from '../fixtures/etcd.ts';

interface Record {
  readonly id: string;
  readonly at: string;
  readonly by: { readonly address: string; readonly token: string | null };
  readonly call: string;
  readonly revision: number;
  readonly keys: number;
}

const OK = '{"msg":"OK"}\n';

/** The same on every store: what was changed, by whom, and back. */
function describeHistory(
  kind: string,
  start: () => Promise<{ readonly elb: Elb; held(): Promise<string>; stop(): Promise<void> }>,
): void {
  describe(`history in ${kind}`, () => {
    let running: Awaited<ReturnType<typeof start>>;
    let elb: Elb;
    const ann = { Authorization: 'Bearer s3cret' };

    before(async () => {
      running = await start();
      elb = running.elb;
    });

    after(() => running.stop());

    async function call(method: string, resource: string, body?: unknown, headers = {}): Promise<Answer> {
      return elb.admin(method, resource, body, { ...ann, ...headers });
    }

    async function records(): Promise<readonly Record[]> {
      return ((await call('GET', 'history')).json() as { history: Record[] }).history;
    }

    it('begins empty', async () => {
      expect(await records()).to.deep.equal([]);
    });

    it('tells who changed what, and when', async () => {
      const put = await call('PUT', 'domain?store=1', { 'a.test': graphTo('u') });
      expect(put.text).to.equal(OK);
      await call('PUT', 'upstream', { u: { '10.0.0.1:80': 'weight=2' } });
      expect((await call('PUT', 'dump')).text).to.equal(OK);
      const [dump, first] = await records();
      expect(dump).to.deep.include({ call: 'PUT dump', by: { address: '127.0.0.1', token: 'ann' }, keys: 1 });
      expect(first).to.deep.include({ call: 'PUT domain', by: { address: '127.0.0.1', token: 'ann' }, keys: 1 });
      expect(Number(put.headers['elb-revision'])).to.be.greaterThan(0);
      expect(dump?.revision).to.be.greaterThan(first?.revision ?? 0);
      expect(Date.parse(first?.at ?? '')).to.be.within(Date.now() - 60_000, Date.now());
      const told = await call('GET', `history?id=${dump?.id ?? ''}`);
      expect(told.json()).to.deep.equal({
        changes: [
          { kind: 'upstream', name: 'u', change: 'changed', differences: [{ at: '/10.0.0.1:80', after: 'weight=2' }] },
        ],
      });
      expect((await call('GET', 'history?id=nope')).status).to.equal(404);
    });

    it('is undone, in the store and in what is served, and the undoing too', async () => {
      const held = await running.held();
      const [newest] = await records();
      await call('DELETE', 'domain?store=1', ['a.test']);
      await call('PUT', 'upstream?store=1', { u: { '10.0.0.9:80': '' } });
      const dry = await call('PUT', `rollback?to=${newest?.id ?? ''}&dry_run=1`);
      expect((dry.json() as { changes: { name: string }[] }).changes.map(({ name }) => name).toSorted()).to.deep.equal([
        'a.test',
        'u',
      ]);
      expect((await call('GET', 'domain')).text).to.equal('{}\n');
      expect((await call('PUT', `rollback?to=${newest?.id ?? ''}`)).status).to.equal(200);
      expect(Object.keys((await call('GET', 'domain')).json() as object)).to.deep.equal(['a.test']);
      expect(await running.held()).to.equal(held);
      const [undo] = await records();
      expect(undo?.call).to.equal('PUT rollback');
      expect((await call('PUT', `rollback?before=${undo?.id ?? ''}`)).status).to.equal(200);
      expect((await call('GET', 'domain')).text).to.equal('{}\n');
      expect((await call('PUT', 'rollback?to=nope')).status).to.equal(404);
      expect((await call('PUT', 'rollback')).status).to.equal(400);
      expect((await call('PUT', 'rollback?to=a&before=b')).status).to.equal(400);
    });

    it('takes a transaction of any size, and leads back over it', async () => {
      const many = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`${i}.many.test`, graphTo('u')]));
      const held = await running.held();
      expect((await call('PUT', 'domain?store=1', many)).text).to.equal(OK);
      const [newest] = await records();
      expect(newest).to.deep.include({ call: 'PUT domain', keys: 300 });
      expect((await call('GET', 'domain')).text).to.include('299.many.test');
      expect(await running.held())
        .to.include('0.many.test')
        .and.include('299.many.test');
      expect((await call('PUT', `rollback?before=${newest?.id ?? ''}`)).status).to.equal(200);
      expect(await running.held()).to.equal(held);
      expect((await call('GET', 'domain')).text).to.equal('{}\n');
    });

    it('a change that rests on an older state is refused with what is there: 409', async () => {
      const seen = await call('GET', 'domain');
      const ifMatch = { 'If-Match': seen.headers.etag };
      const both = await Promise.all(
        ['one', 'two'].map((u) => call('PUT', 'domain?store=1', { 'b.test': graphTo(u) }, ifMatch)),
      );
      expect(both.map(({ status }) => status).toSorted()).to.deep.equal([200, 409]);
      const lost = both.find(({ status }) => status === 409)?.json() as { etag: string; revision: number };
      expect(lost.etag).to.equal((await call('GET', 'domain')).headers.etag);
      expect(lost.revision).to.be.greaterThan(0);
      const retried = await call('PUT', 'domain', { 'b.test': graphTo('three') }, { 'If-Match': lost.etag });
      expect(retried.text).to.equal(OK);
      expect((await call('PUT', 'dump', undefined, { 'If-Match': lost.etag })).status).to.equal(409);
      const { etag } = (await call('GET', 'status')).headers;
      expect((await call('PUT', 'dump', undefined, { 'If-Match': etag })).status).to.equal(200);
      expect((await call('PUT', 'domain', {}, { 'If-Match': 'x' })).status).to.equal(400);
    });
  });
}

const access = { ELB_ADMIN_TOKENS: 'ann:s3cret,bob:0ther', ELB_WORKERS: '2' };

describeHistory('a file', async () => {
  const elb = await startElb({ env: access });
  return {
    elb,
    held: async () => {
      expect(existsSync(`${elb.file}.history`)).to.equal(true);
      return readFileSync(elb.file, 'utf8');
    },
    stop: async () => void (await elb.stop()),
  };
});

describeHistory('etcd', async () => {
  const etcd: EtcdProcess = await startEtcd();
  const elb = await startElb({ env: { ...access, ETCD: etcd.endpoint } });
  return {
    elb,
    held: async () => {
      const [rules, upstreams] = await Promise.all(
        ['rules', 'upstreams'].map((directory) => etcd.ctl('get', '--prefix', `/ELB/${directory}/`)),
      );
      return `${rules}${upstreams}`;
    },
    stop: async () => {
      await elb.stop();
      await etcd.stop();
    },
  };
});
