import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { ImageFile } from '../../lib/store/image-file.ts';
import { ImageError } from '../../lib/store/image-error.ts';
import type { ImageOwner } from '../../lib/store/image-layout.ts';
import type { Image } from '../../lib/store/image.ts';
import { failure } from '../fixtures/failure.ts';
import { until } from '../fixtures/until.ts';

const OWNER = { prefix: '/ELB/', checker: 'this version' };

describe('ImageFile', () => {
  let directory = '';
  let path = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'elb-image-'));
    path = join(directory, 'a', 'snapshot');
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  async function writeOnce(owner: ImageOwner): Promise<void> {
    const file = new ImageFile(path, owner);
    await file.write(SAMPLE);
    await file.close();
  }

  const text = fc.string({ unit: 'binary' });
  const revision = fc.nat(2 ** 50);
  const images: fc.Arbitrary<Image> = fc.record({
    revision,
    cluster: text,
    entries: fc.uniqueArray(fc.record({ key: text, value: text, revision }), { selector: ({ key }) => key }),
    substitutes: fc.array(fc.record({ key: text, lastGood: fc.option(text), since: revision })),
    needsOf: fc.func(fc.option(fc.array(fc.string({ unit: 'binary', minLength: 1 })))),
  });

  it('gives back what it was given', async () => {
    const file = new ImageFile(path, OWNER);
    expect(await file.read()).to.equal(null);
    await fc.assert(
      fc.asyncProperty(images, async (image) => {
        await file.write(image);
        expect(told(await file.read(), image)).to.deep.equal(told(image, image));
      }),
      { numRuns: 30 },
    );
    expect(readdirSync(join(directory, 'a'))).to.deep.equal(['snapshot']);
    await file.close();
  });

  it('refuses an image that is not whole, or of which any byte is another', async () => {
    const file = new ImageFile(path, OWNER);
    await file.write(SAMPLE);
    const good = readFileSync(path);
    const damaged = [];
    for (let at = 0; at < good.length; at++) {
      const changed = Buffer.from(good);
      changed[at] = (changed[at] ?? 0) ^ 0x20;
      damaged.push(good.subarray(0, at), changed);
    }
    for (const bytes of damaged) {
      writeFileSync(path, bytes);
      expect(await failure(file.read())).to.be.instanceOf(ImageError);
    }
    writeFileSync(path, good);
    expect(told(await file.read())).to.deep.equal(told(SAMPLE));
    await file.close();
  });

  it('refuses what the version before has written', async () => {
    writeFileSync(join(directory, 'old'), '{"format":"elb image 2","prefix":"/ELB/","entries":0,"substitutes":0}\n');
    const reason = String(await failure(new ImageFile(join(directory, 'old'), OWNER).read()));
    expect(reason).to.include('is of another format');
  });

  it('refuses what another instance has written', async () => {
    await writeOnce({ ...OWNER, prefix: '/OTHER/' });
    expect(String(await failure(new ImageFile(path, OWNER).read()))).to.include('is of /OTHER/, not of /ELB/');
  });

  it('says what its entries need only if they have passed the same check', async () => {
    await writeOnce({ ...OWNER, checker: 'an older version' });
    const image = await new ImageFile(path, OWNER).read();
    expect(image?.entries).to.deep.equal(SAMPLE.entries);
    expect(image?.needsOf('rules/a.test', '{"init": "r"}')).to.equal(null);
  });

  it('writes more than one part, and values larger than a part', async () => {
    const file = new ImageFile(path, OWNER);
    const entries = Array.from({ length: 5000 }, (_, i) => ({
      key: `rules/${i}`,
      value: 'x\u00e9\u{1f600}'.repeat(i === 7 ? 500_000 : 50),
      revision: i,
    }));
    await file.write({ ...SAMPLE, entries });
    expect((await file.read())?.entries).to.deep.equal(entries);
    await file.close();
  });

  it('stays as it is where it cannot be written, and leaves nothing behind', async () => {
    const file = new ImageFile(path, OWNER);
    await file.write(SAMPLE);
    const broken = { ...SAMPLE, entries: [{ key: 'a', value: 'b', revision: 1 }, null] } as unknown as Image; // fails half-way
    expect(await failure(file.write(broken))).to.be.instanceOf(ImageError);
    expect(told(await file.read())).to.deep.equal(told(SAMPLE));
    expect(readdirSync(join(directory, 'a'))).to.deep.equal(['snapshot']);
    writeFileSync(join(directory, 'file'), '');
    const nowhere = new ImageFile(join(directory, 'file', 'snapshot'), OWNER);
    expect(await failure(nowhere.write(SAMPLE))).to.be.instanceOf(ImageError);
    expect(await failure(nowhere.read())).to.be.instanceOf(ImageError);
    await file.close();
  });

  it('removes what killed processes have left, and nothing of others', async () => {
    const file = new ImageFile(path, OWNER);
    await file.write(SAMPLE);
    const names = [`snapshot.${2 ** 22 + 1}.tmp`, `snapshot.${process.ppid}.tmp`, 'snapshot-other.5.tmp'];
    for (const name of names) writeFileSync(join(directory, 'a', name), 'part');
    await file.write(SAMPLE);
    expect(readdirSync(join(directory, 'a')).toSorted()).to.deep.equal(['snapshot', ...names.slice(1)].toSorted());
    await file.close();
  });

  it('removes what a killed process has left that nobody has asked for its end', async () => {
    const file = new ImageFile(path, OWNER);
    await file.write(SAMPLE);
    // The shell becomes a program that never waits for its child, which lives until then: the shell itself would.
    const parent = spawn('sh', ['-c', 'sleep 0.5 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
    const [line] = await once(parent.stdout, 'data');
    const pid = Number(String(line));
    await until('it is a zombie', () => readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z '));
    writeFileSync(join(directory, 'a', `snapshot.${pid}.tmp`), 'part');
    await file.write(SAMPLE);
    parent.kill('SIGKILL');
    await file.close();
    expect(readdirSync(join(directory, 'a')).filter((name) => name.includes(String(pid)))).to.deep.equal([]);
  });
});

/** An image as data: what is told of each of the entries of `like`. */
function told(image: Image | null, like = SAMPLE): unknown {
  const needs = like.entries.map(({ key, value }) => {
    const found = image?.needsOf(key, value) ?? null;
    // Such names are none, and what has them is checked again.
    return found?.some((need) => need.includes('\n')) === true ? null : found;
  });
  return { ...image, needsOf: undefined, needs };
}

const SAMPLE: Image = {
  revision: 7,
  needsOf: () => ['up', 'graph/shared'],
  cluster: '12',
  entries: [{ key: 'rules/a.test', value: '{"init": "r"}', revision: 3 }],
  substitutes: [
    { key: 'rules/a.test', lastGood: '{}', since: 5 },
    { key: 'rules/b.test', lastGood: null, since: 6 },
  ],
};
