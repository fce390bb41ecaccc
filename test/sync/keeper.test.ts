import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ImageFile } from '../../lib/store/image-file.ts';
import type { Image } from '../../lib/store/image.ts';
import { MemoryStore } from '../../lib/store/memory.ts';
import { ControlPlane, graphText } from '../fixtures/control-plane.ts';
import { ManualScheduler, settled } from '../fixtures/manual-scheduler.ts';
import { until } from '../fixtures/until.ts';

const OWNER = { prefix: '/ELB/', checker: 'test' };

describe('the keeper of a file', () => {
  let directory = '';
  let path = '';
  let store: MemoryStore;
  let scheduler: ManualScheduler;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'elb-keeper-'));
    path = join(directory, 'snapshot');
    store = new MemoryStore({ 'rules/a.test': graphText('up'), 'upstreams/up/10.0.0.1:80': '' });
    scheduler = new ManualScheduler();
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  async function start(): Promise<ControlPlane> {
    const plane = new ControlPlane(store, async () => [], scheduler, new ImageFile(path, OWNER));
    await plane.sync.start();
    await settled();
    return plane;
  }

  const read = (): Promise<Image | null> => new ImageFile(path, OWNER).read();

  /** Lets time pass until what the store holds is in the file. */
  async function kept(): Promise<void> {
    await until('it is kept', async () => {
      await scheduler.pass(1000);
      const image = await read().catch(() => null);
      const { entries } = await store.read();
      return JSON.stringify(image?.entries.toSorted(byKey)) === JSON.stringify(entries.toSorted(byKey));
    });
  }

  it('adds what comes, changes and goes to what it has written', async () => {
    const plane = await start();
    await kept();
    const { ino } = statSync(path);
    store.commit([{ key: 'rules/b.test', value: graphText('up') }]);
    await kept();
    store.commit([
      { key: 'rules/a.test', value: 'bad' },
      { key: 'rules/b.test', value: null },
    ]);
    await kept();
    expect((await read())?.substitutes.map(({ key, lastGood }) => [key, lastGood])).to.deep.equal([
      ['rules/a.test', graphText('up')],
    ]);
    store.commit([{ key: 'rules/a.test', value: graphText('other') }]);
    await kept();
    expect((await read())?.substitutes).to.deep.equal([]);
    expect((await read())?.needsOf('rules/a.test', graphText('other'))).to.deep.equal([]);
    expect(statSync(path).ino).to.equal(ino);
    await plane.sync.stop();
    const again = await start();
    expect(again.domain('a.test')).to.equal('other');
    store.commit([{ key: 'rules/b.test', value: graphText('up') }]);
    await kept();
    // What it writes first is the whole, in a file of its own.
    expect(statSync(path).ino).to.not.equal(ino);
    await again.sync.stop();
  });

  it('writes the whole where more has changed than is remembered', async () => {
    const plane = await start();
    await kept();
    const { ino } = statSync(path);
    store.commit(Array.from({ length: 10_001 }, (_, i) => ({ key: `upstreams/up/10.0.0.1:${i + 1}`, value: '' })));
    await kept();
    expect(statSync(path).ino).to.not.equal(ino);
    await plane.sync.stop();
  });

  it('writes the whole again after what failed, and says both', async () => {
    const plane = await start();
    await kept();
    // Somebody has removed it, and nothing can be put there.
    rmSync(path);
    mkdirSync(path);
    store.commit([{ key: 'rules/a.test', value: graphText('other') }]);
    await until('it has failed', async () => {
      await scheduler.pass(1000);
      return plane.said('the snapshot cannot be written: the last one stays').length > 0;
    });
    expect(readdirSync(directory)).to.deep.equal(['snapshot']);
    rmSync(path, { recursive: true });
    store.commit([{ key: 'rules/b.test', value: graphText('up') }]);
    await kept();
    // The file is there a moment before it is safe.
    await until('it is said', () => plane.said('the snapshot can be written again').length > 0);
    await plane.sync.stop();
    expect(plane.said('the snapshot can be written again')).to.have.length(1);
  });

  it('says where what was added is damaged, and begins with what was before', async () => {
    const plane = await start();
    await kept();
    const { size } = statSync(path);
    store.commit([{ key: 'rules/a.test', value: graphText('other') }]);
    await kept();
    await plane.sync.stop();
    const bytes = readFileSync(path);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    writeFileSync(path, bytes);
    expect(bytes.length).to.be.above(size);
    store.reachable = false;
    const again = await start();
    expect(again.domain('a.test')).to.equal('up');
    expect(again.said('the snapshot is damaged: what was known later is lost')).to.have.length(1);
    await again.sync.stop();
  });
});

function byKey(a: { readonly key: string }, b: { readonly key: string }): number {
  return a.key < b.key ? -1 : 1;
}
