import {
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  unlink,
  writeFile,
  chmod,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { FileStore } from '../../lib/store/file.ts';
import { StoreError } from '../../lib/store/store.ts';
import type { Write } from '../../lib/store/store.ts';
import { failure } from '../fixtures/failure.ts';
import { StoreRecorder } from '../fixtures/store-recorder.ts';

const SHOP = `# our shop
domains:
  shop.test: # the front
    init: r1
    rules:
      r1: {type: backend, args: {servername: web}}
  "*": {init: r1, rules: {}}
upstreams:
  # two machines
  web: {"10.0.0.1:80": "", "10.0.0.2:80": "weight=2"}
  old: {}
  bare:
    10.0.0.3:80:
options:
  web: {balance: {algorithm: round-robin}} # as ever
notes:
  owner: us
  more: [1, 2]
`;

describe('file store', () => {
  let directory = '';
  let path = '';
  let store: FileStore;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'elb-file-'));
    path = join(directory, 'elb.yaml');
    store = new FileStore(path);
  });
  afterEach(async () => {
    await store.close();
    await rm(directory, { recursive: true });
  });

  async function entries(): Promise<Record<string, string>> {
    const snapshot = await store.read();
    return Object.fromEntries(snapshot.entries.map(({ key, value }) => [key, value]));
  }

  it('maps its sections to the keys of etcd', async () => {
    await writeFile(path, SHOP);
    expect(await entries()).to.deep.equal({
      'rules/shop.test': '{"init":"r1","rules":{"r1":{"type":"backend","args":{"servername":"web"}}}}',
      'rules/*': '{"init":"r1","rules":{}}',
      'upstreams/web/10.0.0.1:80': '',
      'upstreams/web/10.0.0.2:80': 'weight=2',
      'upstreams/old/': '',
      'upstreams/bare/10.0.0.3:80': '',
      'options/web': '{"balance":{"algorithm":"round-robin"}}',
      'notes/owner': 'us',
    });
  });

  const malformed: readonly {
    readonly name: string;
    readonly file?: string;
    readonly text: string;
    readonly at: string;
  }[] = [
    { name: 'a bracket that is not closed', text: 'domains:\n  a.test: {init: r\n', at: ':3:1: ' },
    {
      name: 'a key that is there twice',
      text: 'upstreams:\n  a: {}\n  b: {}\n  a: {}\n',
      at: ':4:3: Map keys must be unique',
    },
    { name: 'a section twice', text: 'domains: {}\ndomains: {}\n', at: ':2:1: Map keys must be unique' },
    { name: 'a list', text: '- 1\n', at: ':1:1: is not a map' },
    { name: 'a section that is no map', text: 'domains: [a]\n', at: ':1:10: "domains" is not a map' },
    { name: 'an upstream that is no map', text: 'upstreams:\n  web: 10.0.0.1:80\n', at: ':2:8: "web" is not a map' },
    { name: 'two documents', text: 'domains: {}\n---\ndomains: {}\n', at: ':2:1: ' },
    { name: 'YAML in a JSON file', file: 'elb.json', text: '{"domains": {},\n upstreams: {}}', at: ':2:2: ' },
    { name: 'a JSON key twice', file: 'elb.json', text: '{"upstreams": {},\n\t"upstreams": {}}', at: ':2:2: Map keys' },
    { name: 'JSON that is cut', file: 'elb.json', text: '{"domains": {\n', at: ':2:1: ' },
  ];
  for (const { name, file, text, at } of malformed) {
    it(`says where there is ${name}`, async () => {
      path = join(directory, file ?? 'elb.yaml');
      await writeFile(path, text);
      const other = new FileStore(path);
      const error = await failure(other.read());
      expect(error).to.be.instanceOf(StoreError);
      expect(String(error)).to.include(`${path}${at}`);
      await other.close();
    });
  }

  it('says that the file is missing', async () => {
    expect(String(await failure(store.read()))).to.equal(`StoreError: ${path}: no such file`);
  });

  it('keeps comments, order and what it does not know, and replaces only what is written', async () => {
    await writeFile(path, SHOP);
    const { revision } = await store.read();
    const writes: readonly Write[] = [
      { key: 'rules/new.test', value: '{"init":"a","rules":{}}', expected: 0 },
      { key: 'upstreams/web/10.0.0.9:80', value: 'backup', expected: 0 },
      { key: 'upstreams/web/10.0.0.1:80', value: null, expected: revision },
      { key: 'upstreams/bare/10.0.0.3:80', value: null, expected: revision },
      { key: 'options/old', value: '{"balance":{}}', expected: 0 },
      { key: 'notes/owner', value: 'them', expected: revision },
    ];
    expect(await store.write(writes)).to.equal(revision + 1);
    expect(await readFile(path, 'utf8')).to.equal(`# our shop
domains:
  shop.test:
    # the front
    init: r1
    rules:
      r1: { type: backend, args: { servername: web } }
  "*": { init: r1, rules: {} }
  new.test:
    init: a
    rules: {}
upstreams:
  # two machines
  web: { "10.0.0.2:80": "weight=2", 10.0.0.9:80: backup }
  old: {}
options:
  web: { balance: { algorithm: round-robin } } # as ever
  old:
    balance: {}
notes:
  owner: them
  more: [ 1, 2 ]
`);
    expect(await readdir(directory)).to.deep.equal(['elb.yaml']);
  });

  it('keeps the indentation of JSON and the mode of the file', async () => {
    path = join(directory, 'elb.json');
    await writeFile(path, '{\n\t"upstreams": {}\n}\n');
    await chmod(path, 0o640);
    const other = new FileStore(path);
    await other.read();
    await other.write([
      { key: 'upstreams/a/h:1', value: '', expected: 0 },
      { key: 'options/a', value: '{"balance":{}}', expected: 0 },
    ]);
    expect(await readFile(path, 'utf8')).to.equal(
      '{\n\t"upstreams": {\n\t\t"a": {\n\t\t\t"h:1": ""\n\t\t}\n\t},' +
        '\n\t"options": {\n\t\t"a": {\n\t\t\t"balance": {}\n\t\t}\n\t}\n}\n',
    );
    expect((await stat(path)).mode & 0o777).to.equal(0o640);
    await other.close();
  });

  it('removes an upstream with its last server, unless it is said to have none', async () => {
    await writeFile(path, 'upstreams: {a: {"h:1": ""}, b: {"h:1": ""}}\n');
    const { revision } = await store.read();
    await store.write([
      { key: 'upstreams/b/', value: '', expected: 0 },
      { key: 'upstreams/a/h:1', value: null, expected: revision },
      { key: 'upstreams/b/h:1', value: null, expected: revision },
    ]);
    expect(await entries()).to.deep.equal({ 'upstreams/b/': '' });
  });

  it('writes to the file behind a link', async () => {
    await writeFile(path, 'domains: {}\n');
    const link = join(directory, 'link.yaml');
    await symlink(path, link);
    const linked = new FileStore(link);
    await linked.read();
    await linked.write([{ key: 'upstreams/a/h:1', value: '', expected: 0 }]);
    expect(await entries()).to.deep.equal({ 'upstreams/a/h:1': '' });
    await linked.close();
  });

  describe('while it is watched', () => {
    let recorder: StoreRecorder;
    beforeEach(async () => {
      await writeFile(path, 'upstreams: {a: {"h:1": ""}}\n');
      recorder = new StoreRecorder();
      store.watch((await store.read()).revision, recorder);
    });

    it('tells what changed when the file is written in place', async () => {
      await writeFile(path, 'upstreams: {a: {"h:1": down}}\n');
      await recorder.until(({ lines }) => lines.length > 0);
      expect(recorder.lines).to.deep.equal(['upstreams/a/h:1=down']);
    });

    it('tells what changed when another file is renamed onto it, twice', async () => {
      for (const weight of [2, 3]) {
        await writeFile(join(directory, 'swap'), `upstreams: {a: {"h:1": weight=${weight}}}\n`);
        await rename(join(directory, 'swap'), path);
        await recorder.until(({ lines }) => lines.includes(`upstreams/a/h:1=weight=${weight}`));
      }
      expect(recorder.lines).to.deep.equal(['upstreams/a/h:1=weight=2', 'upstreams/a/h:1=weight=3']);
    });

    it('says nothing of a change that changes nothing', async () => {
      await writeFile(path, '# a comment\nupstreams: {a: {"h:1": ""}}\n');
      const { revision } = await store.read();
      await writeFile(path, '# another\nupstreams: {a: {"h:1": ""}, b: {"h:2": ""}}\n');
      await recorder.until(({ lines }) => lines.length > 0);
      expect(recorder.lines).to.deep.equal(['upstreams/b/h:2=']);
      expect(recorder.heard.find((item) => item.kind === 'changes')?.revision).to.equal(revision + 1);
    });

    const damages: readonly { readonly name: string; readonly make: () => Promise<void>; readonly says: RegExp }[] = [
      { name: 'malformed', make: () => writeFile(path, 'upstreams: {'), says: /elb\.yaml:\d+:\d+: / },
      { name: 'removed', make: () => unlink(path), says: /no such file/ },
      { name: 'emptied', make: () => truncate(path), says: /is empty/ },
    ];
    for (const { name, make, says } of damages) {
      it(`says once that the file is ${name}, keeps what it had, and goes on when it is mended`, async () => {
        await make();
        await recorder.until(({ heard }) => heard.some((item) => item.kind === 'trouble'));
        expect(await failure(store.read())).to.be.instanceOf(StoreError);
        await writeFile(path, 'upstreams: {a: {"h:1": ""}, b: {"h:2": ""}}\n');
        await recorder.until(({ lines }) => lines.length > 0);
        const troubles = recorder.heard.filter((item) => item.kind === 'trouble').map((item) => item.message);
        expect(troubles).to.have.length(2);
        expect(troubles[0]).to.match(says);
        expect(troubles[1]).to.equal(null);
        expect(recorder.lines).to.deep.equal(['upstreams/b/h:2=']);
        expect(recorder.end).to.equal(null);
      });
    }

    it('does not write over what was changed since it was read', async () => {
      const { revision } = await store.read();
      await writeFile(path, 'upstreams: {a: {"h:1": down}}\n');
      expect(await store.write([{ key: 'upstreams/a/h:1', value: 'backup', expected: revision }])).to.equal(null);
      expect(await readFile(path, 'utf8')).to.equal('upstreams: {a: {"h:1": down}}\n');
      expect(recorder.lines).to.deep.equal(['upstreams/a/h:1=down']);
    });
  });
});
