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
  /** Servers of a higher number are used while none of a lower one can be. */
  readonly priority: number;
  /** It finishes what is under way, keeps its sessions and takes nothing new. */
  readonly drain: boolean;
  /** What a request, or the options of the upstream, may ask for. */
  readonly tags: readonly string[];
}

/** Parameters of a server of which nothing is said. */
export const USUAL_PARAMETERS: Omit<ServerSpec, 'name' | 'host' | 'port'> = {
  weight: 1,
  maxFails: 1,
  failTimeoutMs: 10_000,
  backup: false,
  down: false,
  maxConns: 0,
  priority: 0,
  drain: false,
  tags: [],
};

/** What makes a server the same one within its upstream, whatever its parameters become. */
export function serverKey({ name, host, port }: ServerSpec): string {
  return `${name} ${host} ${port}`;
}

/** Whether nobody who could take requests has any weight: all such servers then count alike. */
export function areLevel(specs: readonly ServerSpec[]): boolean {
  return specs.every(({ weight, down, drain }) => weight === 0 || down || drain);
}
