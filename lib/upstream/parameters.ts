import { isIP, isIPv4 } from 'node:net';
import { USUAL_PARAMETERS } from './server-spec.ts';
import { isSrvName, UNIX } from './server-name.ts';
import { formatTime, parseTime } from './time.ts';

/** One server as a document says it: where it is, not yet resolved, and its parameters. */
export interface ServerParameters {
  /** `host:port`, `[ipv6]:port`, `host`, `unix:/path` or `_service._tcp.host`, as written. */
  readonly name: string;
  /** IP address without brackets, a name, or `unix:/path`. */
  readonly host: string;
  readonly port: number;
  readonly weight: number;
  readonly maxFails: number;
  readonly failTimeoutMs: number;
  readonly maxConns: number;
  readonly backup: boolean;
  readonly down: boolean;
  readonly priority: number;
  readonly drain: boolean;
  readonly tags: readonly string[];
}

export interface ParameterProblem {
  readonly problem: string;
}

/**
 * Reads a server's name and parameters, the words that follow `server` in nginx (ngx_http_upstream_module): `weight=10
 * max_fails=2 fail_timeout=10s max_conns=100 backup down`, and ours: `priority=1 tags=a,b drain`; in any order, the last of two
 * equal ones counting. Times are `10` or `10s`, `500ms`, `1m30s`, `1h`, `1d`. What nginx knows and we do not (`slow_start=`, `route=`, `resolve`, ...) is a
 * problem, not silence. `backup=true` and `down=true`, as the predecessor dumped them, are understood.
 */
export function parseServer(name: string, text: string): ServerParameters | ParameterProblem {
  const place = parsePlace(name);
  if ('problem' in place) return place;
  const server = { name, ...place, ...USUAL_PARAMETERS };
  const problems: string[] = [];
  for (const word of text.split(/\s+/)) {
    const problem = word === '' ? null : setParameter(server, word);
    if (problem !== null) problems.push(problem);
  }
  return problems.length === 0 ? server : { problem: problems.join('; ') };
}

/** The parameters as text that `parseServer` reads to the same; what is at its default is left out. */
export function formatParameters(server: ServerParameters): string {
  const words: string[] = [];
  if (server.weight !== USUAL_PARAMETERS.weight) words.push(`weight=${server.weight}`);
  if (server.maxFails !== USUAL_PARAMETERS.maxFails) words.push(`max_fails=${server.maxFails}`);
  if (server.failTimeoutMs !== USUAL_PARAMETERS.failTimeoutMs)
    words.push(`fail_timeout=${formatTime(server.failTimeoutMs)}`);
  if (server.maxConns !== USUAL_PARAMETERS.maxConns) words.push(`max_conns=${server.maxConns}`);
  if (server.priority !== USUAL_PARAMETERS.priority) words.push(`priority=${server.priority}`);
  if (server.tags.length > 0) words.push(`tags=${server.tags.join(',')}`);
  for (const flag of FLAGS) if (server[flag]) words.push(flag);
  return words.join(' ');
}

const FLAGS = ['backup', 'down', 'drain'] as const;
const DEFAULT_PORT = 80;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function setParameter(server: Mutable<ServerParameters>, word: string): string | null {
  const equals = word.indexOf('=');
  const key = equals === -1 ? word : word.slice(0, equals);
  const value = equals === -1 ? null : word.slice(equals + 1);
  switch (key) {
    case 'weight':
    case 'max_fails':
    case 'max_conns':
    case 'priority':
      return setNumber(server, key, value);
    case 'fail_timeout': {
      const ms = parseTime(value ?? '');
      if (ms === null) return `fail_timeout is a time such as 10s, not ${quote(value)}`;
      server.failTimeoutMs = ms;
      return null;
    }
    case 'backup':
    case 'down':
    case 'drain':
      if (value !== null && value !== 'true') return `${key} takes no value`;
      server[key] = true;
      return null;
    case 'tags':
      if (value === null || !/^[^,\s#]+(?:,[^,\s#]+)*$/.test(value))
        return `tags are words without #, separated by commas, not ${quote(value)}`;
      server.tags = [...new Set(value.split(','))].toSorted();
      return null;
    default:
      return `unknown parameter ${quote(key)}: there are ${KNOWN}`;
  }
}

const NUMBERS = {
  weight: { field: 'weight', min: 0 },
  max_fails: { field: 'maxFails', min: 0 },
  max_conns: { field: 'maxConns', min: 0 },
  priority: { field: 'priority', min: 0 },
} as const;

const KNOWN = [...Object.keys(NUMBERS), 'fail_timeout', 'tags', ...FLAGS].join(', ');

function setNumber(server: Mutable<ServerParameters>, key: keyof typeof NUMBERS, value: string | null): string | null {
  const { field, min } = NUMBERS[key];
  const number = value !== null && /^\d{1,10}$/.test(value) ? Number(value) : Number.NaN;
  if (!(number >= min && number <= MAX_NUMBER)) {
    return `${key} is a whole number from ${min} to ${MAX_NUMBER}, not ${quote(value)}`;
  }
  server[field] = number;
  return null;
}

const MAX_NUMBER = 2 ** 31 - 1;

function parsePlace(name: string): { host: string; port: number } | ParameterProblem {
  if (name.startsWith(UNIX)) return unixPlace(name);
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:/[\]]+))(?::(\d{1,5}))?$/.exec(name);
  if (match === null) return noPlace(name);
  const [, bracketed, bare, digits] = match;
  const host = bracketed ?? bare ?? '';
  if (bracketed === undefined ? !isHost(host) : isIP(host) !== 6) return noPlace(name);
  if (digits !== undefined && isSrvName(host))
    return { problem: `${quote(name)} is a service, which has its ports in DNS` };
  const port = digits === undefined ? DEFAULT_PORT : Number(digits);
  if (port < 1 || port > 65_535) return { problem: `${quote(name)} has a port outside of 1 to 65535` };
  return { host, port };
}

function noPlace(name: string): ParameterProblem {
  return { problem: `${quote(name)} is not host:port` };
}

/** A Unix socket keeps its whole name as its host. 107 bytes and a NUL are the most that fits `sockaddr_un` (unix(7)). */
function unixPlace(name: string): { host: string; port: number } | ParameterProblem {
  const path = name.slice(UNIX.length);
  const isPath = path.startsWith('/') && !path.includes('\0') && Buffer.byteLength(path) <= 107;
  return isPath ? { host: name, port: 0 } : { problem: `${quote(name)} is not unix: and a path of at most 107 bytes` };
}

/** A name of letters, digits, hyphens and underscores between dots; one that ends in a number must be an IPv4 address. */
function isHost(host: string): boolean {
  if (isIPv4(host)) return true;
  if (host.length > 253 || /(?:^|\.)\d+\.?$/.test(host)) return false;
  return /^(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.?$/.test(
    host,
  );
}

function quote(text: string | null): string {
  if (text === null) return 'nothing';
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}...` : text);
}
