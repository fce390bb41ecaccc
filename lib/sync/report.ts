import type { Log } from '../core/log.ts';
import type { SyncCore } from './core.ts';
import type { Effects } from './effects.ts';

/** Tells the log what became of the store's documents. A multitude of one kind is told by its first few and its number. */
export function report(log: Log, core: SyncCore, effects: Effects): void {
  const { rejected, held, dangling } = core;
  some(effects.rejected, (key, more) => {
    const why = rejected.get(key);
    if (why === undefined) return;
    const { reason, hasLastGood } = why;
    log.warn({ key, reason, hasLastGood, ...more }, 'a value in the store is refused');
  });
  some(effects.accepted, (key, more) => log.info({ key, ...more }, 'a value in the store is good again'));
  some(effects.held, (key, more) => {
    const upstreams = held.get(key)?.upstreams;
    log.warn({ key, upstreams, ...more }, 'a graph names upstreams that do not exist: its former version stays');
  });
  some(effects.released, (key, more) => log.info({ key, ...more }, 'a graph has stopped waiting for upstreams'));
  some(effects.dangling, (key, more) => {
    const upstreams = dangling.get(key);
    log.warn({ key, upstreams, ...more }, 'a graph in force names upstreams that do not exist: they answer 502');
  });
}

/** A read that is not believed yet. */
export function reportDoubt(log: Log, store: string, found: number, known: number): void {
  log.warn({ store, found, known }, 'the store has lost most keys: reading again to be sure');
}

/** So much is seldom meant to go at once: it is done, and worth a line. */
export function reportLoss(log: Log, store: string, before: number, { size: left, revision }: SyncCore): void {
  if (before < MANY || left >= before / 2) return;
  log.warn({ store, revision, before, left }, 'most keys of the store are gone, and out of force');
}

/** Keys of which most are no longer few. */
const MANY = 10;

function some(items: readonly string[], tell: (item: string, more: { readonly andMore?: number }) => void): void {
  const left = items.length - MAX_LINES;
  for (const [i, item] of items.slice(0, MAX_LINES).entries()) {
    tell(item, left > 0 && i === MAX_LINES - 1 ? { andMore: left } : {});
  }
}

/** Of one kind, at once. */
const MAX_LINES = 20;
