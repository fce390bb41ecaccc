import { duration, oneOf } from '../../lib/core/option-kinds.ts';
import { membersOf } from '../answer-shape.ts';
import type { Members } from '../answer-shape.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import type { ExitCode } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { called, optionalArgument, toggle, usual } from '../inputs.ts';
import { LiveView } from '../live-view.ts';
import { printable } from '../printable.ts';
import type { Session } from '../session.ts';
import { VIEWS } from '../stat-table.ts';
import type { Order, View } from '../stat-table.ts';
import { totalText } from './stats.ts';

/** Shows rates and times as they change. */
export const top = defineCommand({
  name: 'top',
  summary: 'Show rates and times as they change',
  description: `Fills the terminal with the busiest domains, upstreams, servers, paths or clients, anew every interval, until \`q\` or Ctrl-C. Keys: d, u, s, p, c choose what is
shown; r, e, t order it by rate, errors or time; space looks at once. Without a terminal, or with --once, it is told once.`,
  positionals: { view: optionalArgument(called('WHAT', oneOf(VIEWS)), 'what is shown first; unset: `domains`', VIEWS) },
  flags: {
    interval: usual(duration(100, 3_600_000), '2s', 'time between two looks'),
    once: toggle('tell it once and end'),
  },
  examples: [{ line: 'elbctl top servers', does: 'servers as they are used' }],
  async run(session, { view }, { interval, once }) {
    const live = new LiveView(view ?? 'domains');
    const { screen, keys } = session;
    if (once || keys === null || !screen.isTerminal) {
      const body = await look(session);
      live.take(body, Date.now());
      screen.show(
        body,
        () => `${totalText(body)}\n\n${live.table(MAX_ROWS, { columns: screen.columns, style: screen.style })}`,
      );
      return EXIT.ok;
    }
    return new Top(session, live, interval).run();
  },
});

async function look({ api }: Session): Promise<Members> {
  const { body } = await (await api()).call({ method: 'GET', resource: 'stats', query: { limit: MAX_ROWS } });
  return membersOf(body, 'statistics');
}

const MAX_ROWS = 200;
const VIEW_KEYS: Readonly<Record<string, View>> = {
  d: 'domains',
  u: 'upstreams',
  s: 'servers',
  p: 'paths',
  c: 'clients',
};
const ORDER_KEYS: Readonly<Record<string, Order>> = { r: 'rate', e: 'errors', t: 'time' };
/** What Ctrl-C and Ctrl-D are where nobody makes signals of them. */
const END_KEYS: ReadonlySet<string> = new Set(['q', '\u0003', '\u0004']);

/** The terminal while it belongs to `top`: whatever ends it, it is given back as it was. */
class Top {
  readonly #session: Session;
  readonly #live: LiveView;
  readonly #intervalMs: number;
  readonly #ended = Promise.withResolvers<ExitCode>();
  #timer: NodeJS.Timeout | null = null;
  #isLooking = false;
  #body: Members | null = null;
  /** Why the last look told nothing. */
  #trouble: string | null = null;

  constructor(session: Session, live: LiveView, intervalMs: number) {
    this.#session = session;
    this.#live = live;
    this.#intervalMs = intervalMs;
  }

  async run(): Promise<ExitCode> {
    const { screen, keys, interrupted } = this.#session;
    // What cannot work from the start on is told where it can be read.
    this.#take(await look(this.#session));
    interrupted.onabort = () => this.#ended.resolve(EXIT.interrupted);
    const stopListening = keys?.listen((key) => this.#press(key));
    const stopResizing = screen.onResize(() => this.#draw());
    screen.write(ENTER);
    try {
      this.#draw();
      this.#plan();
      return await this.#ended.promise;
    } finally {
      if (this.#timer !== null) clearTimeout(this.#timer);
      stopResizing();
      stopListening?.();
      screen.write(LEAVE);
    }
  }

  #press(key: string): void {
    // Several may come at once.
    for (const one of key) {
      const view = VIEW_KEYS[one];
      const order = ORDER_KEYS[one];
      if (END_KEYS.has(one)) this.#ended.resolve(EXIT.ok);
      else if (order !== undefined) {
        this.#live.order = order;
        this.#draw();
      } else if (view !== undefined) {
        this.#live.turnTo(view);
        if (this.#body !== null) this.#take(this.#body);
        this.#draw();
      } else if (one === ' ') void this.#look();
    }
  }

  #plan(): void {
    this.#timer = setTimeout(() => void this.#look(), this.#intervalMs);
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    try {
      this.#take(await look(this.#session));
      this.#trouble = null;
    } catch (error) {
      if (!(error instanceof Failure)) {
        this.#ended.reject(error);
        return;
      }
      this.#trouble = error.message;
    } finally {
      this.#isLooking = false;
    }
    this.#draw();
    this.#plan();
  }

  #take(body: Members): void {
    this.#body = body;
    this.#live.take(body, performance.now());
  }

  #draw(): void {
    const { screen } = this.#session;
    const { style } = screen;
    const columns = screen.columns ?? USUAL_COLUMNS;
    const { view, order } = this.#live;
    const title = `elbctl top: ${view} by ${order}`;
    const told = this.#trouble === null ? totalText(this.#body ?? {}) : this.#trouble;
    const table = this.#live
      .table(screen.rows - FRAME_ROWS, { columns, style })
      .trimEnd()
      .split('\n');
    const lines = [
      style('head', cut(title, columns)),
      this.#trouble === null ? cut(told, columns) : style('bad', cut(printable(told), columns)),
      '',
      ...table,
    ].slice(0, Math.max(1, screen.rows - 1));
    const help = style('dim', cut('d u s p c: what  r e t: order  space: now  q: end', columns));
    screen.write(
      HOME +
        lines.map((line) => line + CLEAR_LINE).join('\r\n') +
        CLEAR_BELOW +
        bottom(screen.rows) +
        help +
        CLEAR_LINE,
    );
  }
}

function cut(text: string, columns: number): string {
  return text.length <= columns ? text : `${text.slice(0, Math.max(0, columns - 1))}…`;
}

/** To the first column of a row (ECMA-48 CUP). */
function bottom(row: number): string {
  return `\x1b[${String(Math.max(1, row))};1H`;
}

/** The other page of the terminal, without a cursor (xterm, ctlseqs). */
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[2J';
const LEAVE = '\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const CLEAR_LINE = '\x1b[K';
const CLEAR_BELOW = '\r\n\x1b[J';
/** Title, total, a gap, the head of the table, and the help. */
const FRAME_ROWS = 6;
const USUAL_COLUMNS = 80;
