import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { METRICS } from '../../lib/stats/catalogue.ts';
import { grafanaDashboard } from '../../scripts/write-grafana.ts';

/** What is looked at of a dashboard. */
interface Dashboard {
  readonly panels: readonly {
    readonly id: number;
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
    readonly targets?: readonly { readonly expr: string }[];
  }[];
}

describe('docs/grafana.json', () => {
  const { panels } = JSON.parse(grafanaDashboard()) as Dashboard;
  const expressions = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

  it('is what the catalogue says (node scripts/write-grafana.ts)', () => {
    expect(readFileSync(new URL('../../docs/grafana.json', import.meta.url), 'utf8')).to.equal(grafanaDashboard());
  });

  it('shows every metric, each panel in a place of its own', () => {
    const shown = new Set(expressions.flatMap((expr) => /elb_\w+?(?=_bucket\b|\{|\b)/.exec(expr) ?? []));
    expect(shown).to.deep.equal(new Set(Object.keys(METRICS).filter((name) => name !== 'elb_build_info')));
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, i) => `${x + (i % w)} ${y + Math.floor(i / w)}`),
    );
    expect(new Set(cells).size).to.equal(cells.length);
    expect(new Set(panels.map(({ id }) => id)).size).to.equal(panels.length);
  });

  it('asks what Prometheus can read', () => {
    const rules = expressions.map((expr, i) => ({
      record: `elb:rule${i}`,
      expr: expr.replaceAll('$__rate_interval', '1m').replaceAll('$instance', '.*'),
    }));
    const directory = mkdtempSync(join(tmpdir(), 'elb-test-'));
    const file = join(directory, 'rules.yml');
    // JSON is YAML.
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'elb', rules }] }));
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'rules', '--lint=none', file], {
      encoding: 'utf8',
    });
    rmSync(directory, { recursive: true });
    expect(status, stdout + stderr).to.equal(0);
  });
});
