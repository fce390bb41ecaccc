import { pino } from 'pino';
import { Wheel } from '../../../lib/core/wheel.ts';
import { Health } from '../../../lib/health/health.ts';
import type { CheckOptions } from '../../../lib/upstream/options/checks.ts';
import { DEFAULT_OPTIONS } from '../../../lib/upstream/options/index.ts';
import { serverKey, USUAL_PARAMETERS, type ServerSpec } from '../../../lib/upstream/server-spec.ts';

/**
 * The health part of a primary in a process of its own: checks that many servers, and prints what that costs once it has gone on
 * for a while. Arguments: port, servers, seconds, share of the servers that answer requests, options of the checks as JSON.
 */
const [port = 0, count = 0, seconds = 0, busyShare = 0] = process.argv.slice(2, 6).map(Number);
// Written by `health.ts` beside this folder.
const options = JSON.parse(process.argv[6] ?? '') as CheckOptions;

const wheel = new Wheel();
wheel.start();
const health = new Health({
  wheel,
  clock: () => performance.timeOrigin + performance.now(),
  random: Math.random,
  log: pino({ level: 'silent' }),
  commands: null,
  maxKept: 1_000_000,
  tell: () => undefined,
});

/** Addresses of 127.0.0.0/8, all of which are this machine: each server is one of its own. */
const specs = Array.from({ length: count }, (_, i): ServerSpec => {
  const host = `127.${1 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`;
  const name = `${host}:${port}`;
  return { ...USUAL_PARAMETERS, name, host, port };
});

gc();
const before = process.memoryUsage().rss;
health.setRules(
  'up',
  { health: options, outlier: null, failOpen: 1, slowStartMs: 0 },
  { secure: false, tls: DEFAULT_OPTIONS.tls.settings, greeting: '', via: null },
);
health.setServers('up', specs);

/** As workers tell it once a second. */
const sightings = specs.slice(0, Math.round(count * busyShare)).map((spec) => ({
  upstream: 'up',
  server: serverKey(spec),
  good: 10,
  failed: 0,
  trailing: 0,
  latencyMs: 10,
  barred: false,
  started: false,
}));
if (sightings.length > 0) setInterval(() => health.saw(sightings), 1000);

/** Every server has proved steady by then, and the code that asks those is compiled. */
const WARM_UP_MS = 7 * options.intervalMs + count / 4;
setTimeout(() => {
  const start = performance.now();
  const usage = process.cpuUsage();
  const checksBefore = health.checking.made;
  setTimeout(() => {
    const { user, system } = process.cpuUsage(usage);
    const wallMs = performance.now() - start;
    const members = [...(health.upstreams.get('up')?.members.values() ?? [])];
    const up = members.filter(({ check }) => check?.riseFall.state === 'up').length;
    gc();
    const result = {
      coreShare: (user + system) / 1000 / wallMs,
      checksPerSecond: ((health.checking.made - checksBefore) / wallMs) * 1000,
      up,
      waiting: health.checking.waiting,
      bytesPerServer: (process.memoryUsage().rss - before) / count,
    };
    process.stdout.write(`RESULT ${JSON.stringify(result)}\n`, () => process.exit(0));
  }, seconds * 1000);
}, WARM_UP_MS);

declare const gc: () => void;
