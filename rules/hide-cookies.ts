import type { Plan } from '../lib/routing/plan.ts';
import type { RoutedRequest } from '../lib/routing/rule.ts';

/**
 * Keeps some of the client's cookies from the server: those whose names begin with `start` and go on with `isHidden`. What nodes before have
 * kept from it stays away, too.
 */
export function hideCookies(
  request: RoutedRequest,
  plan: Plan,
  start: string,
  isHidden: (rest: string) => boolean,
): void {
  if (plan.dropFields.includes('cookie')) return;
  const field = written(plan) ?? request.field('cookie');
  // Most clients have none of them.
  if (field === null || !field.includes(start)) return;
  const cookies = field.split(';');
  const kept = cookies.filter((cookie) => {
    const name = nameOf(cookie);
    return !(name.startsWith(start) && isHidden(name.slice(start.length)));
  });
  if (kept.length === cookies.length) return;
  const rest = kept
    .map((cookie) => cookie.trim())
    .filter((cookie) => cookie !== '')
    .join('; ');
  if (rest === '') plan.drop(COOKIE);
  else plan.set(['Cookie', rest]);
}

/** What the graph has put into the field already. */
function written({ setFields }: Plan): string | null {
  const at = setFields.findIndex((name, i) => i % 2 === 0 && name.toLowerCase() === 'cookie');
  return at === -1 ? null : (setFields[at + 1] ?? null);
}

function nameOf(cookie: string): string {
  const equals = cookie.indexOf('=');
  return (equals === -1 ? cookie : cookie.slice(0, equals)).trim();
}

const COOKIE = ['cookie'];
