import { readFileSync } from 'node:fs';
import type { TableChange } from '../lib/change.ts';
import type { Primary } from '../lib/cluster/primary.ts';
import type { Config } from '../lib/core/config.ts';
import type { Section } from '../lib/core/handover.ts';
import type { Log } from '../lib/core/log.ts';
import type { StatusSection } from '../lib/core/status-board.ts';
import { Wheel } from '../lib/core/wheel.ts';
import { Health } from '../lib/health/health.ts';
import { HealthRelay } from '../lib/health/relay.ts';
import { ServerBook } from '../lib/health/server-book.ts';

/** The health of servers in the primary, put together. */
export interface HealthParts {
  readonly health: Health;
  readonly relay: HealthRelay;
  readonly book: ServerBook;
  /** Follows the table. */
  apply(changes: readonly TableChange[]): void;
  stop(): void;
}

/** `primary` is asked for when there is first something to tell. */
export function createHealth(config: Config, log: Log, handover: Section, primary: () => Primary): HealthParts {
  const wheel = new Wheel();
  wheel.start();
  const health = new Health({
    wheel,
    clock,
    random: Math.random,
    log,
    commands: config.healthCommands,
    maxKept: Math.floor(descriptors() / 2),
    tell: (changes) => relay.tell(changes),
    handover,
  });
  const relay = new HealthRelay(
    health,
    { broadcast: (news, except) => primary().broadcast(news, except) },
    clock,
    config.serverCa,
  );
  const book = new ServerBook({
    health,
    clock,
    ask: (upstream) => primary().askServers(upstream),
    openings: (upstream) => relay.openings(upstream),
  });
  return {
    health,
    relay,
    book,
    apply: (changes) => {
      for (const change of changes) relay.follow(change);
    },
    stop: () => {
      health.stop();
      wheel.stop();
    },
  };
}

/** Milliseconds since the epoch, whatever is done to the machine's clock meanwhile. */
function clock(): number {
  return performance.timeOrigin + performance.now();
}

/** How many files this process may have open; Node has raised that to the most it may at its start. */
function descriptors(): number {
  try {
    return Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? USUAL_DESCRIPTORS);
  } catch {
    return USUAL_DESCRIPTORS;
  }
}

const USUAL_DESCRIPTORS = 1024;

/** How many servers are used and how many are left alone, and why, for the status. */
export function serversSection({ health, relay }: HealthParts): StatusSection {
  return {
    name: 'servers',
    read() {
      const { addresses, running, waiting } = health.checking;
      const open = [...relay.open()].map(([upstream, since]) => ({ upstream, since: new Date(since).toISOString() }));
      return {
        checks: { addresses, running, waiting },
        upstreams: Object.fromEntries(
          [...health.upstreams].map(([name, upstream]) => [name, upstream.summary(clock())] as const),
        ),
        open_breakers: open,
      };
    },
  };
}
