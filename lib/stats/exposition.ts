import { METRICS, type MetricName, type MetricRow } from './catalogue.ts';
import type { Histogram } from './histogram.ts';

/** `text`: Prometheus text format 0.0.4; `open`: OpenMetrics 1.0.0 (prometheus.io/docs/instrumenting/exposition_formats). */
export type Format = 'text' | 'open';

export const CONTENT_TYPES: Readonly<Record<Format, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  open: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** The best format for an `Accept` field: OpenMetrics where it is named, for nobody else reads it. */
export function formatFor(accept: string | undefined): Format {
  return accept !== undefined && accept.includes('application/openmetrics-text') ? 'open' : 'text';
}

/**
 * Writes metrics as text, in parts of some 64 KiB, so that a page of millions of series is never held whole. Each family is
 * written once, its samples together, as both formats demand.
 */
export class Exposition {
  readonly #format: Format;
  readonly #told = new Set<MetricName>();
  #name = '';
  #row: MetricRow | null = null;
  #part = '';

  constructor(format: Format) {
    this.#format = format;
  }

  /** Begins a metric; its samples follow. Throws if it was begun before: that is a defect of the caller. */
  family(name: MetricName): void {
    if (this.#told.has(name)) throw new Error(`${name} is told twice`);
    this.#told.add(name);
    const row = METRICS[name];
    // OpenMetrics names the family of a counter without its `_total`.
    const family = this.#format === 'open' && row.type === 'counter' ? name.replace(/_total$/, '') : name;
    this.#name = name;
    this.#row = row;
    this.#part += `# HELP ${family} ${escapeHelp(row.help)}\n# TYPE ${family} ${row.type}\n`;
  }

  /** A sample of the present metric, with a value for each of its labels. */
  sample(value: number, ...labels: readonly string[]): void {
    this.#part += `${this.#name}${this.#labels(labels)} ${formatValue(value)}\n`;
  }

  /** The present metric as a histogram; `scale` makes its unit of what was recorded. */
  histogram(recorded: Histogram, scale: number): void {
    const name = this.#name;
    for (const bound of this.#row?.bounds ?? []) {
      this.#part += `${name}_bucket{le="${formatBound(bound)}"} ${recorded.upTo(bound / scale)}\n`;
    }
    this.#part += `${name}_bucket{le="+Inf"} ${recorded.count}\n`;
    this.#part += `${name}_sum ${formatValue(recorded.sum * scale)}\n${name}_count ${recorded.count}\n`;
  }

  /** What was written so far, once it is worth sending. */
  *parts(): Generator<string> {
    if (this.#part.length >= PART_LENGTH) yield this.#take();
  }

  end(): string {
    if (this.#format === 'open') this.#part += '# EOF\n';
    return this.#take();
  }

  #take(): string {
    const part = this.#part;
    this.#part = '';
    return part;
  }

  #labels(values: readonly string[]): string {
    if (values.length === 0) return '';
    const names = this.#row?.labels ?? [];
    return `{${values.map((value, i) => `${names[i] ?? ''}="${escapeLabel(value)}"`).join(',')}}`;
  }
}

function formatValue(value: number): string {
  if (Number.isFinite(value)) return String(value);
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? '+Inf' : '-Inf';
}

/** OpenMetrics wants a point in every bound; the text format takes it as well. */
function formatBound(bound: number): string {
  return Number.isInteger(bound) ? `${bound}.0` : String(bound);
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function escapeLabel(text: string): string {
  return UNSAFE.test(text) ? text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n') : text;
}

const UNSAFE = /[\\"\n]/;
const PART_LENGTH = 65_536;
