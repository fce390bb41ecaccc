import { duration, integer, size } from './option-kinds.ts';
import { row } from './option.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const KIB = 1024;
const MIB = KIB * KIB;
const GIB = KIB * MIB;

const anyTime = duration(1, DAY);

/** The bounds of `Limits`, as an operator sets them. */
export const LIMIT_OPTIONS = {
  maxHeadBytes: row(
    'Limits',
    'max-head',
    ['ELB_MAX_HEAD'],
    size(KIB, MIB),
    '64k',
    'head of a request or reply (431, 502)',
  ),
  maxFields: row('Limits', 'max-fields', ['ELB_MAX_FIELDS'], integer(8, 10_000), '128', 'fields of a head (431, 502)'),
  maxBodyBytes: row('Limits', 'max-body', ['ELB_MAX_BODY'], size(0, 1024 * GIB), '50m', 'body of a request (413)'),
  maxReplayBytes: row(
    'Limits',
    'max-replay',
    ['ELB_MAX_REPLAY'],
    size(0, 64 * GIB),
    '64m',
    'bodies of requests kept in memory for another try, in all, per worker',
  ),
  maxNodes: row('Limits', 'max-nodes', ['ELB_MAX_NODES'], integer(1, 1_000_000), '4000', 'nodes of a graph'),
  maxConnections: row(
    'Limits',
    'max-connections',
    ['ELB_MAX_CONNECTIONS'],
    integer(1, 10_000_000),
    null,
    'connections of clients (503); unset: as many as there are file descriptors for',
  ),
  maxClientConnections: row(
    'Limits',
    'max-client-connections',
    ['ELB_MAX_CLIENT_CONNECTIONS'],
    integer(1, 10_000_000),
    null,
    'connections of one client, an IPv6 client being a /64 (429); unset: unbounded',
  ),
  maxStreams: row(
    'Limits',
    'max-streams',
    ['ELB_MAX_STREAMS'],
    integer(1, 100_000),
    '128',
    "requests at once on a client's connection of HTTP/2",
  ),
  maxWaitMs: row(
    'Limits',
    'max-wait',
    ['ELB_MAX_WAIT'],
    duration(1, MINUTE),
    '500ms',
    'how long a request may wait for its turn while ELB is overloaded (503)',
  ),
  headMs: row(
    'Limits',
    'header-timeout',
    ['ELB_HEADER_TIMEOUT'],
    anyTime,
    '30s',
    'until the head of a request is there (408)',
  ),
  bodyIdleMs: row(
    'Limits',
    'body-timeout',
    ['ELB_BODY_TIMEOUT'],
    anyTime,
    '60s',
    'silence inside the body of a request (408)',
  ),
  sendMs: row(
    'Limits',
    'send-timeout',
    ['ELB_SEND_TIMEOUT'],
    anyTime,
    '60s',
    'how long a client may leave its reply unread',
  ),
  connectMs: row(
    'Limits',
    'connect-timeout',
    ['ELB_CONNECT_TIMEOUT'],
    anyTime,
    '5s',
    'until a server accepts a connection (504)',
  ),
  readMs: row(
    'Limits',
    'read-timeout',
    ['ELB_READ_TIMEOUT'],
    anyTime,
    '30s',
    'silence of a server that owes bytes (504)',
  ),
  keepAliveMs: row(
    'Limits',
    'keep-alive',
    ['ELB_KEEP_ALIVE'],
    anyTime,
    '65s',
    'idleness of a client connection between requests',
  ),
  serverKeepAliveMs: row(
    'Limits',
    'server-keep-alive',
    ['ELB_SERVER_KEEP_ALIVE'],
    anyTime,
    '60s',
    'idleness of a server connection between requests',
  ),
  tunnelIdleMs: row(
    'Limits',
    'tunnel-timeout',
    ['ELB_TUNNEL_TIMEOUT'],
    duration(1, 7 * DAY),
    '1h',
    'silence of an upgraded connection',
  ),
  halfCloseMs: row(
    'Limits',
    'half-close-timeout',
    ['ELB_HALF_CLOSE_TIMEOUT'],
    anyTime,
    '1s',
    'how long a client that has ended its side may be left without a byte of its reply',
  ),
} as const;
