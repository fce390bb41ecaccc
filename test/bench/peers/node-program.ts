import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Scene } from '../peer.ts';
import type { Command } from '../process.ts';

/** How a proxy from `programs/` is started: in production mode, with the port to listen on and its servers' ports. */
export function nodeProgram(name: string, { port, servers }: Scene): Command {
  const program = fileURLToPath(new URL(`../programs/${name}.ts`, import.meta.url));
  return {
    program: process.execPath,
    args: [program, String(port), ...servers.map(String)],
    env: { NODE_ENV: 'production' },
  };
}

/** Version of an installed npm package, or null. */
export function packageVersion(name: string): string | null {
  try {
    const file = new URL(`../../../node_modules/${name}/package.json`, import.meta.url);
    const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return typeof parsed === 'object' && parsed !== null && 'version' in parsed ? String(parsed.version) : null;
  } catch {
    return null;
  }
}
