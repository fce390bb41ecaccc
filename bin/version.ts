import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';

/** The program's version, from its package. */
export function version(): string {
  const path = findPackageJSON(import.meta.url);
  const parsed: unknown = path === undefined ? null : JSON.parse(readFileSync(path, 'utf8'));
  const isPackage = typeof parsed === 'object' && parsed !== null && 'version' in parsed;
  return isPackage ? String(parsed.version) : 'unknown';
}
