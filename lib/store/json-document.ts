import { namedTwice } from '../core/json.ts';
import {
  jsonKindOf,
  problemAt,
  sectionOf,
  splitKey,
  splitOnce,
  UPSTREAMS,
  type FileDocument,
} from './file-document.ts';
import type { Edit } from './ledger.ts';
import { StoreError } from './store.ts';

type Members = Map<string, unknown>;

/** A store's file in JSON (RFC 8259). Order and indentation stay; maps instead of objects, so that any name is a name. */
export class JsonDocument implements FileDocument {
  readonly #path: string;
  readonly #text: string;
  readonly #indent: string;
  readonly #sections: Members;

  /** Throws StoreError with file, line and column. An empty text is an empty document. */
  constructor(path: string, text: string) {
    this.#path = path;
    this.#text = text;
    this.#indent = /^[{[]\r?\n([ \t]+)/.exec(text)?.[1] ?? '  ';
    const root = text.trim() === '' ? {} : this.#parse();
    const sections = membersOf(root);
    if (sections === null) throw this.#problem(0, 'is not a map of domains and upstreams');
    this.#sections = sections;
    // What is not a map is refused at once, not at the first edit.
    for (const name of sections.keys()) this.#section(name);
    const upstreams = sections.has(UPSTREAMS) ? this.#section(UPSTREAMS) : new Map<string, unknown>();
    for (const [name, servers] of upstreams) upstreams.set(name, this.#map(servers, name));
  }

  sectionNames(): readonly string[] {
    return [...this.#sections.keys()];
  }

  entries(): ReadonlyMap<string, string> {
    const entries = new Map<string, string>();
    for (const name of this.#sections.keys()) {
      const kind = jsonKindOf(name);
      for (const [member, value] of this.#section(name)) {
        if (kind !== null) entries.set(`${kind}/${member}`, JSON.stringify(value));
        else if (name === UPSTREAMS) addServers(entries, member, this.#map(value, member));
        else if (typeof value === 'string') entries.set(`${name}/${member}`, value);
      }
    }
    return entries;
  }

  edited(edits: readonly Edit[]): string {
    const kept = new Set(edits.filter(({ key, value }) => value !== null && key.endsWith('/')).map(({ key }) => key));
    for (const { key, value } of edits.toSorted((a, b) => Number(a.value === null) - Number(b.value === null))) {
      const [kind, name] = splitKey(this.#path, key);
      if (kind === 'upstreams') {
        this.#editServer(name, value, kept);
        continue;
      }
      const { section, isJson } = sectionOf(kind);
      put(this.#section(section), name, isJson && value !== null ? this.#parsed(key, value) : value);
    }
    return `${JSON.stringify(plain(this.#sections), null, this.#indent)}\n`;
  }

  #editServer(name: string, value: string | null, kept: ReadonlySet<string>): void {
    const [upstream, server] = splitOnce(name);
    const upstreams = this.#section(UPSTREAMS);
    const servers = this.#map(upstreams.get(upstream), upstream);
    upstreams.set(upstream, servers);
    if (server !== '') put(servers, server, value);
    if (servers.size === 0 && value === null && !kept.has(`upstreams/${upstream}/`)) upstreams.delete(upstream);
  }

  #parsed(key: string, text: string): unknown {
    try {
      return JSON.parse(text);
    } catch {
      throw new StoreError(`${this.#path} cannot hold ${key}: its value is not JSON`);
    }
  }

  #section(name: string): Members {
    const section = this.#map(this.#sections.get(name), name);
    this.#sections.set(name, section);
    return section;
  }

  #map(value: unknown, name: string): Members {
    const members = value instanceof Map ? value : membersOf(value ?? {});
    if (members === null)
      throw this.#problem(this.#text.indexOf(JSON.stringify(name)), `${JSON.stringify(name)} is not a map`);
    return members;
  }

  #parse(): unknown {
    let value: unknown;
    try {
      value = JSON.parse(this.#text);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const offset = /position (\d+)/.exec(message)?.[1];
      throw this.#problem(
        offset === undefined ? this.#text.length : Number(offset),
        message.replace(/ in JSON at .*$/, ''),
      );
    }
    const twice = namedTwice(this.#text);
    if (twice !== null) throw this.#problem(twice.offset, `Map keys must be unique: ${String(twice.path.at(-1))}`);
    return value;
  }

  #problem(offset: number, message: string): StoreError {
    const before = this.#text.slice(0, Math.max(0, offset));
    const line = before.split('\n').length;
    return problemAt(this.#path, line, before.length - before.lastIndexOf('\n'), message);
  }
}

function membersOf(value: unknown): Members | null {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? new Map(Object.entries(value)) : null;
}

function put(members: Members, name: string, value: unknown): void {
  if (value === null) members.delete(name);
  else members.set(name, value);
}

function addServers(entries: Map<string, string>, upstream: string, servers: Members): void {
  if (servers.size === 0) entries.set(`upstreams/${upstream}/`, '');
  for (const [server, value] of servers) {
    const parameters = value ?? '';
    entries.set(
      `upstreams/${upstream}/${server}`,
      typeof parameters === 'string' ? parameters : JSON.stringify(parameters),
    );
  }
}

/** Maps as objects again; `fromEntries` defines its members, so that even `__proto__` is one. */
function plain(value: unknown): unknown {
  if (!(value instanceof Map)) return value;
  return Object.fromEntries(Array.from(value, ([name, member]) => [String(name), plain(member)]));
}
