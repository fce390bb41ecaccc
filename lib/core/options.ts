import { ADMIN_OPTIONS } from './admin-options.ts';
import {
  cidrs,
  dnsServers,
  duration,
  etcdEndpoints,
  filePath,
  hostPort,
  instanceName,
  integer,
  listenAddresses,
  oneOf,
  plainAddresses,
  share,
  text,
  redisUrl,
} from './option-kinds.ts';
import { LIMIT_OPTIONS } from './limit-options.ts';
import { type Option, row } from './option.ts';
import type { OwnSlice } from './own-slice.ts';
import { TRACE_OPTIONS } from './trace-options.ts';
import { TLS_OPTIONS } from './tls-options.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const OPTIONS = {
  name: row(
    'Configuration',
    'name',
    ['ELBNAME'],
    instanceName,
    'ELB',
    'instance name: prefix of every key and every metric',
  ),
  etcd: row(
    'Configuration',
    'etcd',
    ['ETCD', 'ETCD_URL'],
    etcdEndpoints,
    null,
    'members of the etcd cluster, with or without scheme; without any of these: ETCD_HOST and ETCD_PORT',
  ),
  etcdHost: row('Configuration', null, ['ETCD_HOST'], text, '127.0.0.1', 'host of the only etcd member'),
  etcdPort: row('Configuration', null, ['ETCD_PORT'], integer(1, 65_535), '2379', 'port of the only etcd member'),
  etcdUsername: row('Configuration', null, ['ETCD_USERNAME'], text, null, 'etcd user'),
  etcdPassword: row('Configuration', null, ['ETCD_PASSWORD'], text, null, 'password of the etcd user'),
  etcdCa: row(
    'Configuration',
    null,
    ['ETCD_CA'],
    filePath,
    null,
    'certificates that etcd is checked against (PEM); turns TLS on',
  ),
  etcdCert: row('Configuration', null, ['ETCD_CERT'], filePath, null, 'certificate shown to etcd (PEM), with ETCD_KEY'),
  etcdKey: row('Configuration', null, ['ETCD_KEY'], filePath, null, 'key of ETCD_CERT (PEM)'),
  file: row(
    'Configuration',
    'file',
    ['ELB_FILE'],
    filePath,
    null,
    'keep the configuration in this YAML or JSON file, which may be empty at first, instead of etcd',
  ),
  state: row(
    'Configuration',
    'state',
    ['ELB_STATE'],
    filePath,
    null,
    'directory for what outlives the process; unset: STATE_DIRECTORY (systemd), else /var/lib/elb for root, $XDG_STATE_HOME/elb or ~/.local/state/elb for others',
  ),
  snapshot: row(
    'Configuration',
    'snapshot',
    ['ELB_SNAPSHOT'],
    filePath,
    null,
    'file for the last known content of etcd, which a start without etcd serves; `off`: none; unset: in the state directory',
  ),

  reconcileMs: row(
    'Configuration',
    'reconcile',
    ['ELB_RECONCILE'],
    duration(0, DAY),
    '10m',
    'how often what is known is compared with the whole store, on average; 0: never',
  ),

  listen: row(
    'Serving',
    'listen',
    ['ELB_LISTEN'],
    listenAddresses,
    '0.0.0.0:8080',
    'where to listen: `:8080`, `127.0.0.1:8080`, `[::]:80`, `unix:/path`; `tls:` in front: TLS, `proxy:`: connections begin with the PROXY protocol, `h1:`: no HTTP/2; several as `tls+proxy:`',
  ),
  listenFile: row(
    'Serving',
    'listen-file',
    ['ELB_LISTEN_FILE'],
    filePath,
    null,
    'file with more of them, one a line, which is read again at SIGHUP; unset: none',
  ),
  listenFailure: row(
    'Serving',
    'listen-failure',
    ['ELB_LISTEN_FAILURE'],
    oneOf(['end', 'retry']),
    'end',
    'what an address that cannot be listened at means at the start: `end`: nothing starts; `retry`: the others serve, and it is tried again every 10 s',
  ),
  workers: row(
    'Serving',
    'workers',
    ['ELB_WORKERS'],
    integer(0, 1024),
    null,
    'worker processes; 0: everything in one process; unset: one per core',
  ),
  ownSlice: row(
    'Serving',
    'own-slice',
    ['ELB_OWN_SLICE'],
    oneOf<OwnSlice>(['auto', 'on', 'off']),
    'auto',
    'workers take the shortest slice of the processor that the system has (Linux 6.12 and later), the primary the next and a lower priority, so that they need not wait for others; `auto`: where no seccomp filter is',
  ),
  trustedProxies: row(
    'Serving',
    'trusted-proxies',
    ['ELB_TRUSTED_PROXIES'],
    cidrs,
    null,
    'networks whose forwarded fields (X-Forwarded-For, ...) are believed',
  ),
  healthCommands: row(
    'Serving',
    'health-commands',
    ['ELB_HEALTH_COMMANDS'],
    filePath,
    null,
    'directory of the programs that health checks may run; unset: none may',
  ),
  logLevel: row(
    'Serving',
    'log',
    ['ELB_LOG'],
    oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
    'info',
    'least level that is logged',
  ),
  drainMs: row(
    'Serving',
    'drain',
    ['ELB_DRAIN'],
    duration(0, DAY),
    '30s',
    'how long requests under way may take to finish once ELB is told to end',
  ),

  resolver: row(
    'Serving',
    'resolver',
    ['ELB_RESOLVER'],
    dnsServers,
    null,
    'DNS servers that the names of servers are asked of; unset: as the machine resolves names',
  ),
  serverCa: row(
    'Serving',
    'server-ca',
    ['ELB_SERVER_CA'],
    filePath,
    null,
    'certificates that TLS servers are checked against (PEM); unset: those of the machine',
  ),
  redis: row(
    'Serving',
    'redis',
    ['ELB_REDIS'],
    redisUrl,
    null,
    'Redis in which all instances count together what `rate-limit` nodes limit over the fleet; unset: each instance counts by itself',
  ),
  statsd: row('Observing', 'statsd', ['STATSD'], hostPort(8125), null, 'send statistics to this statsd; unset: none'),
  metrics: row(
    'Observing',
    'metrics',
    ['ELB_METRICS'],
    oneOf(['on', 'off']),
    'on',
    'count requests for `GET /__erulb__/metrics`',
  ),
  metricsListen: row(
    'Observing',
    'metrics-listen',
    ['ELB_METRICS_LISTEN'],
    plainAddresses,
    null,
    'where `GET /metrics` is answered as well, to anybody who reaches it',
  ),
  upgradeMs: row(
    'Serving',
    'upgrade-timeout',
    ['ELB_UPGRADE_TIMEOUT'],
    duration(1, DAY),
    '60s',
    'how long a new program (SIGUSR2) may take until it can serve; then the former one stays',
  ),

  accessLog: row(
    'Observing',
    'access-log',
    ['ELB_ACCESS_LOG'],
    filePath,
    null,
    'file that gets a line for each request, or `stdout`; unset: none',
  ),
  accessLogFormat: row(
    'Observing',
    'access-log-format',
    ['ELB_ACCESS_LOG_FORMAT'],
    text,
    'json',
    '`json`, `json:FIELD,...`, `combined`, `elb` (the fields of projecteru2/elb), or a template such as `$host $status $request_time`',
  ),
  accessLogSample: row(
    'Observing',
    'access-log-sample',
    ['ELB_ACCESS_LOG_SAMPLE'],
    share,
    '1',
    'share of the requests that is logged; those that ended badly always are',
  ),
  recentRequests: row(
    'Observing',
    'recent-requests',
    ['ELB_RECENT_REQUESTS'],
    integer(0, 65_536),
    '256',
    'how many of the last requests each worker remembers for `GET /__erulb__/requests`, and as many that ended badly; 0: none',
  ),
  requestId: row(
    'Observing',
    'request-id',
    ['ELB_REQUEST_ID'],
    oneOf(['on', 'off']),
    'off',
    'send `X-Request-Id` to servers: what a trusted proxy says, else a new one',
  ),

  ...TRACE_OPTIONS,

  ...ADMIN_OPTIONS,

  ...LIMIT_OPTIONS,

  ...TLS_OPTIONS,
} as const;

export type OptionKey = keyof typeof OPTIONS;

/** Values by key; null where an option is unset and has no default. */
export type OptionValues = {
  readonly [Key in OptionKey]: (typeof OPTIONS)[Key] extends Option<infer Value> ? Value | null : never;
};
