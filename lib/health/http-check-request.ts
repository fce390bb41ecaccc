import type { HttpCheckOptions } from '../upstream/options/checks.ts';
import type { CheckPlace } from './check.ts';

/** What a check of that place sends. */
export function requestOf({ method, path, host, fields, reuse }: HttpCheckOptions, { name, port }: CheckPlace): string {
  const lines = new Map<string, string>([
    ['Host', host ?? (port === 80 ? name : `${name}:${port}`)],
    ['User-Agent', 'elb-health-check'],
    ['Accept', '*/*'],
    ...(reuse ? [] : [['Connection', 'close'] as const]),
  ]);
  const own = new Map(fields.map(([field]) => [field.toLowerCase(), true]));
  const text = [...lines].filter(([field]) => !own.has(field.toLowerCase())).concat(fields.map(([a, b]) => [a, b]));
  const whole = `${method} ${path} HTTP/1.1\r\n${text.map(([field, value]) => `${field}: ${value}\r\n`).join('')}\r\n`;
  // Flat, not a rope of parts: it is written again and again.
  return Buffer.from(whole, 'latin1').latin1Slice();
}
