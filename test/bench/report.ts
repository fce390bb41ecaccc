import { medianOf } from './percentiles.ts';
import type { FigureName, Figures, Work } from './works.ts';

/** The figures of one peer at one work: one entry a round, in the order of the rounds. */
export interface PeerRounds {
  readonly name: string;
  readonly rounds: readonly Figures[];
  /** Why it was not measured, or null. */
  readonly missing: string | null;
}

/** The peer that all others are compared with. */
const REFERENCE = 'nginx';

/**
 * Markdown table of one work: medians over the rounds, and for figures that decide, the median of each round's ratio to
 * nginx in the same round, so that a change of the machine's speed between rounds does not count.
 */
export function workTable(work: Work, peers: readonly PeerRounds[]): string {
  const measured = peers.filter(({ missing }) => missing === null);
  const columns = COLUMNS.filter(({ name, always }) =>
    measured.some(({ rounds }) => rounds.some((figures) => (always ? name in figures : (figures[name] ?? 0) > 0))),
  );
  const reference = measured.find(({ name }) => name === REFERENCE)?.rounds ?? [];
  const head = ['peer', ...columns.flatMap((shown) => headings(shown, work))];
  const rows = measured.map(({ name, rounds }) => [
    name,
    ...columns.flatMap((shown) => cells(shown, rounds, reference)),
  ]);
  const lines = [markdownTable([head, ...rows])];
  for (const { name, missing } of peers) if (missing !== null) lines.push(`${name}: ${missing}`);
  return lines.join('\n\n');
}

/** Rows of cells as a table whose columns are aligned: the first to the left, the others as told. */
export function markdownTable(rows: readonly (readonly string[])[], others: 'left' | 'right' = 'right'): string {
  const [head = []] = rows;
  const widths = head.map((_, i) => Math.max(3, ...rows.map((row) => row[i]?.length ?? 0)));
  const isLeft = (i: number): boolean => i === 0 || others === 'left';
  const line = (row: readonly string[]): string => `| ${row.map((cell, i) => padded(cell, i)).join(' | ')} |`;
  const padded = (cell: string, i: number): string =>
    isLeft(i) ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0);
  const rule = widths.map((width, i) => (isLeft(i) ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [line(head), `| ${rule.join(' | ')} |`, ...rows.slice(1).map(line)].join('\n');
}

/** The document with the text between a section's two marks replaced; a section that is not there yet is put at the end. */
export function withSection(document: string, section: string, text: string): string {
  const [from, to] = [`<!-- ${section} -->`, `<!-- /${section} -->`];
  const block = `${from}\n\n${text}\n\n${to}`;
  const start = document.indexOf(from);
  const end = document.indexOf(to);
  if (start === -1 || end === -1) return `${document.trimEnd()}\n\n${block}\n`;
  return document.slice(0, start) + block + document.slice(end + to.length);
}

interface Column {
  readonly name: FigureName;
  readonly label: (work: Work) => string;
  readonly unit: number;
  readonly digits: number;
  /** Whether the ratio to nginx is shown, and the range over the rounds. */
  readonly decides: boolean;
  /** Whether it is shown when all of it is zero. */
  readonly always: boolean;
}

const KIB = 1024;

const COLUMNS: readonly Column[] = [
  column('cpuUs', ({ unit }) => `CPU us per ${unit}`, { digits: 1, decides: true }),
  column('perSecond', ({ unit }) => `${unit}s per s`, { decides: true }),
  column('p50Us', () => 'p50 us'),
  column('p99Us', () => 'p99 us', { decides: true }),
  column('p999Us', () => 'p99.9 us'),
  column('addedP50Us', () => 'added p50 us'),
  column('addedP99Us', () => 'added p99 us', { decides: true }),
  column('lateUs', () => 'generator late, p99 us'),
  column('clientBytes', () => 'KiB per client', { unit: KIB, digits: 1, decides: true }),
  column('residentBytes', () => 'MiB', { unit: KIB * KIB, digits: 1 }),
  column('errors', () => 'errors', { always: false }),
];

function column(name: FigureName, label: Column['label'], differing: Partial<Column> = {}): Column {
  return { name, label, unit: 1, digits: 0, decides: false, always: true, ...differing };
}

function headings({ label, decides }: Column, work: Work): string[] {
  return decides ? [label(work), 'range', `x ${REFERENCE}`] : [label(work)];
}

function cells(
  { name, unit, digits, decides }: Column,
  rounds: readonly Figures[],
  reference: readonly Figures[],
): string[] {
  const values = rounds.map((figures) => figures[name]).filter((value) => value !== undefined);
  const text = (value: number): string => (value / unit).toFixed(digits);
  const median = values.length === 0 ? '-' : text(medianOf(values));
  if (!decides) return [median];
  const ratios = values.map((value, i) => value / (reference[i]?.[name] ?? Number.NaN)).filter(Number.isFinite);
  return [
    median,
    values.length === 0 ? '-' : `${text(Math.min(...values))}-${text(Math.max(...values))}`,
    ratios.length === 0 ? '-' : medianOf(ratios).toFixed(2),
  ];
}
