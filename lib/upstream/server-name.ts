/** The host of a server's name, `host:port`, `[ipv6]:port` or a URL of them, without brackets; `localhost` for a Unix socket. */
export function hostOf(name: string): string {
  if (name.startsWith('unix:')) return 'localhost';
  const { six, host } = NAME.exec(name)?.groups ?? {};
  return six ?? host ?? name;
}

/** What a request's Host says of that server: without a port that its scheme implies. */
export function authorityOf(name: string, secure: boolean): string {
  if (name.startsWith('unix:')) return 'localhost';
  const { six, host, port } = NAME.exec(name)?.groups ?? {};
  const authority = six === undefined ? (host ?? name) : `[${six}]`;
  return port === undefined || port === (secure ? '443' : '80') ? authority : `${authority}:${port}`;
}

const NAME = /^(?:https?:\/\/)?(?:\[(?<six>[^\]]+)\]|(?<host>[^:/]+))(?::(?<port>\d+))?\/?$/;
