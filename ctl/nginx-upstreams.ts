import type { Problem } from '../lib/core/problem.ts';
import { parseServer } from '../lib/upstream/parameters.ts';
import type { Documents } from './documents.ts';
import { readDirectives } from './nginx-tokens.ts';
import type { Directive } from './nginx-tokens.ts';

export interface ReadUpstreams {
  /** Upstreams and options. */
  readonly documents: Documents;
  /** What cannot be said in ELB, each with its line. */
  readonly problems: readonly Problem[];
  /** What is left out, because ELB does it anyway or has no need of it, each with its line. */
  readonly notes: readonly Problem[];
}

/**
 * The `upstream` blocks of an nginx configuration (ngx_http_upstream_module), wherever they stand in it; everything else is left
 * alone. Servers keep their parameters; the way of balancing and what belongs to it become options.
 */
export function readNginxUpstreams(content: string): ReadUpstreams {
  const directives = readDirectives(content);
  if ('msg' in directives) {
    return { documents: {}, problems: [{ at: `line ${String(directives.line)}`, msg: directives.msg }], notes: [] };
  }
  const reader = new Reader();
  for (const block of upstreamsIn(directives)) reader.read(block);
  return reader.result();
}

function upstreamsIn(directives: readonly Directive[]): readonly Directive[] {
  return directives.flatMap((one) => (one.name === 'upstream' ? [one] : upstreamsIn(one.block ?? [])));
}

type Options = Record<string, Record<string, unknown>>;

class Reader {
  readonly #upstreams = new Map<string, Map<string, string>>();
  readonly #options = new Map<string, Options>();
  readonly #problems: Problem[] = [];
  readonly #notes: Problem[] = [];

  read({ args, block, line }: Directive): void {
    const name = args[0] ?? '';
    if (block === null || args.length !== 1) {
      this.#problem(line, 'upstream takes a name and a block');
      return;
    }
    if (this.#upstreams.has(name)) {
      this.#problem(line, `there is an upstream ${name} already`);
      return;
    }
    const servers = new Map<string, string>();
    const options: Options = {};
    this.#upstreams.set(name, servers);
    for (const directive of block) {
      if (directive.name === 'server') this.#server(directive, servers, options);
      else this.#option(directive, options);
    }
    if (Object.keys(options).length > 0) this.#options.set(name, options);
  }

  result(): ReadUpstreams {
    const upstreams = Array.from(this.#upstreams, ([name, servers]) => [name, Object.fromEntries(servers)] as const);
    const documents = {
      upstreams: Object.fromEntries(upstreams),
      ...(this.#options.size > 0 && { options: Object.fromEntries(this.#options) }),
    };
    return { documents, problems: this.#problems, notes: this.#notes };
  }

  #server({ args, line }: Directive, servers: Map<string, string>, options: Options): void {
    const [name = '', ...parameters] = args;
    const kept: string[] = [];
    for (const parameter of parameters) {
      if (parameter === 'resolve') this.#note(line, 'resolve: names of servers are always looked up again');
      else if (parameter.startsWith('slow_start=')) {
        set(options, 'balance', 'slow_start', parameter.slice('slow_start='.length));
        this.#note(line, 'slow_start: is for all servers of the upstream');
      } else kept.push(parameter);
    }
    const text = kept.join(' ');
    const server = parseServer(name, text);
    if ('problem' in server) this.#problem(line, server.problem);
    else if (servers.has(name)) this.#problem(line, `there is a server ${name} already: give it a weight`);
    else servers.set(name, text);
  }

  #option({ name, args, line }: Directive, options: Options): void {
    const [first = '', ...more] = args;
    switch (name) {
      case 'least_conn':
      case 'ip_hash':
        set(options, 'balance', 'algorithm', name.replace('_', '-'));
        break;
      case 'random':
        // The better of two is what both ways of comparing them come to.
        set(options, 'balance', 'algorithm', first === 'two' ? 'p2c' : 'random');
        break;
      case 'hash':
        this.#hash(first, more, line, options);
        break;
      case 'keepalive':
        set(options, 'connections', 'max_idle', Number(first));
        break;
      case 'keepalive_requests':
        set(options, 'connections', 'max_requests', Number(first));
        break;
      case 'keepalive_time':
        set(options, 'connections', 'max_age', seconds(first));
        break;
      case 'keepalive_timeout':
        set(options, 'connections', 'idle', seconds(first));
        break;
      case 'queue': {
        set(options, 'queue', 'size', Number(first));
        const timeout = more.find((arg) => arg.startsWith('timeout='));
        set(options, 'queue', 'timeout', timeout === undefined ? '60s' : seconds(timeout.slice('timeout='.length)));
        break;
      }
      case 'sticky':
        this.#sticky(first, more, line, options);
        break;
      case 'zone':
      case 'state':
      case 'resolver':
      case 'resolver_timeout':
        this.#note(line, `${name}: has no place in an upstream of ELB`);
        break;
      default:
        this.#problem(line, `${name} has no counterpart in ELB`);
    }
  }

  #hash(key: string, more: readonly string[], line: number, options: Options): void {
    const [, kind = '', name = ''] = /^\$(http|cookie|arg)_(\w+)$/.exec(key) ?? [];
    const on = HASHED[kind === '' ? key : kind];
    if (on === undefined) {
      this.#problem(
        line,
        `hash ${key} has no counterpart in ELB: one of ${Object.keys(HASHED)
          .filter((one) => one.startsWith('$'))
          .join(', ')}, $http_NAME, $cookie_NAME, $arg_NAME has`,
      );
      return;
    }
    set(options, 'balance', 'algorithm', 'hash');
    set(options, 'balance', 'hash', {
      on,
      ...(kind !== '' && { name: kind === 'http' ? name.replaceAll('_', '-') : name }),
    });
    if (!more.includes('consistent')) this.#note(line, 'hash: is consistent here');
  }

  #sticky(kind: string, more: readonly string[], line: number, options: Options): void {
    if (kind !== 'cookie') {
      this.#problem(line, `sticky ${kind} has no counterpart in ELB`);
      return;
    }
    const [cookie = '', ...attributes] = more;
    set(options, 'sticky', 'cookie', cookie);
    for (const attribute of attributes) {
      const [name = '', value = ''] = attribute.split('=', 2);
      if (name === 'expires') set(options, 'sticky', 'ttl', value);
      else if (name === 'domain' || name === 'path') set(options, 'sticky', name, value);
      else if (name === 'httponly') set(options, 'sticky', 'http_only', true);
      else if (name === 'secure') set(options, 'sticky', 'secure', true);
      else if (name === 'samesite') set(options, 'sticky', 'same_site', value.charAt(0).toUpperCase() + value.slice(1));
      else this.#problem(line, `sticky cookie: ${attribute} has no counterpart in ELB`);
    }
  }

  #problem(line: number, msg: string): void {
    this.#problems.push({ at: `line ${String(line)}`, msg });
  }

  #note(line: number, msg: string): void {
    this.#notes.push({ at: `line ${String(line)}`, msg });
  }
}

/** What a hash is of, by nginx's variable or the kind of it. */
const HASHED: Readonly<Record<string, string>> = {
  $remote_addr: 'address',
  $binary_remote_addr: 'address',
  $request_uri: 'uri',
  $uri: 'path',
  $host: 'host',
  $http_host: 'host',
  http: 'header',
  cookie: 'cookie',
  arg: 'query',
};

function set(options: Options, section: string, name: string, value: unknown): void {
  options[section] = { ...options[section], [name]: value };
}

/** A bare number is seconds in nginx. */
function seconds(time: string): string {
  return /^\d+$/.test(time) ? `${time}s` : time;
}
