import { parseTime } from '../lib/upstream/time.ts';

/** Schema of an arg that is a time, in the notation of an upstream's options; read it with `readTime`. */
export function timeProperty(description: string, fallback?: string): Readonly<Record<string, unknown>> {
  return { type: 'string', ...(fallback !== undefined && { default: fallback }), description };
}

/** Milliseconds of a time such as `500ms`, `10s` or `1m30s`; what is none is told to `problem`. */
export function readTime(text: string, at: string, problem: (at: string, msg: string) => void): number {
  const ms = parseTime(text);
  if (ms === null) problem(at, 'is not a time such as 500ms, 10s or 1m30s');
  return ms ?? 0;
}
