import type { ProxyVersion } from '../../net/proxy-header.ts';
import type { ForwardProxy } from '../../net/tunnel-socket.ts';
import { defineSection, type ReportProblem } from './section.ts';
import { milliseconds, optionalTime, timeOption } from './time.ts';

export interface ConnectionOptions {
  /** Null: as the options of the program say. */
  readonly idleMs: number | null;
  readonly maxIdle: number;
  /** 0: unbounded. */
  readonly maxIdleTotal: number;
  /** 0: never. */
  readonly probeAfterMs: number;
  /** 0: unbounded, as below. */
  readonly maxAgeMs: number;
  readonly maxRequests: number;
  readonly unsafeReuseMs: number;
  /** Null: servers are told nothing. */
  readonly proxy: ProxyVersion | null;
  /** What they go through; null: nothing. */
  readonly via: ForwardProxy | null;
}

const PROXY = { off: null, v1: 1, v2: 2 } as const;

interface Document {
  readonly idle: string | null;
  readonly max_idle: number;
  readonly max_idle_total: number;
  readonly max_age: string;
  readonly max_requests: number;
  readonly unsafe_reuse: string;
  readonly tcp_keep_alive: string;
  readonly proxy_protocol: keyof typeof PROXY;
  readonly forward_proxy: string | null;
}

/** How connections to servers are made and kept. */
export const connections = defineSection({
  summary: 'How connections to servers are made and kept.',
  properties: {
    idle: optionalTime(
      'how long a connection is kept unused, and always less than its server says in Keep-Alive; null: `server-keep-alive`',
    ),
    max_idle: {
      type: 'integer',
      minimum: 0,
      maximum: 1_000_000,
      default: 512,
      description: 'most connections kept unused, per server and worker; 0: none is kept',
    },
    max_idle_total: {
      type: 'integer',
      minimum: 0,
      maximum: 1_000_000,
      default: 0,
      description: 'most connections kept unused to all of its servers together, per worker; 0: any number',
    },
    max_age: timeOption('1h', 'a connection that was made longer ago carries no further request; 0s: no bound'),
    max_requests: {
      type: 'integer',
      minimum: 0,
      maximum: 1_000_000_000,
      default: 0,
      description: 'a connection that has carried so many requests carries no further one; 0: no bound',
    },
    unsafe_reuse: timeOption(
      '1s',
      'a request that cannot be sent twice is given to a kept connection only if it was used so recently; 0s: always to a new one',
    ),
    tcp_keep_alive: timeOption(
      '60s',
      'after so much silence the kernel asks whether the other end is still there, and gives the connection up after ten seconds without an answer; 0s: never',
    ),
    proxy_protocol: {
      enum: Object.keys(PROXY),
      default: 'off',
      description:
        'tells servers the address of the client by the PROXY protocol; a connection is used for one client only then',
    },
    forward_proxy: {
      type: ['string', 'null'],
      pattern: '^http://',
      title: 'a URL such as http://user:password@10.0.0.5:3128',
      default: null,
      description: 'a proxy that connections to servers and their checks go through, by CONNECT; null: none',
    },
  },
  read: (document: Document, problem): ConnectionOptions => ({
    idleMs: document.idle === null ? null : milliseconds(document.idle),
    maxIdle: document.max_idle,
    maxIdleTotal: document.max_idle_total,
    probeAfterMs: Math.min(milliseconds(document.tcp_keep_alive), MOST_PROBE_MS),
    maxAgeMs: milliseconds(document.max_age),
    maxRequests: document.max_requests,
    unsafeReuseMs: milliseconds(document.unsafe_reuse),
    proxy: PROXY[document.proxy_protocol],
    via: document.forward_proxy === null ? null : forwardProxy(document.forward_proxy, problem),
  }),
});

/** The most that Linux takes (MAX_TCP_KEEPIDLE). */
const MOST_PROBE_MS = 32_767_000;

function forwardProxy(text: string, problem: ReportProblem): ForwardProxy | null {
  const url = URL.parse(text);
  if (url === null || url.hostname === '' || url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    problem('/forward_proxy', 'is no URL of a host and a port');
    return null;
  }
  const { username, password, hostname, port } = url;
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? 80 : Number(port),
    authorization: username === '' ? '' : `Basic ${Buffer.from(credentials).toString('base64')}`,
  };
}
