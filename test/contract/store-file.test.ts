import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { FileStore } from '../../lib/store/file.ts';
import { describeStore } from './store.ts';

type Sections = Record<string, Record<string, unknown>>;

for (const extension of ['yaml', 'json']) {
  describe(`with a real ${extension} file`, () => {
    let directory = '';
    let path = '';
    let saved = '';
    before(async () => {
      directory = await mkdtemp(join(tmpdir(), 'elb-file-'));
    });
    after(() => rm(directory, { recursive: true }));
    beforeEach(async () => {
      path = join(directory, `elb.${extension}`);
      await writeFile(path, '');
    });

    /** As an editor saves: another file, renamed. */
    async function save(text: string): Promise<void> {
      await writeFile(`${path}.new`, text);
      await rename(`${path}.new`, path);
    }

    async function edit(change: (sections: Sections) => void): Promise<void> {
      const sections = (parse(await readFile(path, 'utf8')) ?? {}) as Sections;
      change(sections);
      await save(extension === 'json' ? JSON.stringify(sections) : stringify(sections));
    }

    describeStore(extension, {
      async open() {
        return new FileStore(path);
      },
      putByOther: (key, value) =>
        edit((sections) => {
          sections['domains'] = { ...sections['domains'], [key.slice('rules/'.length)]: JSON.parse(value) };
        }),
      removeByOther: (key) =>
        edit((sections) => {
          delete sections['domains']?.[key.slice('rules/'.length)];
        }),
      async breakDown() {
        saved = await readFile(path, 'utf8');
        await save('domains: {');
      },
      mend: () => save(saved),
    });
  });
}
