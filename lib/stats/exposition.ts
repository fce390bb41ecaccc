import { METRICS, type MetricName, type MetricRow } from './catalogue.ts';
import type { Histogram } from './histogram.ts';
import type { WrittenLines } from './written-lines.ts';

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

/** One sample, with a value for each of its metric's labels; the same in both formats. */
export function sampleLine(name: MetricName, value: number, labels: readonly string[]): string {
  const names: readonly string[] = METRICS[name].labels;
  let line: string = name;
  for (let i = 0; i < labels.length; i++)
    line += `${i === 0 ? '{' : '",'}${names[i] ?? ''}="${escapeLabel(labels[i] ?? '')}`;
  return `${line}${labels.length === 0 ? '' : '"}'} ${formatValue(value)}\n`;
}

/**
 * Writes metrics as text, in parts of some 64 KiB, so that a page of millions of series is never held whole. Each family is
 * written once, its samples together, as both formats demand.
 */
export class Exposition {
  readonly #format: Format;
  readonly #told = new Set<MetricName>();
  #name: MetricName | null = null;
  #page: Buffer = Buffer.allocUnsafeSlow(PAGE_LENGTH);
  #length = 0;

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
    this.#write(`# HELP ${family} ${escapeHelp(row.help)}\n# TYPE ${family} ${row.type}\n`);
  }

  /** A sample of the present metric, with a value for each of its labels. */
  sample(value: number, ...labels: readonly string[]): void {
    if (this.#name !== null) this.#write(sampleLine(this.#name, value, labels));
  }

  /** Samples of the present metric that were written before, by `sampleLine`; there it has that place. */
  lines(written: WrittenLines, place: number): void {
    const length = written.lengthOf(place);
    this.#makeRoom(length);
    written.copyTo(place, this.#page, this.#length);
    this.#length += length;
  }

  /** The present metric as a histogram; `scale` makes its unit of what was recorded. */
  histogram(recorded: Histogram, scale: number): void {
    const name = this.#name;
    if (name === null) return;
    const { bounds = [] }: MetricRow = METRICS[name];
    for (const bound of bounds) {
      this.#write(`${name}_bucket{le="${formatBound(bound)}"} ${recorded.upTo(bound / scale)}\n`);
    }
    this.#write(`${name}_bucket{le="+Inf"} ${recorded.count}\n`);
    this.#write(`${name}_sum ${formatValue(recorded.sum * scale)}\n${name}_count ${recorded.count}\n`);
  }

  /** What was written, once it is worth sending; else null. Good until more is written: its memory is used again. */
  part(): Buffer | null {
    return this.#length < PART_LENGTH ? null : this.#take();
  }

  end(): Buffer {
    if (this.#format === 'open') this.#write('# EOF\n');
    return this.#take();
  }

  #take(): Buffer {
    const part = this.#page.subarray(0, this.#length);
    this.#length = 0;
    return part;
  }

  #write(text: string): void {
    this.#makeRoom(text.length * MOST_BYTES_OF_UNIT);
    this.#length += this.#page.write(text, this.#length);
  }

  #makeRoom(length: number): void {
    if (this.#length + length <= this.#page.length) return;
    const larger = Buffer.allocUnsafeSlow(2 * (this.#length + length));
    this.#page.copy(larger, 0, 0, this.#length);
    this.#page = larger;
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
const PART_LENGTH = 57_344;
/** With room for what is written at a time. */
const PAGE_LENGTH = 65_536;
/** Of UTF-8, for a unit of UTF-16. */
const MOST_BYTES_OF_UNIT = 3;
