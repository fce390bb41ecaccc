import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { pino } from 'pino';
import { CertificateFolder } from '../../lib/certs/certificate-folder.ts';
import { TestCa, type Pair } from '../fixtures/test-ca.ts';
import { until } from '../fixtures/until.ts';

describe('folder of certificates', () => {
  const ca = new TestCa();
  const path = mkdtempSync(join(tmpdir(), 'elb-folder-'));
  const one = ca.issue({ names: ['DNS:one.test'] });
  const two = ca.issue({ names: ['DNS:two.test'] });
  const inForce = new Map<string, string>();
  let folder: CertificateFolder;

  before(async () => {
    write('split', one);
    writeFileSync(join(path, 'whole.pem'), two.certificate + two.key);
    writeFileSync(join(path, 'README.txt'), 'not a certificate');
    mkdirSync(join(path, 'archive'));
    writeFileSync(join(path, 'archive', 'cert1.pem'), one.certificate);
    writeFileSync(join(path, 'archive', 'key1.pem'), one.key);
    mkdirSync(join(path, 'live.test'));
    symlinkSync('../archive/cert1.pem', join(path, 'live.test', 'fullchain.pem'));
    symlinkSync('../archive/key1.pem', join(path, 'live.test', 'privkey.pem'));
    folder = new CertificateFolder({
      path,
      log: pino({ level: 'silent' }),
      now: () => Date.now(),
      apply: (changes) => {
        for (const change of changes) {
          if (!('document' in change)) continue;
          if (change.document === null) inForce.delete(change.name);
          else inForce.set(change.name, change.document);
        }
        return Promise.resolve();
      },
    });
    await folder.start();
  });

  after(() => {
    folder.stop();
    rmSync(path, { recursive: true });
    ca.remove();
  });

  const write = (name: string, { certificate, key }: Pair): void => {
    writeFileSync(join(path, `${name}.crt`), certificate);
    writeFileSync(join(path, `${name}.key`), key);
  };
  const isServed =
    (name: string, { certificate }: Pair) =>
    () =>
      inForce.get(name)?.includes(JSON.stringify(certificate).slice(1, -1)) === true;

  it('reads pairs, single files and the folders of certbot', () => {
    expect([...inForce.keys()].toSorted()).to.deep.equal(['file:live.test', 'file:split', 'file:whole']);
    expect(folder.problems.size).to.equal(0);
  });

  it('sees another pair, whichever file comes first', async () => {
    write('split', two);
    await until('it is read', isServed('file:split', two));
    expect(folder.problems.size).to.equal(0);
  });

  it('sees a link that points elsewhere', async () => {
    writeFileSync(join(path, 'archive', 'cert2.pem'), two.certificate);
    writeFileSync(join(path, 'archive', 'key2.pem'), two.key);
    for (const [link, file] of [
      ['fullchain.pem', 'cert2.pem'],
      ['privkey.pem', 'key2.pem'],
    ] as const) {
      symlinkSync(`../archive/${file}`, join(path, 'live.test', 'new'));
      renameSync(join(path, 'live.test', 'new'), join(path, 'live.test', link));
    }
    await until('it is read', isServed('file:live.test', two));
  });

  it('keeps the last good one where the new one is not', async () => {
    writeFileSync(join(path, 'split.key'), one.key);
    await until('it is refused', () => folder.problems.has('file:split'));
    expect(folder.problems.get('file:split')).to.equal('key is not the key of the certificate');
    expect(isServed('file:split', two)()).to.equal(true);
  });

  it('takes out what is gone', async () => {
    rmSync(join(path, 'whole.pem'));
    await until('it is gone', () => !inForce.has('file:whole'));
  });
});
