import { endingOf } from './endings.ts';
import type { RequestRecord, TryRecord } from './request-record.ts';

/** Something that an access log can say of a request. */
export interface LogField {
  readonly help: string;
  /** In JSON a number stands without quotes. */
  readonly kind: 'text' | 'number';
  /** What may have to be escaped: anything; what a head can have; what a target can have; or nothing, because no such character can be in it. */
  readonly escapes: 'any' | 'head' | 'target' | 'nothing';
  /** What has to be written down for it while the request goes on, if it is not always. */
  readonly needs?: 'nodes' | 'servers';
  read(request: RequestRecord): string;
}

type Read = LogField['read'];
const text = (help: string, read: Read): LogField => ({ help, kind: 'text', escapes: 'any', read });
const fromHead = (help: string, read: Read): LogField => ({ help, kind: 'text', escapes: 'head', read });
const fromTarget = (help: string, read: Read): LogField => ({ help, kind: 'text', escapes: 'target', read });
const safe = (help: string, read: Read): LogField => ({ help, kind: 'text', escapes: 'nothing', read });
const number = (help: string, read: Read): LogField => ({ help, kind: 'number', escapes: 'nothing', read });

/**
 * Everything that an access log can say, by the name that stands behind `$` in a format: the names of nginx where it has one.
 * Beside these, `$http_NAME` is the request's field of that name, with underscores for hyphens. What is not known is `-`.
 */
export const LOG_FIELDS: Readonly<Record<string, LogField>> = {
  time_iso8601: safe('end of the request, in UTC, with milliseconds', () => isoTime()),
  time_local: safe('end of the request as nginx writes it, in UTC', () => commonTime()),
  msec: number('end of the request as Unix time, in seconds', () => seconds(Date.now())),
  host: safe('host that was asked for, in lower case, without port', ({ host }) => host),
  remote_addr: safe('address of the client, of trusted proxies the one they speak for', ({ client }) => client),
  peer: safe('address of the TCP peer', ({ peer }) => peer),
  request_id: text('identity of the request (`X-Request-Id`)', ({ id }) => id),
  trace_id: safe('trace that the request belongs to, where requests are traced', ({ trace }) => trace?.traceId ?? ''),
  span_id: safe(
    'the request itself in that trace: `traceparent` names it to nobody but the receivers of traces',
    ({ trace }) => trace?.spanId ?? '',
  ),
  request: fromTarget('request line', requestLine),
  request_method: fromHead('method', ({ method }) => method),
  request_uri: fromTarget('target as it was sent, query included', ({ target }) => target),
  uri: fromTarget('target without its query', ({ target }) => beforeQuery(target)),
  args: fromTarget('query, without its question mark', ({ target }) => target.slice(beforeQuery(target).length + 1)),
  scheme: safe('`https` where the client came by TLS, or a trusted proxy says so, else `http`', ({ isSecure }) =>
    isSecure ? 'https' : 'http',
  ),
  server_protocol: safe('protocol', ({ major, minor }) => protocolOf(major, minor)),
  status: number('status that the client was sent; 499: it left before', ({ status }) => String(status)),
  ending: safe('`ok`, or why the request ended otherwise', ({ fault }) => endingOf(fault)),
  bytes_sent: number('bytes of the reply, head included', ({ sentBytes }) => String(sentBytes)),
  body_bytes_sent: number('bytes of the reply behind its head', ({ sentBytes, headBytes }) =>
    String(Math.max(0, sentBytes - headBytes)),
  ),
  request_length: number('bytes of the request, head included', ({ receivedBytes }) => String(receivedBytes)),
  request_time: number('seconds from head to end of reply', ({ durationMs }) => seconds(durationMs)),
  domain: text('name of the domain whose graph was walked', ({ domain }) => domain),
  nodes: {
    ...text('nodes that were walked, with `>` between them', nodeNames),
    needs: 'nodes',
  },
  upstream: text('name of the upstream', ({ upstream }) => upstream),
  upstream_cache_status: safe(
    'what the cache of the upstream has come to: `HIT`, `MISS`, `EXPIRED`, `REVALIDATED`, or `BYPASS` where it was not looked at',
    ({ cache }) => cache,
  ),
  upstream_addr: tried('servers that were tried, in turn', ({ address }) => address),
  upstream_status: tried('status that each of them replied, or why it did not', outcomeText),
  upstream_response_time: tried('seconds spent on each of them', ({ ms }) => seconds(ms)),
  upstream_time: number('seconds spent on all of them', ({ serverMs }) => seconds(serverMs)),
};

function nodeNames({ nodes }: RequestRecord): string {
  let names = '';
  for (let i = 0; i < nodes.length; i++) names += i === 0 ? nodes[i]?.name : `>${nodes[i]?.name}`;
  return names;
}

function requestLine({ method, target, major, minor }: RequestRecord): string {
  return target === '' ? '' : `${method} ${target} ${protocolOf(major, minor)}`;
}

function protocolOf(major: number, minor: number): string {
  if (major === 2) return 'HTTP/2.0';
  return minor === 1 ? 'HTTP/1.1' : 'HTTP/1.0';
}

/** The i-th field of the request that is captured. */
export function requestField(i: number): LogField {
  return fromHead('', (request) => request.fields[i] ?? '');
}

function tried(help: string, one: (record: TryRecord) => string): LogField {
  const read = ({ servers }: RequestRecord): string =>
    servers.length === 1 && servers[0] !== undefined ? one(servers[0]) : servers.map(one).join(', ');
  return { ...text(help, read), needs: 'servers' };
}

function outcomeText({ outcome }: TryRecord): string {
  return outcome < 0 ? endingOf(outcome) : String(outcome);
}

function beforeQuery(target: string): string {
  const at = target.indexOf('?');
  return at === -1 ? target : target.slice(0, at);
}

/** Milliseconds as seconds with three digits behind the point. A line has several: `toFixed` costs four times as much. */
function seconds(ms: number): string {
  const whole = Math.round(ms);
  return `${Math.floor(whole / 1000)}.${THOUSANDTHS[whole % 1000] ?? ''}`;
}

/** `2026-11-21T08:00:00.000Z`; all but the milliseconds is made once a second. */
function isoTime(): string {
  const now = Date.now();
  refresh(now);
  return `${isoSecond}${THOUSANDTHS[now % 1000] ?? ''}Z`;
}

/** `21/Nov/2026:08:00:00 +0000`. */
function commonTime(): string {
  refresh(Date.now());
  return commonSecond;
}

function refresh(now: number): void {
  if (now - second < 1000 && now >= second) return;
  second = now - (now % 1000);
  const date = new Date(second);
  isoSecond = date.toISOString().slice(0, -4);
  const [, day, month, year, time] = /^\w+, (\d+) (\w+) (\d+) ([\d:]+)/.exec(date.toUTCString()) ?? [];
  commonSecond = `${day ?? ''}/${month ?? ''}/${year ?? ''}:${time ?? ''} +0000`;
}

const THOUSANDTHS = Array.from({ length: 1000 }, (_, i) => String(i).padStart(3, '0'));
let second = 0;
let isoSecond = '';
let commonSecond = '';
