// Writes docs/grafana.json: a dashboard with a panel for every metric of the catalogue.
import { writeFileSync } from 'node:fs';
import { METRICS, type MetricRow } from '../lib/stats/catalogue.ts';

/** docs/grafana.json; `test/stats/grafana.test.ts` fails when the file differs. */
export function grafanaDashboard(): string {
  const panels: object[] = [];
  let y = 0;
  for (const [title, prefix] of SECTIONS) {
    const names = Object.keys(METRICS).filter((name) => sectionOf(name) === prefix && name !== 'elb_build_info');
    panels.push({
      type: 'row',
      title,
      id: panels.length + 1,
      collapsed: false,
      panels: [],
      gridPos: { x: 0, y, w: 24, h: 1 },
    });
    y++;
    for (const [i, name] of names.entries()) {
      // Names come from the table itself; it is typed by its own literals.
      const row = (METRICS as Readonly<Record<string, MetricRow>>)[name];
      if (row === undefined) continue;
      const gridPos = { x: (i % COLUMNS) * WIDTH, y: y + Math.floor(i / COLUMNS) * HEIGHT, w: WIDTH, h: HEIGHT };
      panels.push(panel(name, row, panels.length + 1, gridPos));
    }
    y += Math.ceil(names.length / COLUMNS) * HEIGHT;
  }
  return `${JSON.stringify({ ...DASHBOARD, panels }, null, 2)}\n`;
}

/** Rows of the dashboard, by what the names of their metrics begin with. */
const SECTIONS = [
  ['Requests', 'elb'],
  ['Graphs', 'elb_edge'],
  ['Upstreams', 'elb_upstream'],
  ['Servers', 'elb_server'],
  ['Configuration', 'elb_config'],
] as const;

function sectionOf(name: string): string {
  // Over all servers together, and so beside the times of requests.
  if (name === 'elb_server_duration_seconds') return 'elb';
  return SECTIONS.findLast(([, prefix]) => name.startsWith(`${prefix}_`))?.[1] ?? 'elb';
}

function panel(name: string, { type, help, labels }: MetricRow, id: number, gridPos: object): object {
  const by = shownLabels(labels);
  const grouped = by.length === 0 ? '' : ` by (${by.join(', ')})`;
  const legendFormat = by.length === 0 ? name : by.map((label) => `{{${label}}}`).join(' ');
  const select = `${name}{instance=~"$instance"}`;
  const targets =
    type === 'histogram'
      ? [0.5, 0.95, 0.99].map((share) => ({
          expr: `histogram_quantile(${share}, sum by (le) (rate(${name}_bucket{instance=~"$instance"}[$__rate_interval])))`,
          legendFormat: `p${share * 100}`,
        }))
      : [
          {
            expr: `sum${grouped} (${type === 'counter' ? `rate(${select}[$__rate_interval])` : select})`,
            legendFormat,
          },
        ];
  return {
    id,
    type: 'timeseries',
    title: type === 'counter' ? `${name} per second` : name,
    description: help,
    datasource: DATASOURCE,
    gridPos,
    fieldConfig: { defaults: { unit: unitOf(name, type) }, overrides: [] },
    options: { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi', sort: 'desc' } },
    targets: targets.map((target, i) => ({ ...target, datasource: DATASOURCE, refId: String.fromCodePoint(65 + i) })),
  };
}

/** Of four labels two are shown: a panel of every combination shows nothing. */
function shownLabels(labels: readonly string[]): readonly string[] {
  return labels.length > 3 ? labels.filter((label) => label === 'domain' || label === 'code') : labels;
}

function unitOf(name: string, type: MetricRow['type']): string {
  const base = name.replace(/_total$/, '');
  if (base.endsWith('_time_seconds')) return 'dateTimeFromNow';
  if (base.endsWith('_seconds')) return type === 'counter' ? 'percentunit' : 's';
  if (base.endsWith('_bytes')) return type === 'counter' ? 'Bps' : 'bytes';
  return type === 'counter' ? 'ops' : 'short';
}

const COLUMNS = 3;
const WIDTH = 24 / COLUMNS;
const HEIGHT = 8;
const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };

/** Version 38 of the model is what Grafana 9 and later read. */
const DASHBOARD = {
  title: 'ELB',
  uid: 'elb',
  schemaVersion: 38,
  editable: true,
  refresh: '10s',
  time: { from: 'now-1h', to: 'now' },
  tags: ['elb'],
  templating: {
    list: [
      { name: 'datasource', type: 'datasource', query: 'prometheus', label: 'Data source' },
      {
        name: 'instance',
        type: 'query',
        label: 'Instance',
        datasource: DATASOURCE,
        query: { query: 'label_values(elb_build_info, instance)', refId: 'instance' },
        includeAll: true,
        multi: true,
        current: { text: 'All', value: '$__all' },
        refresh: 2,
      },
    ],
  },
};

if (import.meta.main) writeFileSync(new URL('../docs/grafana.json', import.meta.url), grafanaDashboard());
