import { expect } from 'chai';
import { pino } from 'pino';
import type { Rate } from '../../lib/core/rate-table.ts';
import { RedisRates } from '../../lib/redis/redis-rates.ts';
import { startElb, type Elb } from '../fixtures/elb.ts';
import { startRedis, type RedisProcess } from '../fixtures/redis.ts';

const limited = (scope: string, more: object = {}): object => ({
  init: 'limit',
  rules: {
    limit: { type: 'rate-limit', args: { limit: 10, per: '1h', scope, by: { header: 'X-Key' }, next: 'ok', ...more } },
    ok: { type: 'respond', args: { body: 'ok' } },
  },
});

/** Statuses of that many requests, asked at once over connections of their own. */
async function ask(elbs: readonly Elb[], count: number, host: string, key: string): Promise<number> {
  const answers = await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const elb = elbs[i % elbs.length];
      return (await elb?.get('/', { host, 'x-key': key, connection: 'close' }))?.status;
    }),
  );
  expect(answers.every((status) => status === 200 || status === 429)).to.equal(true);
  return answers.filter((status) => status === 200).length;
}

describe('limits over processes', () => {
  let redis: RedisProcess;

  before(async () => {
    redis = await startRedis();
  });

  after(() => redis.stop());

  it('hold over the workers of an instance, and over a change of the document', async () => {
    const domains = { 'a.test': limited('instance') };
    const elb = await startElb({ args: ['--workers', '2'], file: { domains } });
    try {
      expect(await ask([elb], 40, 'a.test', 'one')).to.equal(10);
      expect(await ask([elb], 40, 'a.test', 'two')).to.equal(10);
      await elb.admin('PUT', 'domain', { 'a.test': limited('instance', { fields: false }) });
      expect(await ask([elb], 10, 'a.test', 'one')).to.equal(0);
    } finally {
      await elb.stop();
    }
  });

  it('hold over two instances with one Redis', async () => {
    const domains = { 'a.test': limited('fleet') };
    const start = (): Promise<Elb> => startElb({ args: ['--workers', '1', '--redis', redis.url], file: { domains } });
    const elbs = await Promise.all([start(), start()]);
    try {
      // The first question of a worker finds it not yet connected.
      for (const elb of elbs) await connected(elb);
      expect(await ask(elbs, 40, 'a.test', 'one')).to.equal(10);
    } finally {
      await Promise.all(elbs.map((elb) => elb.stop()));
    }
  });

  async function connected(elb: Elb): Promise<void> {
    for (let i = 0; i < 200; i++) {
      const answer = await elb.get('/', { host: 'a.test', 'x-key': `warm-${elb.pid}-${i}` });
      expect(answer.status).to.equal(200);
      const again = await elb.get('/', { host: 'a.test', 'x-key': `warm-${elb.pid}-${i}` });
      if (/r=8;/.test(String(again.headers['ratelimit']))) return;
    }
  }

  for (const algorithm of ['token-bucket', 'sliding-window'] as const)
    it(`are counted in Redis as one by many who ask at once (${algorithm})`, async () => {
      const rates = Array.from(
        { length: 4 },
        () => new RedisRates({ url: redis.url, prefix: 'test', log: pino({ level: 'silent' }) }),
      );
      const rate: Rate = { algorithm, limit: 25, perMs: 3_600_000, burst: 25, waitMs: 0 };
      const question = { limit: algorithm, value: 'v', rate };
      try {
        // Not before it is connected.
        for (const one of rates)
          while ((await one.take({ ...question, value: 'warm' })) === null) await new Promise(setImmediate);
        const verdicts = await Promise.all(Array.from({ length: 200 }, (_, i) => rates[i % 4]?.take(question)));
        expect(verdicts.filter((verdict) => verdict?.allowed === true)).to.have.length(25);
        const [last] = verdicts.filter((verdict) => verdict?.allowed === false);
        expect(last?.delayMs).to.be.within(1, 7_200_000);
        expect(last?.resetMs).to.be.within(1, 3_600_000);
      } finally {
        await Promise.all(rates.map((one) => one.close()));
      }
    });

  it('are counted apart however long what they are counted by is', async () => {
    const rates = new RedisRates({ url: redis.url, prefix: 'long', log: pino({ level: 'silent' }) });
    const rate: Rate = { algorithm: 'token-bucket', limit: 1, perMs: 3_600_000, burst: 1, waitMs: 0 };
    const take = (value: string) => rates.take({ limit: 'l', value, rate });
    try {
      while ((await take('warm')) === null) await new Promise(setImmediate);
      const long = 'x'.repeat(2000);
      const verdicts = [await take(`${long}a`), await take(`${long}b`), await take(`${long}a`)];
      expect(verdicts.map((verdict) => verdict?.allowed)).to.deep.equal([true, true, false]);
    } finally {
      await rates.close();
    }
  });

  it('are counted by each worker while Redis is away', async () => {
    const domains = { 'a.test': limited('fleet'), 'b.test': limited('fleet', { unknown: 'deny' }) };
    const elb = await startElb({ args: ['--workers', '1', '--redis', 'redis://127.0.0.1:1'], file: { domains } });
    try {
      expect(await ask([elb], 15, 'a.test', 'one')).to.equal(10);
      expect(await ask([elb], 3, 'b.test', 'one')).to.equal(0);
      await elb.logged((line) => line.msg.startsWith('Redis does not answer'));
    } finally {
      await elb.stop();
    }
  });
});
