/** Whether a list of servers can have this name: it is a part of their keys in the store, and tags are written behind it. */
export function isListedName(name: string): boolean {
  return /^[^/#\s\p{Cc}]+$/u.test(name);
}

/** The list that a graph means by a name, without the tag that its server is to have: `web` of `web#canary`. */
export function listedName(name: string): string {
  const end = name.indexOf('#');
  return end === -1 ? name : name.slice(0, end);
}

/** Whether a graph can send requests to an upstream of this name: a list of servers, or one server named by its address. */
export function isUpstreamName(name: string): boolean {
  return isListedName(name) || parseDirect(name) !== null;
}

/** A server that is named by its address. */
export interface DirectAddress {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
}

/** Reads `host:port`, `http://host:port` or `https://host:port`; null for what is none of them. */
export function parseDirect(name: string): DirectAddress | null {
  const { scheme, six, host, port: digits } = DIRECT.exec(name)?.groups ?? {};
  if ((scheme ?? digits) === undefined) return null;
  const secure = scheme === 'https';
  const port = Number(digits ?? (secure ? 443 : 80));
  return port < 1 || port > 65_535 ? null : { host: six ?? host ?? '', port, secure };
}

/** Either a scheme, with or without a port, or a port: a bare word is the name of an upstream. */
const DIRECT =
  /^(?:(?<scheme>https?):\/\/)?(?:\[(?<six>[0-9a-fA-F:.]+)\]|(?<host>[A-Za-z0-9._-]+))(?::(?<port>\d{1,5}))?\/?$/;
