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

function some(items: readonly string[], tell: (item: string, more: { readonly andMore?: number }) => void): void {
  const left = items.length - MAX_LINES;
  for (const [i, item] of items.slice(0, MAX_LINES).entries()) {
    tell(item, left > 0 && i === MAX_LINES - 1 ? { andMore: left } : {});
  }
}

/** Of one kind, at once. */
const MAX_LINES = 20;
