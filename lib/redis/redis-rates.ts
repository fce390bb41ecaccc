import { hash } from 'node:crypto';
import type { Log } from '../core/log.ts';
import type { RateVerdict } from '../core/rate-table.ts';
import type { RateQuestion, SharedRates } from '../core/shared-rates.ts';

export interface RedisRatesOptions {
  /** `redis://host:port/db`, `rediss://` for TLS, with user and password if they are needed. */
  readonly url: string;
  /** Begins every key. */
  readonly prefix: string;
  readonly log: Log;
}

/**
 * Requests that all instances count together, in Redis: each question is one script there, by the clock there, so that nobody
 * counts between the reading of a count and its writing. The scripts do what `RateTable` does.
 *
 * It connects with the first question, and again by itself. While it is not connected, and where an answer takes too long, nobody can
 * say. The library is loaded with the first question as well: it is half of all modules a worker could have.
 */
export class RedisRates implements SharedRates {
  readonly #options: RedisRatesOptions;
  #client: Client | null = null;
  #isConnecting = false;
  #isAway = false;
  #isClosed = false;

  constructor(options: RedisRatesOptions) {
    this.#options = options;
  }

  async take({ limit, value, rate }: RateQuestion): Promise<RateVerdict | null> {
    const client = this.#client;
    if (client === null) void this.#connect();
    if (client?.isReady !== true) return null;
    const { algorithm, perMs, burst, waitMs } = rate;
    const key = `${this.#options.prefix}:rate:${limit}:${value.length > MAX_VALUE ? hash('sha256', value) : value}`;
    try {
      const counted =
        algorithm === 'token-bucket'
          ? client.eval(TOKEN_BUCKET, { keys: [key], arguments: [perMs / rate.limit, burst, waitMs].map(String) })
          : client.eval(SLIDING_WINDOW, { keys: [key], arguments: [rate.limit, perMs].map(String) });
      const answer = await inTime(counted);
      if (!Array.isArray(answer)) return null;
      const [allowed, delayMs, remaining, resetMs] = answer.map(Number);
      return { allowed: allowed === 1, delayMs: delayMs ?? 0, remaining: remaining ?? 0, resetMs: resetMs ?? 0 };
    } catch (error) {
      this.#tell(error);
      return null;
    }
  }

  close(): Promise<void> {
    this.#isClosed = true;
    const client = this.#client;
    this.#client = null;
    if (client?.isOpen === true) client.destroy();
    return Promise.resolve();
  }

  async #connect(): Promise<void> {
    if (this.#isConnecting) return;
    this.#isConnecting = true;
    try {
      const client = await clientOf(this.#options.url);
      if (this.#isClosed) return;
      this.#client = client;
      client.on('error', (error: unknown) => this.#tell(error));
      client.on('ready', () => {
        if (this.#isAway) this.#options.log.info('Redis is there again');
        this.#isAway = false;
      });
      await client.connect();
    } catch (error) {
      this.#tell(error);
    } finally {
      this.#isConnecting = false;
    }
  }

  /** Once for each time that it goes away. */
  #tell(error: unknown): void {
    if (this.#isAway) return;
    this.#isAway = true;
    this.#options.log.warn({ err: error }, 'Redis does not answer: limits over the fleet cannot be counted');
  }
}

type Client = Awaited<ReturnType<typeof clientOf>>;

async function clientOf(url: string) {
  const { createClient } = await import('@redis/client');
  return createClient({
    url,
    disableOfflineQueue: true,
    socket: { connectTimeout: 1000, reconnectStrategy: (retries) => Math.min(50 * 2 ** Math.min(retries, 6), 2000) },
  });
}

/** An answer that takes longer is not waited for. */
async function inTime<Answer>(answer: Promise<Answer>): Promise<Answer | null> {
  const { promise, resolve } = Promise.withResolvers<null>();
  const timer = setTimeout(resolve, ANSWER_MS, null);
  try {
    return await Promise.race([answer, promise]);
  } finally {
    clearTimeout(timer);
    answer.catch(() => undefined);
  }
}

const ANSWER_MS = 250;
/** A longer value is counted under its digest: keys are memory of Redis, and what clients send is as long as they like. */
const MAX_VALUE = 256;

/** KEYS: the moment at which the bucket is full. ARGV: what a token costs in milliseconds, tokens, longest wait. */
const TOKEN_BUCKET = `
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local cost, burst, wait = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local full = tonumber(redis.call('GET', KEYS[1]) or '0')
if full < now then full = now end
local delay = full + cost - burst * cost - now
if delay > wait + 0.001 then return {0, math.ceil(delay), 0, math.ceil(full - now)} end
full = full + cost
redis.call('SET', KEYS[1], string.format('%.3f', full), 'PX', math.max(1, math.ceil(full - now)))
if delay < 0.001 then delay = 0 end
return {1, math.ceil(delay), math.max(0, math.floor(burst - (full - now) / cost + 0.001)), math.ceil(full - now)}
`;

/** KEYS: a hash of the window's start, its count, and that of the one before. ARGV: limit, length in milliseconds. */
const SLIDING_WINDOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local limit, length = tonumber(ARGV[1]), tonumber(ARGV[2])
local held = redis.call('HMGET', KEYS[1], 's', 'c', 'b', 'l')
local start, count, before = tonumber(held[1] or now), tonumber(held[2] or 0), tonumber(held[3] or 0)
if held[4] and tonumber(held[4]) ~= length then start, count, before = now, 0, 0 end
local passed = math.floor((now - start) / length)
if passed > 0 then
  if passed == 1 then before = count else before = 0 end
  count = 0
  start = start + passed * length
end
local share = 1 - (now - start) / length
local used = count + before * share
local reset = start + length - now
if used + 1 > limit + 0.001 then
  local delay = reset
  if before * share >= used + 1 - limit then delay = (used + 1 - limit) / before * length
  elseif count > 0 then delay = reset + math.max(0, 1 - (limit - 1) / count) * length end
  return {0, math.ceil(delay), 0, math.ceil(reset)}
end
redis.call('HSET', KEYS[1], 's', start, 'c', count + 1, 'b', before, 'l', length)
redis.call('PEXPIRE', KEYS[1], math.ceil(2 * length))
return {1, 0, math.max(0, math.floor(limit - used - 1)), math.ceil(reset)}
`;
