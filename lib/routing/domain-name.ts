import { readAuthority } from '../http/authority.ts';

/**
 * The reason why a domain's name is refused, or null.
 *
 * A name is a host with an optional port (`a.test`, `a.test:8080`, `127.0.0.1`, `[::1]:8080`), or a pattern for hosts: `*.a.test`
 * or `*`, without a port. It is refused if no request's host could ever be it. Case, a trailing dot and the port 80 are allowed
 * and mean nothing.
 */
export function checkDomainName(name: string): string | null {
  if (isPlain(name)) return null;
  if (name === '') return 'is empty';
  if (name === '*') return null;
  if (/[\u0000-\u0020\u007f]/.test(name)) return 'has white space or a control character';
  if (name.includes('/')) return 'has a slash: a domain is a host, not a URL';
  if (/[^\u0021-\u007e]/.test(name)) return 'has a character beyond ASCII: write the name as its A-labels (xn--...)';
  if (/^\*(?:\.[^:]*)?:/.test(name)) return 'has both a wildcard and a port';
  const authority = name.startsWith('*.') ? name.slice(2) : name;
  if (authority.includes('*')) return 'has a wildcard that is not the whole first label (*.a.test)';
  // To the parser of requests, an empty port is the default.
  const bytes = Buffer.from(authority, 'latin1');
  const isHost = !authority.endsWith(':') && readAuthority({ host: '', port: '' }, bytes, 0, bytes.length, '');
  return isHost ? null : 'is not a host with an optional port';
}

/**
 * The form under which a domain is looked up: lower case, without trailing dot and port 80. The same for all names that mean
 * the same domain; a name that `checkDomainName` refuses gets some form, too.
 */
export function normalDomainName(name: string): string {
  if (isPlain(name)) return name;
  const lower = name.toLowerCase();
  const colon = lower.lastIndexOf(':');
  const hasPort = colon > lower.lastIndexOf(']');
  const host = hasPort ? lower.slice(0, colon) : lower;
  const port = hasPort ? lower.slice(colon) : '';
  return (host.endsWith('.') ? host.slice(0, -1) : host) + (port === ':80' ? '' : port);
}

/** Whether it is a host as nearly all are written: with that, there is nothing to be looked into, and a large table has many. */
function isPlain(name: string): boolean {
  return name.length <= MOST_PLAIN && PLAIN.test(name);
}

const PLAIN = /^[a-z0-9-]+(?:\.[a-z0-9-]+)*$/;
const MOST_PLAIN = 255;
