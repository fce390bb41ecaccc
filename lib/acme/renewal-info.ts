import { get } from 'node:https';
import type { RenewalWindow } from './renewal.ts';

/** What a CA says of when a certificate is to be renewed (RFC 9773), and when to ask again. */
export interface RenewalInfo {
  readonly window: RenewalWindow | null;
  /** In milliseconds since the epoch. */
  readonly askAgainAt: number;
}

/** Asks the CA whose directory this is; a CA that has nothing to say of it, or says something else, has no window. */
export async function askRenewal(
  directory: string,
  name: string,
  ca: string | null,
  now: number,
): Promise<RenewalInfo> {
  try {
    const { body } = await getJson(directory, ca);
    const url = memberOf(body, 'renewalInfo');
    if (typeof url !== 'string' || !url.startsWith('https://')) return { window: null, askAgainAt: now + DAY_MS };
    const info = await getJson(`${url.replace(/\/$/, '')}/${name}`, ca);
    const window = memberOf(info.body, 'suggestedWindow');
    const [start, end] = ['start', 'end'].map((side) => Date.parse(String(memberOf(window, side))));
    const isGood = start !== undefined && end !== undefined && end > start;
    const waitMs = Math.min(Math.max(info.retryAfterS * 1000, MIN_WAIT_MS), DAY_MS);
    return { window: isGood ? { start, end } : null, askAgainAt: now + waitMs };
  } catch {
    return { window: null, askAgainAt: now + 6 * MIN_WAIT_MS };
  }
}

function getJson(url: string, ca: string | null): Promise<{ readonly body: unknown; readonly retryAfterS: number }> {
  return new Promise((resolve, reject) => {
    const request = get(url, { ...(ca !== null && { ca }), timeout: REQUEST_MS, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
        if (text.length > MAX_CHARS) request.destroy(new Error('more than a CA has to say'));
      });
      response.on('error', reject);
      response.on('end', () => {
        try {
          if (response.statusCode !== 200) throw new Error(`status ${String(response.statusCode)}`);
          const retryAfterS = Number(response.headers['retry-after'] ?? 0);
          resolve({ body: JSON.parse(text) as unknown, retryAfterS: Number.isFinite(retryAfterS) ? retryAfterS : 0 });
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
    });
    request.on('timeout', () => request.destroy(new Error('no answer in time')));
    request.on('error', reject);
  });
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name] // it has that member
    : undefined;
}

const REQUEST_MS = 10_000;
const MAX_CHARS = 100_000;
/** RFC 9773 4.3.1: six hours where the CA does not say, and bounds for what it says. */
const MIN_WAIT_MS = 60 * 60 * 1000;
const DAY_MS = 24 * 60 * 60 * 1000;
