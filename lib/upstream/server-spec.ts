/** One server of an upstream as the data plane sees it: its name resolved, its parameters parsed. */
export interface ServerSpec {
  /** `host:port` as the document says it. */
  readonly name: string;
  /** Address to connect to: an IP address. A name with several addresses makes several servers. */
  readonly host: string;
  readonly port: number;
  readonly weight: number;
  /** 0: never taken out. */
  readonly maxFails: number;
  readonly failTimeoutMs: number;
  readonly backup: boolean;
  readonly down: boolean;
  /** Most exchanges at once, per worker; 0: unbounded. */
  readonly maxConns: number;
}

/** What makes a server the same one within its upstream, whatever its parameters become. */
export function serverKey({ name, host, port }: ServerSpec): string {
  return `${name} ${host} ${port}`;
}
