import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { startElb } from '../fixtures/elb.ts';
import type { Elb } from '../fixtures/elb.ts';
import { startExactLoad } from '../fixtures/exact-load.ts';
import type { ExactLoad, Lost } from '../fixtures/exact-load.ts';
import { startNamedServer } from '../fixtures/named-servers.ts';
import { until } from '../fixtures/until.ts';
import { HOST, lifecycleOf, PATIENCE, siteFor } from './site.ts';

const PROGRAM = fileURLToPath(new URL('../../bin/elb.ts', import.meta.url));

/** Enough for a program that works on a machine with much to do. */
const UPGRADE_MS = 15_000;

/** What may be installed in the place of the program. */
export const VERSIONS = {
  good: `await import(${JSON.stringify(pathToFileURL(PROGRAM).href)});`,
  'refuses to start': `process.stderr.write('elb: this version is broken\\n'); process.exit(3);`,
  'is no program': `this is no program`,
  hangs: `setInterval(() => undefined, 1000);`,
  'dies while it starts': `setTimeout(() => process.abort(), 300); await import(${JSON.stringify(pathToFileURL(PROGRAM).href)});`,
} as const;

export type Version = keyof typeof VERSIONS;

export interface UpgradesReport {
  readonly upgrades: number;
  /** Of the versions that cannot take over: the reasons that were logged. */
  readonly refused: readonly string[];
  readonly answered: number;
  readonly lost: readonly Lost[];
  /** What else was not as it should be. */
  readonly wrong: readonly string[];
}

/** A program that can be replaced on disk, its instance, its load, and what its operator has changed and not dumped. */
export class UpgradeSite {
  readonly elb: Elb;
  readonly load: ExactLoad;
  readonly #directory: string;
  readonly #end: () => Promise<void>;

  private constructor(elb: Elb, load: ExactLoad, directory: string, end: () => Promise<void>) {
    this.elb = elb;
    this.load = load;
    this.#directory = directory;
    this.#end = end;
  }

  static async open(workers: number): Promise<UpgradeSite> {
    const directory = mkdtempSync(join(tmpdir(), 'elb-upgrade-'));
    const program = join(directory, 'elb.ts');
    install(directory, 'good');
    const server = await startNamedServer('web');
    // A drain that is over soon even where a tunnel is left: what it cuts are tunnels, never requests.
    const env = { ...PATIENCE, ELB_WORKERS: String(workers), ELB_UPGRADE_TIMEOUT: `${UPGRADE_MS}ms`, ELB_DRAIN: '4s' };
    const elb = await startElb({ program, file: siteFor(server), env });
    const graph = { init: 'r', rules: { r: { type: 'ua', args: { pattern: 'x' } } } };
    await elb.admin('PUT', 'domain', { 'overlay.test': graph });
    const load = startExactLoad({ port: elb.port, host: HOST, expected: 'web ' });
    return new UpgradeSite(elb, load, directory, async () => {
      await load.stop();
      await elb.stop();
      await server.stop();
      rmSync(directory, { recursive: true });
    });
  }

  install(version: Version): void {
    install(this.#directory, version);
  }

  /** Sends the signal. Resolves when it is decided, with the reason why the former program goes on, or null. */
  async upgrade(version: Version): Promise<string | null> {
    this.install(version);
    const from = this.elb.logs.length;
    this.elb.kill('SIGUSR2');
    const fits = ({ msg }: { readonly msg: string }): boolean =>
      msg === 'upgraded' || msg === 'the upgrade failed: the former program goes on';
    await until('the upgrade is decided', () => this.elb.logs.slice(from).some(fits), 2 * UPGRADE_MS);
    const line = this.elb.logs.slice(from).find(fits);
    return line?.msg === 'upgraded' ? null : String(line?.['reason']);
  }

  /** Whether a change that is in no store is still in force, and the store's own as well. */
  async remembers(): Promise<boolean> {
    const { status } = await this.elb.get('/', { Host: 'overlay.test' });
    return status === 403;
  }

  async flows(requests: number): Promise<void> {
    const { answered } = this.load;
    await until('the load flows', () => this.load.answered >= answered + requests);
  }

  end(): Promise<void> {
    return this.#end();
  }
}

/** Upgrades again and again under load; before every other one, one to a version that cannot take over. */
export async function upgrades(count: number, workers: number): Promise<UpgradesReport> {
  const site = await UpgradeSite.open(workers);
  const { elb, load } = site;
  const broken = (Object.keys(VERSIONS) as Version[]).filter((version) => version !== 'good'); // keys of VERSIONS
  const refused: string[] = [];
  const wrong: string[] = [];
  let done = 0;
  try {
    for (let i = 0; i < count; i++) {
      if (i % 2 === 1) {
        const before = elb.primary;
        const version = broken[(i >> 1) % broken.length] ?? 'hangs';
        const reason = await site.upgrade(version);
        if (reason === null || elb.primary !== before) wrong.push(`a version that ${version} took over`);
        else refused.push(`${version}: ${reason}`);
      }
      const before = elb.primary;
      const reason = await site.upgrade('good');
      if (reason !== null || elb.primary === before) wrong.push(`upgrade ${i + 1}: ${String(reason)}`);
      else done++;
      await site.flows(100);
      if (!(await site.remembers())) wrong.push(`after upgrade ${i + 1} a change was forgotten`);
    }
    const { upgrades: reported } = await lifecycleOf(elb);
    if (reported.done !== done) wrong.push(`not reported: ${JSON.stringify(reported)}`);
    await load.stop();
  } finally {
    await site.end();
  }
  return { upgrades: done, refused, answered: load.answered, lost: load.lost, wrong };
}

export interface CrashesReport {
  readonly crashes: number;
  readonly answered: number;
  readonly lost: readonly Lost[];
  readonly wrong: readonly string[];
}

/** Kills the primary again and again under load; its workers go on until another one has workers of its own. */
export async function crashes(count: number, workers: number): Promise<CrashesReport> {
  const site = await UpgradeSite.open(workers);
  const { elb, load } = site;
  const wrong: string[] = [];
  try {
    for (let i = 0; i < count; i++) {
      const before = elb.primary;
      process.kill(before, 'SIGKILL');
      await until('another primary serves', () => elb.primary !== before, 60_000);
      await site.flows(100);
      if (!(await site.remembers())) wrong.push(`after crash ${i + 1} a change was forgotten`);
    }
    const { primary_ends: ends } = await lifecycleOf(elb);
    if (ends.count !== count) wrong.push(`not reported: ${JSON.stringify(ends)}`);
    await load.stop();
  } finally {
    await site.end();
  }
  return { crashes: count, answered: load.answered, lost: load.lost, wrong };
}

/** What is installed is replaced as a package manager does it, in one step. */
function install(directory: string, version: Version): void {
  const name = version.replaceAll(' ', '-');
  writeFileSync(join(directory, `${name}.ts`), VERSIONS[version]);
  rmSync(join(directory, 'next'), { force: true });
  symlinkSync(`${name}.ts`, join(directory, 'next'));
  renameSync(join(directory, 'next'), join(directory, 'elb.ts'));
}
