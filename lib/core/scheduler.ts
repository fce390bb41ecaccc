/** Time and one-shot timers of the control plane, given from outside so that a simulation can own them. */
export interface Scheduler {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Runs once after `ms`; the answer cancels it. */
  after(ms: number, run: () => void): () => void;
}

/** Resolves after `ms`. */
export function elapsed(scheduler: Scheduler, ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  scheduler.after(ms, resolve);
  return promise;
}

export const systemScheduler: Scheduler = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};
