import { isIP } from 'node:net';

/**
 * The host of a server's name, `host:port`, `[ipv6]:port` or a URL of them, without brackets; `localhost` for a Unix socket. Of a service
 * it is the name that its operator wrote: what DNS says beside has no certificate that could be trusted.
 */
export function hostOf(name: string): string {
  if (name.startsWith(UNIX)) return 'localhost';
  const { six, host } = NAME.exec(name)?.groups ?? {};
  return six ?? host ?? name;
}

/** What a request's Host says of that server: without a port that its scheme implies. */
export function authorityOf(name: string, secure: boolean): string {
  if (name.startsWith(UNIX)) return 'localhost';
  const { six, host, port } = NAME.exec(name)?.groups ?? {};
  const authority = six === undefined ? (host ?? name) : `[${six}]`;
  return port === undefined || port === (secure ? '443' : '80') ? authority : `${authority}:${port}`;
}

const NAME = /^(?:https?:\/\/|_[^.]+\._(?:tcp|udp)\.)?(?:\[(?<six>[^\]]+)\]|(?<host>[^:/]+))(?::(?<port>\d+))?\/?$/i;

/** Whether a server's host is a name that is looked up, and not an address or the path of a Unix socket. */
export function isLookedUp(host: string): boolean {
  return isIP(host) === 0 && !host.startsWith(UNIX);
}

/** Whether a name is that of a service, to be found by SRV records: `_http._tcp.a.test` (RFC 2782). */
export function isSrvName(host: string): boolean {
  return /^_[^.]+\._(tcp|udp)\./i.test(host);
}

/** What stands before the path of a Unix socket. */
export const UNIX = 'unix:';
