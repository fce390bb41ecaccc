import { isIP } from 'node:net';
import { isCidr } from './cidr.ts';
import type { ListenAddress } from './listener.ts';

/** Why a text is not a value of its kind: what was expected, for "must be ...". */
export class Refusal {
  readonly expected: string;

  constructor(expected: string) {
    this.expected = expected;
  }
}

/** Kind of an option's value: how its text is read, and how help calls it. */
export interface OptionKind<Value> {
  readonly placeholder: string;
  /** Several values: the flag may be repeated, each text is a comma list. */
  readonly list: boolean;
  parse(text: string): Value | Refusal;
}

export const text = kind<string>('TEXT', (value) => value);

/** Part of every key and every metric, so it must not hold what separates those. */
export const instanceName = kind<string>('NAME', (value) =>
  /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(value) ? value : new Refusal('letters, digits, "_", "-" and "."'),
);

/** Where a Redis is: `redis://host:port/db`, `rediss://` for TLS. */
export const redisUrl = kind<string>('URL', (value) => {
  const url = URL.parse(value);
  const isUrl = url !== null && /^rediss?:$/.test(url.protocol) && url.hostname !== '';
  return isUrl ? value : new Refusal('a URL such as redis://127.0.0.1:6379/0');
});

export const filePath = kind<string>('PATH', (value) =>
  value === '' || value.includes('\0') ? new Refusal('a path') : value,
);

/** Fits both a bearer (RFC 6750 2.1: no spaces, ASCII only) and a password of any client, whatever its character encoding. */
export const token = kind<string>('TOKEN', (value) =>
  /^[!-~]+$/.test(value) ? value : new Refusal('visible ASCII characters without spaces'),
);

/** Secrets that are long enough not to be guessed. */
export const secrets = list<string>('SECRET', (value) =>
  value.length >= 16 ? value : new Refusal('secrets of at least 16 characters, without comma'),
);

/** `NAME:TOKEN`, each name once. */
export const namedTokens: OptionKind<readonly NamedToken[]> = {
  placeholder: 'NAME:TOKEN',
  list: true,
  parse(value) {
    const tokens = splitList(value).map((item) => /^([A-Za-z0-9_.@-]+):([!-~]+)$/.exec(item));
    const named = tokens.map((match) => ({ name: match?.[1] ?? '', token: match?.[2] ?? '' }));
    const isGood = !tokens.includes(null) && new Set(named.map(({ name }) => name)).size === named.length;
    return isGood && named.length > 0
      ? named
      : new Refusal('NAME:TOKEN, with names that differ and no comma in a token');
  },
};

export interface NamedToken {
  readonly name: string;
  readonly token: string;
}

export function integer(min: number, max: number): OptionKind<number> {
  const refusal = new Refusal(`a whole number from ${String(min)} to ${String(max)}`);
  return kind('N', (value) => {
    const number = Number(value);
    return /^\d{1,15}$/.test(value) && number >= min && number <= max ? number : refusal;
  });
}

/** Milliseconds: `500ms`, `30s`, `5m`, `1h`; a bare number counts seconds, as in nginx. */
export function duration(minMs: number, maxMs: number): OptionKind<number> {
  const refusal = new Refusal(
    `a time from ${formatDuration(minMs)} to ${formatDuration(maxMs)}, such as 500ms, 30s, 5m or 1h`,
  );
  return kind('TIME', (value) => {
    const match = /^(\d{1,12})(ms|s|m|h|d)?$/.exec(value);
    if (match === null) return refusal;
    const ms = Number(match[1]) * (MILLISECONDS[match[2] ?? 's'] ?? NaN);
    return ms >= minMs && ms <= maxMs ? ms : refusal;
  });
}

/** Bytes: `512`, `64k`, `50m`, `1g`, in powers of 1024. */
export function size(min: number, max: number): OptionKind<number> {
  const refusal = new Refusal(`a size from ${formatSize(min)} to ${formatSize(max)}, such as 512, 64k or 50m`);
  return kind('SIZE', (value) => {
    const match = /^(\d{1,12})([kmg])?b?$/i.exec(value);
    if (match === null) return refusal;
    const bytes = Number(match[1]) * (BYTES[(match[2] ?? '').toLowerCase()] ?? NaN);
    return bytes >= min && bytes <= max ? bytes : refusal;
  });
}

/** A share from 0 to 1. */
export const share = kind<number>('SHARE', (value) =>
  /^(0(\.\d{1,9})?|1(\.0{1,9})?)$/.test(value) ? Number(value) : new Refusal('a number from 0 to 1, such as 0.01'),
);

export function oneOf<Name extends string>(names: readonly Name[]): OptionKind<Name> {
  const refusal = new Refusal(`one of ${names.join(', ')}`);
  return kind('NAME', (value) => names.find((name) => name === value) ?? refusal);
}

/** `host:port`, `[::1]:8125`; the port may be left out where there is a usual one. */
export function hostPort(usualPort: number): OptionKind<{ readonly host: string; readonly port: number }> {
  return kind('HOST:PORT', (value) => {
    const parsed = parseHostPort(value, usualPort);
    return parsed === null || parsed.host === '' || parsed.port === 0 ? new Refusal('host:port') : parsed;
  });
}

export const cidrs = list<string>('CIDR', (value) =>
  isCidr(value) ? value : new Refusal('networks such as 10.0.0.0/8, 192.0.2.7 or ::1'),
);

/** Hosts as browsers call them: `elb.internal`, `elb.internal:8443`. */
export const hostNames = list<string>('HOST', (value) =>
  /^[\w-]+(?:\.[\w-]+)*(?::\d{1,5})?$/.test(value)
    ? value
    : new Refusal('names of hosts such as elb.internal or elb.internal:8080'),
);

/** DNS servers: `192.0.2.53`, `127.0.0.1:5353`, `[::1]:53`. */
export const dnsServers = list<string>('ADDR', (value) => {
  const bare = value.startsWith('[') ? value.slice(1, value.indexOf(']')) : value.replace(/:\d+$/, '');
  const isAlone = isIP(value) !== 0;
  const port = Number(/:(\d{1,5})$/.exec(value)?.[1] ?? 53);
  const isPlace = isIP(bare) !== 0 && /^(?:\[[^\]]+\]|[^:]+)(?::\d{1,5})?$/.test(value) && port >= 1 && port <= 65_535;
  return isAlone || isPlace ? value : new Refusal('IP addresses, each with or without a port');
});

/** Places to listen at, where nothing but HTTP/1.1 is spoken. */
export const plainAddresses = list<ListenAddress>('ADDR', readPlace);

/** Places to listen at, each with what is asked of it in front: `tls:`, `tls+proxy:`, `h1:`. */
export const listenAddresses = list<ListenAddress>('ADDR', (value) => {
  const [, words, place = value] = /^((?:tls|proxy|h1)(?:\+(?:tls|proxy|h1))*):(.*)$/.exec(value) ?? [];
  const address = readPlace(place);
  if (words === undefined || address instanceof Refusal) return address;
  const asked = words.split('+');
  return {
    ...address,
    options: { tls: asked.includes('tls'), proxy: asked.includes('proxy'), h2: !asked.includes('h1') },
  };
});

function readPlace(value: string): ListenAddress | Refusal {
  const refusal = new Refusal(
    ':8080, 127.0.0.1:8080, [::]:80 or unix:/path, with IP addresses, and tls:, proxy:, h1: or several (tls+proxy:) in front',
  );
  if (value.startsWith('unix:')) {
    const path = value.slice('unix:'.length);
    // 107 bytes and a NUL: the most that fits `sockaddr_un` (unix(7)).
    return path.startsWith('/') && !path.includes('\0') && Buffer.byteLength(path) <= 107
      ? { kind: 'unix', path }
      : refusal;
  }
  const parsed = parseHostPort(value, null);
  if (parsed === null) return refusal;
  const host = parsed.host === '' ? '0.0.0.0' : parsed.host === 'localhost' ? '127.0.0.1' : parsed.host;
  return isIP(host) === 0 ? refusal : { kind: 'tcp', host, port: parsed.port };
}

/** Members of an etcd cluster. Either every one or none is reached over TLS. */
export const etcdEndpoints: OptionKind<EtcdEndpoints> = {
  placeholder: 'HOST:PORT',
  list: true,
  parse(value) {
    const hosts: string[] = [];
    const schemes = new Set<string>();
    for (const item of splitList(value)) {
      const match = /^(?:(https?):\/\/)?([^/@?#]+)\/?$/i.exec(item);
      const parsed = match === null ? null : parseHostPort(match[2] ?? '', 2379);
      if (match === null || parsed === null || parsed.host === '' || parsed.port === 0) {
        return new Refusal('a list of host:port, with or without http:// or https://');
      }
      schemes.add((match[1] ?? '').toLowerCase());
      const host = isIP(parsed.host) === 6 ? `[${parsed.host}]` : parsed.host;
      hosts.push(`${host}:${String(parsed.port)}`);
    }
    if (hosts.length === 0) return new Refusal('a list of host:port, with or without http:// or https://');
    if (schemes.has('https') && schemes.size > 1) return new Refusal('members with one and the same scheme');
    return { hosts, scheme: schemes.has('https') ? 'https' : schemes.has('http') ? 'http' : null };
  },
};

export interface EtcdEndpoints {
  /** `host:port`. */
  readonly hosts: readonly string[];
  /** Null where none was given. */
  readonly scheme: 'http' | 'https' | null;
}

const MILLISECONDS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const BYTES: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

function kind<Value>(placeholder: string, parse: (text: string) => Value | Refusal): OptionKind<Value> {
  return { placeholder, list: false, parse };
}

function list<Item>(placeholder: string, parseItem: (text: string) => Item | Refusal): OptionKind<readonly Item[]> {
  return {
    placeholder,
    list: true,
    parse(value) {
      const items: Item[] = [];
      for (const part of splitList(value)) {
        const item = parseItem(part);
        if (item instanceof Refusal) return item;
        items.push(item);
      }
      return items.length === 0 ? new Refusal('a list with at least one entry') : items;
    },
  };
}

function splitList(value: string): readonly string[] {
  return value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function parseHostPort(value: string, usualPort: number | null): { host: string; port: number } | null {
  const match = /^(?:\[([^\]]*)\]|([^:\s]*))(?::(\d{1,5}))?$/.exec(value);
  if (match === null) return null;
  const [, bracketed, bare, digits] = match;
  if (bracketed !== undefined && isIP(bracketed) !== 6) return null;
  if (digits === undefined && usualPort === null) return null;
  const port = digits === undefined ? (usualPort ?? 0) : Number(digits);
  return port > 65_535 ? null : { host: bracketed ?? bare ?? '', port };
}

function formatDuration(ms: number): string {
  for (const unit of ['d', 'h', 'm', 's']) {
    const factor = MILLISECONDS[unit] ?? 1;
    if (ms >= factor && ms % factor === 0) return `${String(ms / factor)}${unit}`;
  }
  return `${String(ms)}ms`;
}

function formatSize(bytes: number): string {
  for (const unit of ['g', 'm', 'k']) {
    const factor = BYTES[unit] ?? 1;
    if (bytes >= factor && bytes % factor === 0) return `${String(bytes / factor)}${unit}`;
  }
  return String(bytes);
}
