import { endingOf } from './endings.ts';
import type { RequestRecord, TryRecord } from './request-record.ts';

/** Something that an access log can say of a request. */
export interface LogField {
  readonly help: string;
  /** A number has nothing to escape, and stands without quotes in JSON. */
  readonly kind: 'text' | 'number';
  /** What has to be written down for it while the request goes on, if it is not always. */
  readonly needs?: 'nodes' | 'servers';
  read(request: RequestRecord): string;
}

const text = (help: string, read: LogField['read']): LogField => ({ help, kind: 'text', read });
const number = (help: string, read: LogField['read']): LogField => ({ help, kind: 'number', read });

/**
 * Everything that an access log can say, by the name that stands behind `$` in a format: the names of nginx where it has one.
 * Beside these, `$http_NAME` is the request's field of that name, with underscores for hyphens. What is not known is `-`.
 */
export const LOG_FIELDS: Readonly<Record<string, LogField>> = {
  time_iso8601: text('end of the request, in UTC, with milliseconds', () => isoTime()),
  time_local: text('end of the request as nginx writes it, in UTC', () => commonTime()),
  msec: number('end of the request as Unix time, in seconds', () => seconds(Date.now())),
  host: text('host that was asked for, in lower case, without port', ({ host }) => host),
  remote_addr: text('address of the client, of trusted proxies the one they speak for', ({ client }) => client),
  peer: text('address of the TCP peer', ({ peer }) => peer),
  request_id: text('identity of the request (`X-Request-Id`)', ({ id }) => id),
  request: text('request line', requestLine),
  request_method: text('method', ({ method }) => method),
  request_uri: text('target as it was sent, query included', ({ target }) => target),
  uri: text('target without its query', ({ target }) => beforeQuery(target)),
  args: text('query, without its question mark', ({ target }) => target.slice(beforeQuery(target).length + 1)),
  server_protocol: text('protocol', ({ minor }) => `HTTP/1.${minor}`),
  status: number('status that the client was sent; 499: it left before', ({ status }) => String(status)),
  ending: text('`ok`, or why the request ended otherwise', ({ fault }) => endingOf(fault)),
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

function requestLine({ method, target, minor }: RequestRecord): string {
  return target === '' ? '' : `${method} ${target} HTTP/1.${minor}`;
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
