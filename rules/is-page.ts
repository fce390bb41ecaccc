import type { RoutedRequest } from '../lib/routing/rule.ts';

/** Whether a browser asks for a page, which can be a login instead. */
export function isPage(request: RoutedRequest): boolean {
  if (request.method !== 'GET' && request.method !== 'HEAD') return false;
  const mode = request.field('sec-fetch-mode');
  return mode === null ? (request.field('accept') ?? '').includes('text/html') : mode === 'navigate';
}
