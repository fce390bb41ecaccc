import { readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { mixBits } from '../../lib/core/hash.ts';
import { ALGORITHMS, type Algorithm } from '../../lib/upstream/options/balance.ts';
import { Bench, named } from '../balance/balancer-suite.ts';
import { Maglev } from './balance/maglev.ts';
import { Rendezvous } from './balance/rendezvous.ts';
import { extremes, movedPart } from './balance/spread.ts';
import { commit } from './machine.ts';
import { markdownTable, withSection } from './report.ts';

/**
 * What a choice costs and how good it is, for each algorithm and three sizes of an upstream; and the ring beside two other ways of
 * consistent hashing. Writes its section of docs/benchmarks.md: `npm run bench:balance`.
 */

const SIZES = [4, 64, 1000];
const REQUESTS = 200_000;
const PAGE = new URL('../../docs/benchmarks.md', import.meta.url);

const percent = (part: number): string => `${(part * 100).toFixed(part < 0.1 ? 2 : 0)} %`;

/** Nanoseconds per call: the best of nine runs after two that warm up, as whatever else the machine does only adds. */
function cost(call: () => void, calls = 50_000): number {
  const times = Array.from({ length: 11 }, () => {
    const start = process.hrtime.bigint();
    for (let i = 0; i < calls; i++) call();
    return Number(process.hrtime.bigint() - start) / calls;
  });
  return Math.min(...times.slice(2));
}

function weighted(algorithm: Algorithm, size: number): { bench: Bench; weights: readonly number[] } {
  const specs = named(size).map((spec, i) => ({
    ...spec,
    name: `s${i}:80`,
    weight: algorithm === 'random' ? 1 : 1 + (i % 5),
  }));
  return { bench: new Bench(specs, { algorithm }), weights: specs.map(({ weight }) => weight) };
}

/** All servers idle; all with some exchanges in flight, each choice beginning one and ending another; a tenth of them out. */
function costs(algorithm: Algorithm, size: number): readonly string[] {
  let key = 1;
  const idle = weighted(algorithm, size).bench;
  const busy = weighted(algorithm, size).bench;
  for (const [i, server] of busy.servers.entries()) {
    for (let n = 0; n < 3 + (i % 7); n++) server.chosen();
    server.traffic?.add(1000 + i);
    server.latency?.add(1 + (i % 7));
  }
  const out = weighted(algorithm, size).bench;
  for (const server of out.servers.filter((_, i) => i % 10 === 1)) server.failed();
  const choose = (bench: Bench) => () => void bench.pick(mixBits(key++));
  const turnOver = (): void => {
    busy.pick(mixBits(key++))?.chosen();
    busy.servers[key % size]?.done();
  };
  return [cost(choose(idle)), cost(turnOver), cost(choose(out))].map((ns) => ns.toFixed(0));
}

function spreadOf(algorithm: Algorithm, size: number): string {
  const { bench, weights } = weighted(algorithm, size);
  const got = bench.spread(REQUESTS);
  const { least, most } = extremes(
    bench.servers.map(({ spec }) => got[spec.name] ?? 0),
    weights,
  );
  return `${least.toFixed(2)}-${most.toFixed(2)}`;
}

function algorithmTable(): string {
  const head = ['algorithm', ...SIZES.flatMap((size) => [`${size}: idle`, 'busy', 'a tenth out', 'parts'])];
  const rows = ALGORITHMS.map((algorithm) => [
    algorithm,
    ...SIZES.flatMap((size) => [...costs(algorithm, size), spreadOf(algorithm, size)]),
  ]);
  return markdownTable([head, ...rows]);
}

interface Hashing {
  readonly name: string;
  /** The owner of a key, by name. */
  of(names: readonly string[]): (key: number) => string;
}

const HASHINGS: readonly Hashing[] = [
  {
    name: 'ring (ours)',
    of(names) {
      const bench = new Bench(
        names.map((name) => ({ name })),
        { algorithm: 'hash' },
      );
      return (key) => bench.pick(key)?.spec.name ?? '';
    },
  },
  {
    name: 'Maglev',
    of(names) {
      const maglev = new Maglev(names);
      return (key) => names[maglev.pick(key)] ?? '';
    },
  },
  {
    name: 'rendezvous',
    of(names) {
      const rendezvous = new Rendezvous(names);
      return (key) => names[rendezvous.pick(key)] ?? '';
    },
  },
];

function hashingRow({ name, of }: Hashing, size: number): readonly string[] {
  const names = Array.from({ length: size }, (_, i) => `10.0.${i >> 8}.${i & 255}:80`);
  const keys = Array.from({ length: REQUESTS / 2 }, (_, i) => mixBits(i + 1));
  const ownersOf = (some: readonly string[]): readonly string[] => keys.map(of(some));
  const all = ownersOf(names);
  const counts = new Map(names.map((one) => [one, 0]));
  for (const owner of all) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  const { least, most } = extremes(
    [...counts.values()],
    names.map(() => 1),
  );
  const without = names.filter((_, i) => i !== size >> 1);
  const owned = all.filter((owner) => !without.includes(owner)).length / keys.length;
  const pick = of(names);
  let key = 1;
  const built = cost(() => void of(names), 1) / 1e6;
  return [
    `${name}, ${size} servers`,
    cost(() => void pick(mixBits(key++)), size > 100 ? 5000 : 50_000).toFixed(0),
    built.toFixed(1),
    `${least.toFixed(2)}-${most.toFixed(2)}`,
    percent(owned),
    percent(movedPart(all, ownersOf(without))),
  ];
}

function hashingTable(): string {
  const head = ['hashing', 'ns per choice', 'ms to make', 'parts', 'keys of one server', 'moved when it goes'];
  return markdownTable([head, ...SIZES.flatMap((size) => HASHINGS.map((hashing) => hashingRow(hashing, size)))]);
}

const text = `## Balancing

${new Date().toISOString().slice(0, 10)}, commit ${commit()}, ${os.cpus()[0]?.model ?? 'unknown'}. \`npm run bench:balance\`: nanoseconds per choice among 4, 64 and
1,000 servers of weights 1 to 5 (\`random\` knows none), through all that surrounds the balancer: while all servers are idle, while all
have exchanges in flight (with beginning and ending one), while a tenth of them is out. Parts: the least and the most that a server got
of ${REQUESTS.toLocaleString('en')} requests, 1 being what its weight says.

${algorithmTable()}

Consistent hashing, for ${(REQUESTS / 2).toLocaleString('en')} keys and equal weights: our ring with all that surrounds it, the others bare.

${hashingTable()}`;

writeFileSync(PAGE, withSection(readFileSync(PAGE, 'utf8'), 'balancing', text));
console.log(text);
