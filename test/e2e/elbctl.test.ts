import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { graphOf } from '../fixtures/control-plane.ts';
import { startElb } from '../fixtures/elb.ts';
import type { Elb } from '../fixtures/elb.ts';
import { runElbctl } from '../fixtures/elbctl.ts';
import type { Ended } from '../fixtures/elbctl.ts';
import { startEtcd } from '../fixtures/etcd.ts';
import type { EtcdProcess } from '../fixtures/etcd.ts';

interface Site {
  readonly elb: Elb;
  /** What the store holds, as text. */
  held(): Promise<string>;
  stop(): Promise<void>;
  /** Where `elbctl` works on the store without the instance. */
  readonly direct: readonly string[] | null;
}

/** The same on every store, and with and without an instance between. `isWhole`: what does not depend on that, too. */
function describeElbctl(what: string, start: () => Promise<Site>, isDirect: boolean, isWhole: boolean): void {
  describe(`elbctl ${what}`, function () {
    this.timeout(180_000);
    let site: Site;
    let folder = '';

    before(async () => {
      site = await start();
      folder = mkdtempSync(join(tmpdir(), 'elbctl-test-'));
    });

    after(async () => {
      await site.stop();
      rmSync(folder, { recursive: true });
    });

    function ctl(args: readonly string[], input = ''): Promise<Ended> {
      const direct = isDirect ? (site.direct ?? []) : [];
      const env = isDirect ? {} : { ELB_URL: site.elb.url, ELB_ADMIN_TOKEN: 's3cret' };
      return runElbctl([...args, ...direct], env, input);
    }

    async function did(args: readonly string[], input = ''): Promise<string> {
      const { code, stdout, stderr } = await ctl(args, input);
      expect(code, `${args.join(' ')}\n${stderr}`).to.equal(0);
      return stdout;
    }

    async function json(args: readonly string[]): Promise<unknown> {
      return JSON.parse(await did([...args, '-o', 'json']));
    }

    it('applies files: shows first what changes, makes all of it or nothing, and does nothing twice', async () => {
      mkdirSync(join(folder, 'conf', 'more'), { recursive: true });
      const yaml = 'upstreams:\n  web: {"10.0.0.1:80": weight=2}\noptions:\n  web: {balance: {algorithm: random}}\n';
      writeFileSync(join(folder, 'conf', 'web.yaml'), yaml);
      const domains = { domains: { 'a.test': graphOf('web') } };
      writeFileSync(join(folder, 'conf', 'more', 'a.json'), JSON.stringify(domains));
      writeFileSync(join(folder, 'conf', 'README'), 'not one of them');
      const dry = await ctl(['diff', '-f', join(folder, 'conf')]);
      expect(dry.code).to.equal(1);
      expect(dry.stdout).to.include('+ upstream web\n+     10.0.0.1:80: weight=2\n');
      expect(dry.stdout).to.include('+ domain a.test\n+     init: r\n');
      expect(dry.stdout).to.match(/\n3 added, 0 changed, 0 removed\n$/);
      expect(await json(['get', 'domain'])).to.deep.equal({});

      const applied = await did(['apply', '-f', join(folder, 'conf')]);
      expect(applied).to.match(/\n3 added, 0 changed, 0 removed, revision \d+\n$/);
      expect(await site.held())
        .to.include('a.test')
        .and.include('10.0.0.1:80')
        .and.include('random');
      expect(await did(['apply', '-f', join(folder, 'conf')])).to.equal('nothing differs\n');
      expect(await json(['export'])).to.deep.equal({
        ...domains,
        upstreams: { web: { '10.0.0.1:80': 'weight=2' } },
        options: { web: { balance: { algorithm: 'random' } } },
        graphs: {},
        tls: {},
      });
    });

    it('refuses a file of which a part is bad, with every problem, and changes nothing', async () => {
      const held = await site.held();
      const bad = {
        domains: { 'b.test': graphOf('web'), 'c.test': { init: 'r9', rules: {} } },
        upstreams: { web: { '10.0.0.1:80': 'wait=2' } },
        options: { web: { balance: { algorithm: 'best' } } },
      };
      const { code, stdout, stderr } = await ctl(['apply', '-f', '-', '--yes'], JSON.stringify(bad));
      expect([code, stdout]).to.deep.equal([3, '']);
      for (const at of ['/domains/c.test/init', '/upstreams/web/10.0.0.1:80', '/options/web/balance/algorithm']) {
        expect(stderr).to.include(`\n  ${at}: `);
      }
      expect(stderr).to.include('nothing was changed');
      expect(await site.held()).to.equal(held);
    });

    if (isWhole) {
      it('puts, merges, shows and deletes documents of all kinds', async () => {
        await did(['put', 'upstream', 'api', '10.0.1.1:80', '10.0.1.2:80 weight=3 backup']);
        await did(['put', 'upstream', 'api', '10.0.1.2:80', '10.0.1.3:80', '--merge']);
        await did(['put', 'option', 'api', 'balance.algorithm=p2c', 'retry.tries=2']);
        await did(['put', 'option', 'api', 'retry.tries=3', '--merge']);
        await did(['put', 'domain', 'b.test', '-f', '-'], JSON.stringify(graphOf('api')));
        expect(await json(['get', 'upstream', 'api'])).to.deep.equal({
          api: { '10.0.1.1:80': '', '10.0.1.2:80': '', '10.0.1.3:80': '' },
        });
        expect(await json(['get', 'options', 'api'])).to.deep.equal({
          api: { balance: { algorithm: 'p2c' }, retry: { tries: 3 } },
        });
        expect(await did(['get', 'domain', 'b.test'])).to.match(
          /^b\.test\nNODE +TYPE +ARGS +GOES TO\nr +backend +servername=api +end\n$/,
        );
        const table = await did(['get', 'domain']);
        expect(table).to.match(/^DOMAIN +NODES +BEGINS AT +UPSTREAMS\na\.test +1 +r +web\nb\.test +1 +r +api\n$/);

        const nope = await ctl(['delete', 'upstream', 'api', 'apo']);
        expect([nope.code, nope.stderr.includes('"apo"')]).to.deep.equal([4, true]);
        expect(Object.keys((await json(['get', 'upstream'])) as object)).to.deep.equal(['api', 'web']);
        const gone = await ctl(['delete', 'upstream', 'api', 'apo', '--ignore-missing']);
        expect(gone.code).to.equal(0);
        expect(gone.stderr).to.include('rules/b.test still names api');
        await did(['delete', 'domain', 'B.test.']);
        await did(['delete', 'option', 'api']);
        expect(Object.keys((await json(['get', 'domain'])) as object)).to.deep.equal(['a.test']);
        expect(await site.held())
          .to.not.include('b.test')
          .and.not.include('10.0.1.');
      });

      it('prunes only the sections that the files have', async () => {
        await did(['put', 'upstream', 'old', '10.0.9.1:80']);
        const dry = await ctl(
          ['diff', '--prune', '-f', '-'],
          JSON.stringify({ upstreams: { web: { '10.0.0.1:80': 'weight=2' } } }),
        );
        expect([dry.code, dry.stdout]).to.deep.equal([
          1,
          '- upstream old\n-     10.0.9.1:80: ""\n0 added, 0 changed, 1 removed\n',
        ]);
        await did(
          ['apply', '--prune', '-f', '-'],
          JSON.stringify({ upstreams: { web: { '10.0.0.1:80': 'weight=2' } } }),
        );
        expect(await json(['export']))
          .to.have.nested.property('upstreams')
          .that.has.all.keys('web');
        expect(await json(['get', 'domain'])).to.have.property('a.test');
      });

      it('drains a server wherever it is, and takes that back', async () => {
        await did(['put', 'upstream', 'also', '10.0.0.1:80', '10.0.0.2:80']);
        await did(['drain', '10.0.0.1:80']);
        expect(await json(['get', 'upstream'])).to.deep.equal({
          also: { '10.0.0.1:80': 'drain', '10.0.0.2:80': '' },
          web: { '10.0.0.1:80': 'weight=2 drain' },
        });
        expect(await did(['drain', '10.0.0.1:80'])).to.equal('nothing differs\n');
        await did(['undrain', '10.0.0.1:80', '--upstream', 'web']);
        await did(['undrain', '10.0.0.1:80']);
        await did(['delete', 'upstream', 'also']);
        expect(await json(['get', 'upstream'])).to.deep.equal({ web: { '10.0.0.1:80': 'weight=2' } });
        const near = await ctl(['drain', '10.0.0.1']);
        expect([near.code, near.stderr]).to.deep.equal([
          4,
          'elbctl: no upstream has server "10.0.0.1"\n  is it 10.0.0.1:80?\n',
        ]);
      });
    }

    it('puts, shows, compares, exports, imports and deletes shared graphs', async () => {
      const gate = { init: 'r', rules: { r: { type: 'return', args: { exit: 'out' } } } };
      const front = {
        init: 'g',
        rules: {
          g: { type: 'include', args: { graph: 'gate', next: 'w', exits: { out: 'w' } } },
          w: { type: 'backend', args: { servername: 'web' } },
        },
      };
      await did(['put', 'graph', 'gate', '-f', '-'], JSON.stringify(gate));
      await did(['apply', '-f', '-', '--yes'], JSON.stringify({ domains: { 'g.test': front } }));
      expect(await did(['get', 'graphs'])).to.match(/^GRAPH +NODES +BEGINS AT +UPSTREAMS\ngate +1 +r *\n$/);
      expect(await did(['get', 'graph', 'gate'])).to.match(
        /^gate\nNODE +TYPE +ARGS +GOES TO\nr +return +exit=out +end\n$/,
      );
      expect(await did(['get', 'domain', 'g.test'])).to.match(
        / include +graph=gate exits=\{"out":"w"\} +next→w exits\/out→w\n/,
      );
      const exported = (await json(['export'])) as { graphs: unknown };
      expect(exported.graphs).to.deep.equal({ gate });

      const other = { graphs: { gate: { init: 'r', rules: { r: { type: 'return', args: {} } } } } };
      const differs = await ctl(['diff', '-f', '-'], JSON.stringify(other));
      expect([differs.code, differs.stdout]).to.deep.equal([
        1,
        '~ graph gate\n-     rules > r > args > exit: "out"\n0 added, 1 changed, 0 removed\n',
      ]);
      await did(['import', '-', '--yes'], JSON.stringify(other));
      expect(await json(['get', 'graph', 'gate'])).to.deep.equal(other.graphs);

      const circle = {
        init: 'r',
        rules: { r: { type: 'include', args: { graph: 'gate', next: 'e' } }, e: gate.rules.r },
      };
      const refused = await ctl(['put', 'graph', 'gate', '-f', '-'], JSON.stringify(circle));
      expect([refused.code, refused.stderr.includes('/gate: closes a circle of graphs')], refused.stderr).to.deep.equal(
        [3, true],
      );
      const merged = await ctl(['put', 'graph', 'gate', '-f', '-', '--merge'], JSON.stringify(gate));
      expect(merged.code).to.equal(2);
      const near = await ctl(['get', 'graph', 'gat']);
      expect([near.code, near.stderr]).to.deep.equal([4, 'elbctl: there is no graph "gat"\n  is it gate?\n']);
      const used = await ctl(['delete', 'graph', 'gate']);
      expect([used.code, used.stderr]).to.deep.equal([
        0,
        'rules/g.test still names gate: such requests are answered 500\n',
      ]);
      await did(['delete', 'domain', 'g.test']);
      expect(await json(['get', 'graph'])).to.deep.equal({});
    });

    it('tells who changed what, and undoes it', async () => {
      const held = await site.held();
      await did(['put', 'upstream', 'web', '10.0.0.7:80']);
      const { history } = (await json(['history', '--limit', '1'])) as { history: { id: string; by: unknown }[] };
      expect(history).to.have.length(1);
      const by = isDirect ? /^elbctl \S+@\S+$/ : /^127\.0\.0\.1$/;
      expect(history[0]?.by).to.have.property('address').that.matches(by);
      expect(await did(['history', history[0]?.id ?? ''])).to.include('+     10.0.0.7:80: ""\n');
      expect(await did(['history'])).to.match(/^ID +BY +CALL +REVISION +KEYS +CHANGED\n/);
      expect(await did(['rollback', '--dry-run'])).to.include('-     10.0.0.7:80: ""\n');
      await did(['rollback']);
      expect(await site.held()).to.equal(held);
      await did(['rollback', '--before', history[0]?.id ?? '']);
      expect(await site.held()).to.equal(held);
      expect((await ctl(['rollback', '--to', 'nope'])).code).to.equal(4);
    });

    it('tells how the instance, the store and the fleet are, and waits for them', async () => {
      expect(await did(['status']))
        .to.match(/^ready +yes\n/m)
        .and.match(/^serves +revision \d+\n/m);
      expect(await did(['fleet'])).to.match(/ ready +0 +0 /);
      expect(await did(['wait', '--fleet'])).to.match(/^every instance serves revision \d+\n$/);
      await did(['put', 'upstream', 'web', '10.0.0.1:80 weight=2', '--wait']);
      const late = await ctl(['wait', '--revision', '999999', '--for', '50ms']);
      expect([late.code, late.stdout]).to.deep.equal([8, '']);
    });
  });
}

const access = { ELB_ADMIN_TOKENS: 'ann:s3cret' };

async function etcdSite(): Promise<Site> {
  const etcd: EtcdProcess = await startEtcd();
  const elb = await startElb({ env: { ...access, ETCD: etcd.endpoint } });
  return {
    elb,
    held: async () => {
      const [rules, upstreams, options] = await Promise.all(
        ['rules', 'upstreams', 'options'].map((directory) => etcd.ctl('get', '--prefix', `/ELB/${directory}/`)),
      );
      return `${rules}${upstreams}${options}`;
    },
    stop: async () => {
      await elb.stop();
      await etcd.stop();
    },
    direct: ['--etcd', etcd.endpoint],
  };
}

describeElbctl(
  'at an instance with a file',
  async () => {
    const elb = await startElb({ env: access });
    return {
      elb,
      held: async () => readFileSync(elb.file, 'utf8'),
      stop: async () => void (await elb.stop()),
      direct: null,
    };
  },
  false,
  true,
);
describeElbctl('at an instance with etcd', etcdSite, false, false);
describeElbctl('at etcd without an instance', etcdSite, true, false);
