import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { EtcdStore } from '../../lib/store/etcd.ts';
import { ImageFile } from '../../lib/store/image-file.ts';
import { systemScheduler } from '../../lib/core/scheduler.ts';
import { ControlPlane, graphText, graphTo } from '../fixtures/control-plane.ts';
import { startEtcd } from '../fixtures/etcd.ts';
import type { EtcdProcess } from '../fixtures/etcd.ts';
import { Random } from './random.ts';

const DOMAINS = ['a.test', 'b.test', 'c.test'];
const HISTORIES = 12;
const STEPS = 25;

/** What should be served, in a few lines: the store, and over it what was changed here. */
class Reference {
  store = new Map<string, string>();
  readonly overlay = new Map<string, string | null>();

  written(domain: string, value: string | null): void {
    this.overlay.delete(domain);
    if (value === null) this.store.delete(domain);
    else this.store.set(domain, value);
  }

  served(domain: string): string | null {
    const made = this.overlay.get(domain);
    return made === undefined ? (this.store.get(domain) ?? null) : made;
  }

  dumped(): void {
    for (const [domain, value] of this.overlay) this.written(domain, value);
  }
}

describe('sync over a real etcd, and a reference of a few lines', () => {
  let etcd: EtcdProcess;
  let directory = '';
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'elb-differential-'));
    etcd = await startEtcd();
  });
  after(async () => {
    await etcd.stop();
    rmSync(directory, { recursive: true });
  });

  for (let seed = 0; seed < HISTORIES; seed++) {
    it(`answers the same after every step of history ${seed}`, async () => {
      const random = new Random(seed);
      const prefix = `/ELB${seed}/`;
      const access = { username: null, password: null, ca: null, cert: null, key: null };
      const open = () => new EtcdStore({ ...access, endpoints: [etcd.endpoint], prefix });
      const images = new ImageFile(join(directory, String(seed)), { prefix, checker: 'test' });
      const started = async () => {
        const one = new ControlPlane(open(), async () => [], systemScheduler, images);
        await one.sync.start();
        await one.until(() => one.sync.status.connected);
        return one;
      };
      const writer = open();
      const reference = new Reference();
      const expected = () => DOMAINS.map((domain) => reference.served(domain));
      let plane = await started();
      for (let step = 0; step < STEPS; step++) {
        const domain = random.pick(DOMAINS);
        const value = random.chance(0.3) ? null : `v${step}`;
        const kind = random.below(10);
        if (kind < 4) {
          const { entries } = await writer.read();
          const known = entries.find(({ key }) => key === `rules/${domain}`)?.revision ?? 0;
          const write = { key: `rules/${domain}`, value: value === null ? null : graphText(value), expected: known };
          if (value !== null || known !== 0) {
            await writer.write([write]);
            reference.written(domain, value);
          }
        } else if (kind < 8) {
          const change =
            value === null
              ? ({ kind: 'delete-domain', name: domain } as const)
              : ({ kind: 'put-domain', name: domain, document: graphTo(value) } as const);
          // What was written before is heard before, or it would not be known which of the two is newer.
          await plane.until(() => String(DOMAINS.map((name) => plane.domain(name))) === String(expected()));
          expect(await plane.mutate([change])).to.deep.equal([]);
          reference.overlay.set(domain, value);
        } else if (kind < 9) {
          await plane.until(() => String(DOMAINS.map((name) => plane.domain(name))) === String(expected()));
          await plane.dump();
          reference.dumped();
          const { entries } = await writer.read();
          const stored = new Map(entries.map(({ key, value: text }) => [key, text]));
          for (const name of DOMAINS) {
            const text = reference.served(name);
            expect(stored.get(`rules/${name}`) ?? null).to.equal(text === null ? null : graphText(text));
          }
        } else {
          await plane.sync.stop();
          reference.overlay.clear();
          plane = await started();
        }
        await plane.until(() => String(DOMAINS.map((name) => plane.domain(name))) === String(expected()));
      }
      await plane.sync.stop();
      await writer.close();
    }).timeout(60_000);
  }
});
