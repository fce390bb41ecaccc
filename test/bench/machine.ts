import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { busyShares, coreTimes } from './measure.ts';
import type { Peer } from './peer.ts';
import { outputOf } from './process.ts';
import { markdownTable } from './report.ts';

/** Where and with what the figures were measured, as Markdown. */
export function machineText(peers: readonly Peer[]): string {
  const cpu = os.cpus()[0]?.model ?? 'unknown';
  const memory = `${(os.totalmem() / 2 ** 30).toFixed(0)} GiB`;
  const versions = peers.map((peer) => [peer.name, peer.version() ?? 'not installed', peer.source, peer.routing]);
  return [
    `${cpu}, ${os.cpus().length} cores, ${memory}; ${distribution()}, Linux ${os.release()}; Node ${process.versions.node}; ` +
      `wrk ${outputOf('wrk', ['-v'], /wrk (?:debian\/)?(\S+)/) ?? 'not installed'}.`,
    markdownTable([['peer', 'version', 'from', 'decides by'], ...versions], 'left'),
  ].join('\n\n');
}

/** The commit that is measured, with a plus sign where files differ from it. */
export function commit(): string {
  const git = (...args: string[]): string => spawnSync('git', args, { encoding: 'utf8' }).stdout.trim();
  const isChanged = git('status', '--porcelain', '--untracked-files=no', '--', 'bin', 'lib', 'rules', 'api') !== '';
  return `${git('rev-parse', '--short', 'HEAD')}${isChanged ? '+' : ''}`;
}

/** How busy each core is while nothing is measured: what else runs on this machine. */
export async function background(): Promise<readonly number[]> {
  const before = coreTimes();
  await delay(1000);
  return busyShares(before, coreTimes());
}

function distribution(): string {
  return /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux';
}
