/**
 * The reason why a domain's name is refused, or null.
 *
 * A name is a host with an optional port (`a.test`, `a.test:8080`, `127.0.0.1`, `[::1]:8080`), or a pattern for hosts: `*.a.test`
 * or `*`, without a port. Case, a trailing dot and the port 80 are allowed and mean nothing.
 */
export function checkDomainName(name: string): string | null {
  if (name === '') return 'is empty';
  if (name === '*') return null;
  if (/[\u0000-\u0020\u007f]/.test(name)) return 'has white space or a control character';
  if (name.includes('/')) return 'has a slash: a domain is a host, not a URL';
  if (/[^\u0021-\u007e]/.test(name)) return 'has a character beyond ASCII: write the name as its A-labels (xn--...)';
  const { host, port } = splitPort(name);
  const isWildcard = host.startsWith('*.');
  if (port !== null) {
    if (isWildcard || host === '*') return 'has both a wildcard and a port';
    if (!/^[1-9]\d{0,4}$/.test(port) || Number(port) > 65535) return 'has a port that is not a number from 1 to 65535';
  }
  if (host.startsWith('[')) return isIpv6(host) ? null : 'has a malformed IPv6 address';
  return checkHost(isWildcard ? host.slice(2) : host);
}

/**
 * The form under which a domain is looked up: lower case, without trailing dot and port 80. The same for all names that mean
 * the same domain; a name that `checkDomainName` refuses gets some form, too.
 */
export function normalDomainName(name: string): string {
  const { host, port } = splitPort(name.toLowerCase());
  const bare = host.endsWith('.') ? host.slice(0, -1) : host;
  return port === null || port === '80' ? bare : `${bare}:${port}`;
}

const MAX_HOST_LENGTH = 253;
const MAX_LABEL_LENGTH = 63;

/** RFC 1123 2.1 with underscores, as browsers and resolvers take them. */
function checkHost(host: string): string | null {
  if (host.includes('*')) return 'has a wildcard that is not the whole first label (*.a.test)';
  const labels = (host.endsWith('.') ? host.slice(0, -1) : host).split('.');
  if (labels.includes('')) return 'has an empty label';
  const bad = labels.find((label) => !/^[a-z0-9_-]+$/i.test(label));
  if (bad !== undefined) return `is not a host with an optional port: ${JSON.stringify(bad)} is no label`;
  if (labels.some((label) => label.length > MAX_LABEL_LENGTH)) return `has a label longer than ${MAX_LABEL_LENGTH}`;
  return host.length > MAX_HOST_LENGTH ? `has a host longer than ${MAX_HOST_LENGTH}` : null;
}

/** RFC 3986 3.2.2, without zones. The URL parser is the judge of the groups. */
function isIpv6(host: string): boolean {
  return /^\[[0-9a-f:.]+\]$/i.test(host) && URL.canParse(`http://${host}/`);
}

function splitPort(name: string): { readonly host: string; readonly port: string | null } {
  const at = name.lastIndexOf(':');
  if (at === -1 || at < name.lastIndexOf(']')) return { host: name, port: null };
  return { host: name.slice(0, at), port: name.slice(at + 1) };
}
