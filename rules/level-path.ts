import type { Template } from '../lib/routing/template.ts';

/** A path that a template has made, or what is none where a value that was put in would be a step up. */
export function levelPath({ constant }: Template, path: string): string {
  return constant === null && /\/(?:\.|%2[eE]){1,2}(?:\/|$)/.test(path) ? '' : path;
}
