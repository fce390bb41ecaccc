import { Refused } from './ask.ts';

/** Who shows whether ELB answers: null while it does. */
export const connection: { told: (trouble: string | null) => void } = { told: () => undefined };

/**
 * Does something now and then again and again, each time `ms` after the last one ended, until `signal`; not while nobody sees the page.
 * What fails is told and tried again.
 */
export async function again(ms: number, signal: AbortSignal, task: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    let pause = ms;
    try {
      await task();
      connection.told(null);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Refused)) throw error;
      connection.told(error.message);
      pause = Math.max(ms, RETRY_MS);
    }
    await rest(pause, signal);
    await seen(signal);
  }
}

const RETRY_MS = 3000;

export function rest(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', end);
      resolve();
    }, ms);
    const end = (): void => {
      clearTimeout(timer);
      resolve();
    };
    signal.addEventListener('abort', end, { once: true });
  });
}

async function seen(signal: AbortSignal): Promise<void> {
  while (document.hidden && !signal.aborted) {
    await new Promise((resolve) => {
      document.addEventListener('visibilitychange', resolve, { once: true, signal });
      signal.addEventListener('abort', resolve, { once: true });
    });
  }
}
