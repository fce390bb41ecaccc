import { execFileSync } from 'node:child_process';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { readFirstTable } from '../../bin/first-table.ts';
import { ImageError } from '../../lib/store/image-error.ts';
import { ImageFile } from '../../lib/store/image-file.ts';
import { decodeImage } from '../../lib/store/image-format.ts';
import type { Image, ImageNews } from '../../lib/store/image.ts';
import { failure } from '../fixtures/failure.ts';
import { KeptImages } from '../fixtures/kept-images.ts';

const OWNER = { prefix: '/ELB/', checker: 'this version' };

describe('what is added to an image', () => {
  let directory = '';
  let path = '';
  let file: ImageFile;
  const opened: ImageFile[] = [];
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'elb-journal-'));
    path = join(directory, 'snapshot');
    file = open();
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((one) => one.close()));
    rmSync(directory, { recursive: true, force: true });
  });

  function open(): ImageFile {
    const one = new ImageFile(path, OWNER);
    opened.push(one);
    return one;
  }

  /** What a process would begin with that reads the file now. */
  const told = async (): Promise<unknown> => plain(await new ImageFile(path, OWNER).read());

  const key = fc.constantFrom('a', 'b', 'c', 'd\u00e9', '');
  const text = fc.string({ unit: 'binary', maxLength: 4 });
  const revision = fc.nat(2 ** 50);
  const substitutes = fc.array(fc.record({ key, lastGood: fc.option(text), since: revision }), { maxLength: 3 });
  const need = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 3 });
  const needsOf = fc.func(fc.option(fc.array(need, { maxLength: 2 })));
  const images: fc.Arbitrary<Image> = fc.record({
    revision,
    cluster: text,
    entries: fc.uniqueArray(fc.record({ key, value: text, revision }), { selector: (entry) => entry.key }),
    substitutes,
    needsOf,
  });
  const news: fc.Arbitrary<ImageNews> = fc.record({
    revision,
    changes: fc.uniqueArray(fc.record({ key, value: fc.option(text), revision }), { selector: (change) => change.key }),
    substitutes: fc.option(substitutes),
    needsOf,
  });

  /** The bytes of a history, and what was known after each of its writes, by the bytes there were then. */
  async function written(image: Image, additions: readonly ImageNews[]): Promise<[Buffer, Map<number, unknown>]> {
    const model = new KeptImages();
    const known = new Map<number, unknown>();
    await file.write(image);
    model.put(image);
    known.set(statSync(path).size, plain(model.image));
    for (const addition of additions) {
      expect(await file.add(addition)).to.equal(true);
      model.putNews(addition);
      known.set(statSync(path).size, plain(model.image));
    }
    return [readFileSync(path), known];
  }

  it('is read as if all had been written anew, and up to where a file is cut short or damaged', async () => {
    await fc.assert(
      fc.asyncProperty(images, fc.array(news, { maxLength: 4 }), async (image, additions) => {
        const [bytes, known] = await written(image, additions);
        const sizes = [...known.keys()];
        const base = sizes[0] ?? 0;
        expect(known.size).to.equal(additions.length + 1);
        for (let at = 0; at <= bytes.length; at++) {
          const last = known.get(sizes.findLast((size) => size <= at) ?? -1);
          expect(decoded(bytes.subarray(0, at))).to.deep.equal(last);
          if (at === bytes.length) continue;
          const flipped = Buffer.from(bytes);
          flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
          expect(decoded(flipped), `byte ${at}`).to.deep.equal(at < base ? undefined : last);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('is nothing where this process has not written what is there', async () => {
    expect(await file.add(NEWS)).to.equal(false);
    await file.write(SAMPLE);
    expect(await open().add(NEWS)).to.equal(false);
    await file.close();
    expect(await file.add(NEWS)).to.equal(false);
    expect(await told()).to.deep.equal(plain(SAMPLE));
  });

  it('is nothing where another process has put its own image there, or somebody has removed it', async () => {
    const other = open();
    await file.write(SAMPLE);
    await other.write({ ...SAMPLE, revision: 8 });
    expect(await file.add(NEWS)).to.equal(false);
    expect(await other.add({ ...NEWS, revision: 9 })).to.equal(true);
    expect((await new ImageFile(path, OWNER).read())?.revision).to.equal(9);
    rmSync(path);
    expect(await other.add(NEWS)).to.equal(false);
    await other.write(SAMPLE);
    expect(await other.add(NEWS)).to.equal(true);
  });

  it('is written as a whole again once it is an eighth of what was there, and 256 KiB', async () => {
    await file.write({ ...SAMPLE, entries: [{ key: 'large', value: 'x'.repeat(6_000_000), revision: 1 }] });
    const addition = { ...NEWS, changes: [{ key: 'b', value: 'x'.repeat(50_000), revision: 9 }] };
    let additions = 0;
    while (await file.add(addition)) additions++;
    expect(additions).to.equal(14);
    await file.write(SAMPLE);
    for (additions = 0; await file.add(addition);) additions++;
    expect(additions).to.equal(5);
  });

  it('stays as it was before what could not be written, and is never continued behind that', async () => {
    await file.write({ ...SAMPLE, entries: [{ key: 'large', value: 'x'.repeat(8_000_000), revision: 1 }] });
    await file.add(NEWS);
    const before = await told();
    const size = statSync(path).size;
    // Of more than one part, only the first finds room.
    const many = Array.from({ length: 3 }, (_, i) => ({ key: String(i), value: 'x'.repeat(250_000), revision: 9 }));
    limit(String(size + 400_000));
    try {
      expect(String(await failure(file.add({ ...NEWS, changes: many })))).to.include('EFBIG');
    } finally {
      limit('unlimited');
    }
    expect(statSync(path).size).to.equal(size + 400_000);
    expect(await told()).to.deep.equal(before);
    expect(await file.add(NEWS)).to.equal(false);
    expect(statSync(path).size).to.equal(size + 400_000);
    await file.write(SAMPLE);
    expect(await file.add(NEWS)).to.equal(true);
  });

  it('says where more than an end is lost', async () => {
    await file.write(SAMPLE);
    const base = statSync(path).size;
    await file.add(NEWS);
    await file.add({ ...NEWS, revision: 9 });
    const bytes = readFileSync(path);
    expect(decodeImage(bytes.subarray(0, -1), OWNER))
      .to.deep.include({ revision: 8 })
      .and.not.have.property('isDamaged');
    bytes[base + 4] = 1;
    expect(decodeImage(bytes, OWNER)).to.deep.include({ revision: 7, isDamaged: true });
  });

  it('is not what two read who have agreed before on what is there', async () => {
    const checked = { ...SAMPLE, substitutes: [], needsOf: () => [] };
    await file.write(checked);
    await file.add({ ...NEWS, substitutes: null, needsOf: () => [] });
    const before = await told();
    const primary = open();
    const image = { path, ...OWNER, listens: true, ...primary.pin()! };
    const first = readFirstTable(image);
    expect(first).to.have.length(1);
    await file.add({ ...NEWS, revision: 9, changes: [{ key: 'rules/c.test', value: '{}', revision: 9 }] });
    expect(readFirstTable(image)).to.deep.equal(first);
    await open().write({ ...checked, revision: 10 });
    expect(readFirstTable(image)).to.equal(null);
    expect(plain(await primary.read())).to.deep.equal(before);
  });

  it('is not read by a worker where it has become shorter, or is no image', async () => {
    await file.write({ ...SAMPLE, substitutes: [] });
    const primary = open();
    const image = { path, ...OWNER, listens: true, ...primary.pin()! };
    truncateSync(path, image.bytes - 1);
    expect(readFirstTable(image)).to.equal(null);
    expect(String(await failure(primary.read()))).to.include('was changed by another program');
    writeFileSync(path, 'short');
    expect(open().pin()).to.equal(null);
    renameSync(path, join(directory, 'elsewhere'));
    expect(open().pin()).to.equal(null);
    expect(readFirstTable(image)).to.equal(null);
    expect(readdirSync(directory)).to.deep.equal(['elsewhere']);
  });
});

/** A disk without room for files of this process that are larger: what has room is written. */
function limit(bytes: string): void {
  execFileSync('prlimit', [`--pid=${process.pid}`, `--fsize=${bytes}:`]);
}

/** An image as data: entries by key, with what they need. */
function plain(image: Image | null): unknown {
  if (image === null) return null;
  const { revision, cluster, entries, substitutes, needsOf } = image;
  const known = new Map(
    entries.map(({ key, value, revision: at }) => [key, { value, at, needs: needsOf(key, value) }]),
  );
  return { revision, cluster, known, substitutes };
}

/** Undefined: it is refused. */
function decoded(bytes: Buffer): unknown {
  try {
    return plain(decodeImage(bytes, OWNER));
  } catch (error) {
    expect(error).to.be.instanceOf(ImageError);
    return undefined;
  }
}

const SAMPLE: Image = {
  revision: 7,
  cluster: '12',
  entries: [{ key: 'rules/a.test', value: '{"init": "r"}', revision: 3 }],
  substitutes: [{ key: 'rules/a.test', lastGood: '{}', since: 5 }],
  needsOf: () => ['up', 'graph/shared'],
};

const NEWS: ImageNews = {
  revision: 8,
  changes: [
    { key: 'rules/a.test', value: null, revision: 8 },
    { key: 'rules/b.test', value: '{"init": "s"}', revision: 8 },
  ],
  substitutes: [],
  needsOf: () => null,
};
