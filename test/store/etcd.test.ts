import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { EtcdStore } from '../../lib/store/etcd.ts';
import { StoreError } from '../../lib/store/store.ts';
import type { Snapshot } from '../../lib/store/store.ts';
import { makeCertificates } from '../fixtures/certificates.ts';
import { startEtcd, startEtcdCluster } from '../fixtures/etcd.ts';
import type { EtcdProcess } from '../fixtures/etcd.ts';
import { failure } from '../fixtures/failure.ts';
import { StoreRecorder } from '../fixtures/store-recorder.ts';

const OPEN = { username: null, password: null, ca: null, cert: null, key: null };

describe('etcd store, one member', () => {
  let etcd: EtcdProcess;
  let store: EtcdStore;
  let recorder: StoreRecorder;
  let count = 0;
  before(async () => {
    etcd = await startEtcd();
  });
  after(() => etcd.stop());
  beforeEach(() => {
    store = new EtcdStore({ ...OPEN, endpoints: [etcd.endpoint], prefix: `/ELB${++count}/` });
    recorder = new StoreRecorder();
  });
  afterEach(() => store.close());

  it('reads many keys and large ones at one revision, while others write', async () => {
    // 7.5 MiB, of which no answer may be above 4.
    for (let i = 0; i < 25; i++) await fill(store, `a${i}`, 100, 3000);
    for (let i = 0; i < 3; i++) await fill(store, `b${i}`, 1, 900_000);
    let isDone = false;
    const writing = (async () => {
      for (let i = 0; !isDone; i++) await etcd.ctl('put', `/ELB${count}/rules/zz.test`, String(i));
    })();
    const snapshots = [await store.read(), await store.read()];
    isDone = true;
    await writing;
    for (const { entries, revision } of snapshots) {
      expect(entries.filter(({ key }) => key !== 'rules/zz.test')).to.have.length(2503);
      expect(new Set(entries.map(({ key }) => key)).size).to.equal(entries.length);
      expect(entries.filter((entry) => entry.revision > revision)).to.deep.equal([]);
    }
  });

  it('starts the read again when its revision is compacted under it', async () => {
    for (let i = 0; i < 25; i++) await fill(store, `a${i}`, 100, 1000);
    let isDone = false;
    const compacting = (async () => {
      for (let i = 0; !isDone; i++) {
        // Some reads have to have the time to come to their end.
        for (let j = 0; j < 3; j++) await etcd.ctl('put', '/else/where', `${i}.${j}`);
        const { header } = JSON.parse(await etcd.ctl('-w=json', 'put', '/else/where', String(i)));
        await etcd.ctl('compact', String(header.revision));
      }
    })();
    const reads: Promise<Snapshot>[] = [];
    for (let i = 0; i < 10; i++) {
      reads.push(store.read());
      await reads.at(-1);
    }
    isDone = true;
    await compacting;
    for (const { entries } of await Promise.all(reads)) expect(entries).to.have.length(2500);
  });

  it('tells each revision in one call, however large a watch catches up with', async () => {
    const { revision } = await store.read();
    for (let i = 0; i < 6; i++) await fill(store, `a${i}`, 10, 100_000);
    store.watch(revision, recorder);
    await recorder.until(({ lines }) => lines.length === 60);
    const sizes = recorder.heard.filter((item) => item.kind === 'changes').map(({ changes }) => changes.length);
    expect(sizes).to.deep.equal([10, 10, 10, 10, 10, 10]);
  });

  it('ends a watch whose history is gone', async () => {
    const { revision } = await store.read();
    const [at] = [await fill(store, 'a', 1, 1), await fill(store, 'b', 1, 1)].slice(-1);
    await etcd.ctl('compact', String(at));
    store.watch(revision, recorder);
    await recorder.until(({ end }) => end !== null);
    expect(recorder.end?.kind).to.equal('compacted');
  });

  it('keeps to its prefix', async () => {
    await etcd.ctl('put', `/ELB${count}0/rules/a.test`, 'x');
    await etcd.ctl('put', `/ELB${count}`, 'x');
    await etcd.ctl('put', `/ELB${count}/rules/b.test`, 'x');
    expect((await store.read()).entries.map(({ key }) => key)).to.deep.equal(['rules/b.test']);
  });

  it('refuses a write that is too large, and says so', async () => {
    expect(String(await failure(fill(store, 'a', 2, 1_000_000)))).to.match(/StoreError: .*request is too large/);
    expect((await store.read()).entries).to.deep.equal([]);
  });

  it('notices that a member is silent, within its bounds, and goes on when it speaks again', async () => {
    const { revision } = await store.read();
    store.watch(revision, recorder);
    await recorder.until(({ heard }) => heard.length > 0);
    etcd.pause();
    const started = performance.now();
    expect(await failure(store.read())).to.be.instanceOf(StoreError);
    expect(await failure(store.write([{ key: 'a', value: '', expected: 0 }]))).to.be.instanceOf(StoreError);
    expect(performance.now() - started).to.be.below(6500);
    await recorder.until(({ end }) => end !== null);
    expect(recorder.end?.kind).to.equal('lost');
    etcd.resume();
    expect((await store.read()).entries).to.deep.equal([]);
  });

  const strangers: readonly { readonly name: string; readonly token?: string; readonly writes: number }[] = [
    { name: 'that has lost its data', writes: 0 },
    { name: 'that is another cluster, further on', token: 'two', writes: 10 },
  ];
  for (const { name, token, writes } of strangers) {
    it(`takes a member ${name} for what it is`, async () => {
      await fill(store, 'a', 1, 1);
      const { revision } = await store.read();
      await etcd.wipe(token);
      for (let i = 0; i < writes; i++) await etcd.ctl('put', '/else/where', String(i));
      const again = new StoreRecorder();
      store.watch(revision, again);
      await again.until(({ end }) => end !== null);
      expect(again.end?.kind).to.equal('compacted');
      expect(String(await failure(store.write([])))).to.include('another history');
      expect((await store.read()).entries).to.deep.equal([]);
      expect(await store.write([])).to.be.a('number');
    });
  }

  for (const [what, told] of [
    ['written', ['put', 'rules/late.test', 'x']],
    ['removed', ['del', 'rules/early.test']],
  ] as const) {
    it(`takes a backup that has gone on beyond our revision for what it is, by what was ${what} after it`, async () => {
      const directory = await mkdtemp(join(tmpdir(), 'elb-backup-'));
      const [verb, key, ...value] = told;
      await etcd.ctl('put', `/ELB${count}/rules/early.test`, 'x');
      await etcd.save(join(directory, 'backup'));
      const { revision } = await store.read();
      const watch = store.watch(revision, recorder);
      await etcd.ctl(verb, `/ELB${count}/${key}`, ...value);
      await recorder.until(({ lines }) => lines.length === 1);
      watch.close();
      await etcd.restore(join(directory, 'backup'));
      for (let i = 0; i < 5; i++) await etcd.ctl('put', '/else/where', String(i));
      const again = new StoreRecorder();
      store.watch(revision + 1, again);
      await again.until(({ end }) => end !== null);
      expect(again.end?.kind).to.equal('compacted');
      expect(again.end?.message).to.include(`another history than what it told before: ${key}`);
      expect((await store.read()).entries.map((entry) => entry.key)).to.deep.equal(['rules/early.test']);
      const followed = new StoreRecorder();
      store.watch(revision, followed);
      await followed.until(({ heard }) => heard.length > 0);
      expect(followed.end).to.equal(null);
      await rm(directory, { recursive: true });
    });
  }
});

describe('etcd store, three members', () => {
  let members: readonly EtcdProcess[] = [];
  before(async () => {
    members = await startEtcdCluster(3);
  });
  after(() => Promise.all(members.map((member) => member.stop())));

  it('works with any member that does', async () => {
    const endpoints = members.map((member) => member.endpoint);
    const store = new EtcdStore({ ...OPEN, endpoints, prefix: '/ELB/' });
    const { revision } = await store.read();
    const recorder = new StoreRecorder();
    store.watch(revision, recorder);
    await recorder.until(({ heard }) => heard.length > 0);
    await members[0]?.kill();
    await recorder.until(({ end }) => end !== null);
    await untilWritten(store, 'rules/a.test');
    const again = new StoreRecorder();
    store.watch(revision, again);
    await again.until(({ lines }) => lines.length === 1);
    expect(again.lines).to.deep.equal(['rules/a.test=x']);
    await store.close();
  });
});

describe('etcd store, user and password', () => {
  let etcd: EtcdProcess;
  before(async () => {
    etcd = await startEtcd();
    await etcd.ctl('user', 'add', 'root:secret');
    await etcd.ctl('user', 'grant-role', 'root', 'root');
    await etcd.ctl('auth', 'enable');
  });
  after(() => etcd.stop());

  function open(username: string | null, password: string | null): EtcdStore {
    return new EtcdStore({ ...OPEN, username, password, endpoints: [etcd.endpoint], prefix: '/ELB/' });
  }

  const refusals = [
    { name: 'a wrong password', username: 'root', password: 'guess', says: /authentication failed/ },
    { name: 'no user', username: null, password: null, says: /user name is empty/ },
  ];
  for (const { name, username, password, says } of refusals) {
    it(`says that ${name} is refused`, async () => {
      const store = open(username, password);
      expect(String(await failure(store.read()))).to.match(says);
      const recorder = new StoreRecorder();
      store.watch(1, recorder);
      await recorder.until(({ end }) => end !== null);
      expect(recorder.end?.kind).to.equal('lost');
      await store.close();
    });
  }

  it('renews a token that the member no longer knows', async () => {
    const store = open('root', 'secret');
    const { revision } = await store.read();
    // Simple tokens are in the member's memory only.
    await etcd.restart();
    const recorder = new StoreRecorder();
    store.watch(revision, recorder);
    await recorder.until(({ heard }) => heard.length > 0);
    if (recorder.end !== null) {
      const again = new StoreRecorder();
      store.watch(revision, again);
      await again.until(({ heard }) => heard.length > 0);
      expect(again.end).to.equal(null);
    }
    expect(await store.write([{ key: 'rules/a.test', value: 'x', expected: 0 }])).to.be.a('number');
    expect((await store.read()).entries).to.have.length(1);
    await store.close();
  });
});

describe('etcd store, TLS', () => {
  it('shows its certificate and checks that of the member', async () => {
    const files = await makeCertificates();
    const etcd = await startEtcd(files);
    try {
      const [ca, cert, key] = await Promise.all([readFile(files.ca), readFile(files.cert), readFile(files.key)]);
      const common = { ...OPEN, endpoints: [etcd.endpoint], prefix: '/ELB/' };
      const store = new EtcdStore({ ...common, ca, cert, key });
      const { revision } = await store.read();
      const recorder = new StoreRecorder();
      store.watch(revision, recorder);
      await etcd.ctl('put', '/ELB/rules/a.test', 'x');
      await recorder.until(({ lines }) => lines.length === 1);
      await store.close();
      for (const access of [{ ca }, {}]) {
        const stranger = new EtcdStore({ ...common, ...access });
        expect(await failure(stranger.read())).to.be.instanceOf(StoreError);
        await stranger.close();
      }
    } finally {
      await etcd.stop();
      await files.remove();
    }
  });

  it('refuses a member whose certificate is for another address', async () => {
    const files = await makeCertificates('127.0.0.2');
    const etcd = await startEtcd(files);
    try {
      const [ca, cert, key] = await Promise.all([readFile(files.ca), readFile(files.cert), readFile(files.key)]);
      const store = new EtcdStore({ ...OPEN, endpoints: [etcd.endpoint], prefix: '/ELB/', ca, cert, key });
      expect(String(await failure(store.read()))).to.match(/StoreError: .*127\.0\.0\.1 is not in the cert's list/);
      await store.close();
    } finally {
      await etcd.stop();
      await files.remove();
    }
  });
});

async function fill(store: EtcdStore, name: string, keys: number, bytes: number): Promise<number | null> {
  const value = 'x'.repeat(bytes);
  return store.write(Array.from({ length: keys }, (_, i) => ({ key: `rules/${name}-${i}.test`, value, expected: 0 })));
}

/** A cluster that has lost its leader needs a moment. */
async function untilWritten(store: EtcdStore, key: string): Promise<void> {
  for (;;) {
    try {
      await store.write([{ key, value: 'x', expected: 0 }]);
      return;
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
    }
  }
}
