import { isMap, isScalar, LineCounter, Pair, parseDocument, visit, YAMLMap } from 'yaml';
import type { Document, Node } from 'yaml';
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

/** A store's file in YAML (1.2), read and edited in place: comments and order stay where an edit does not replace them. */
export class YamlDocument implements FileDocument {
  readonly #path: string;
  readonly #document: Document;
  readonly #lines: LineCounter;
  /** Members by name, of the maps that are edited. */
  readonly #pairs = new Map<YAMLMap, Map<string, Pair>>();

  /** Throws StoreError with file, line and column. */
  constructor(path: string, text: string) {
    this.#path = path;
    this.#lines = new LineCounter();
    // The package compares every key of a map with every other one; `#checkNames` asks a set.
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false, uniqueKeys: false });
    const error = this.#document.errors[0];
    if (error !== undefined) throw this.#problem(error.pos[0], error.message);
    this.#checkNames();
    const { contents } = this.#document;
    if (contents === null || (isScalar(contents) && contents.value === null)) this.#document.contents = new YAMLMap();
    else if (!isMap(contents)) throw this.#problem(contents.range?.[0], 'is not a map of domains and upstreams');
  }

  sectionNames(): readonly string[] {
    return this.#root().items.map(nameOf);
  }

  entries(): ReadonlyMap<string, string> {
    const entries = new Map<string, string>();
    for (const [section, node] of this.#members(this.#root())) {
      const kind = jsonKindOf(section);
      for (const [name, value] of this.#members(this.#mapOf(node, section))) {
        if (kind !== null) entries.set(`${kind}/${name}`, JSON.stringify(this.#plain(value)) ?? 'null');
        else if (section === UPSTREAMS) this.#addServers(entries, name, value);
        else if (isScalar(value) && typeof value.value === 'string') entries.set(`${section}/${name}`, value.value);
      }
    }
    return entries;
  }

  /** The text with the edits made. Throws StoreError for an edit that the file cannot hold. */
  edited(edits: readonly Edit[]): string {
    const written = edits.filter((edit) => edit.value !== null);
    const kept = new Set(written.filter((edit) => edit.key.endsWith('/')).map((edit) => edit.key));
    for (const edit of [...written, ...edits.filter((other) => other.value === null)]) this.#edit(edit, kept);
    return this.#document.toString({ lineWidth: 0 });
  }

  #edit({ key, value }: Edit, kept: ReadonlySet<string>): void {
    const [kind, name] = splitKey(this.#path, key);
    if (kind !== 'upstreams') {
      const { section: sectionName, isJson } = sectionOf(kind);
      const section = this.#section(sectionName);
      if (value === null) this.#remove(section, name);
      else this.#put(section, name, this.#document.createNode(isJson ? this.#parsed(key, value) : value));
      return;
    }
    const [upstream = '', server = ''] = splitOnce(name);
    const section = this.#section(UPSTREAMS);
    const servers = this.#childOf(section, upstream);
    if (server !== '' && value !== null) this.#put(servers, server, this.#document.createNode(value));
    if (server !== '' && value === null) this.#remove(servers, server);
    if (servers.items.length === 0 && value === null && !kept.has(`upstreams/${upstream}/`))
      this.#remove(section, upstream);
  }

  #addServers(entries: Map<string, string>, upstream: string, node: unknown): void {
    const servers = this.#members(this.#mapOf(node, upstream));
    if (servers.length === 0) entries.set(`upstreams/${upstream}/`, '');
    for (const [server, value] of servers) {
      const parameters = this.#plain(value) ?? '';
      const text = typeof parameters === 'string' ? parameters : JSON.stringify(parameters);
      entries.set(`upstreams/${upstream}/${server}`, text);
    }
  }

  #root(): YAMLMap {
    const { contents } = this.#document;
    if (!isMap(contents)) throw new StoreError(`${this.#path} is not a map`);
    return contents;
  }

  #section(name: string): YAMLMap {
    return this.#childOf(this.#root(), name);
  }

  /** The map behind a name, made where there is none. */
  #childOf(map: YAMLMap, name: string): YAMLMap {
    const pair = this.#pairsOf(map).get(name);
    if (isMap(pair?.value)) {
      // An empty map is written {}: what is put into it is to stand on lines of its own.
      if (pair.value.items.length === 0) pair.value.flow = false;
      return pair.value;
    }
    const child = new YAMLMap();
    this.#put(map, name, child);
    return child;
  }

  #pairsOf(map: YAMLMap): Map<string, Pair> {
    const known = this.#pairs.get(map);
    if (known !== undefined) return known;
    const pairs = new Map(map.items.map((pair) => [nameOf(pair), pair]));
    this.#pairs.set(map, pairs);
    return pairs;
  }

  #put(map: YAMLMap, name: string, value: unknown): void {
    const pairs = this.#pairsOf(map);
    const pair = pairs.get(name);
    if (pair !== undefined) {
      pair.value = value;
      return;
    }
    const added = new Pair<unknown, unknown>(this.#document.createNode(name), value);
    pairs.set(name, added);
    map.items.push(added);
  }

  #remove(map: YAMLMap, name: string): void {
    const pair = this.#pairsOf(map).get(name);
    if (pair === undefined) return;
    this.#pairsOf(map).delete(name);
    map.items.splice(map.items.indexOf(pair), 1);
  }

  #mapOf(node: unknown, name: string): YAMLMap {
    // An anchor may stand for a map.
    const resolved = isAlias(node) ? node.resolve(this.#document) : node;
    if (resolved === null || resolved === undefined || (isScalar(resolved) && resolved.value === null))
      return new YAMLMap();
    if (isMap(resolved)) return resolved;
    throw this.#problem(offsetOf(node), `${JSON.stringify(name)} is not a map`);
  }

  #members(map: YAMLMap): readonly (readonly [string, unknown])[] {
    return map.items.map((pair) => [nameOf(pair), pair.value] as const);
  }

  #plain(node: unknown): unknown {
    // Values of a parsed document are nodes, or null for nothing.
    return (node as Node | null)?.toJS(this.#document) ?? null;
  }

  #parsed(key: string, text: string): unknown {
    try {
      return JSON.parse(text);
    } catch {
      throw new StoreError(`${this.#path} cannot hold ${key}: its value is not JSON`);
    }
  }

  /** Map keys must be unique (YAML 1.2.2, 3.2.1.3). */
  #checkNames(): void {
    visit(this.#document, {
      Map: (_, map) => {
        const names = new Set<string>();
        for (const pair of map.items) {
          const name = nameOf(pair);
          if (names.has(name)) throw this.#problem(offsetOf(pair.key), `Map keys must be unique: ${name}`);
          names.add(name);
        }
      },
    });
  }

  #problem(offset: number | undefined, message: string): StoreError {
    const { line, col } = this.#lines.linePos(offset ?? 0);
    return problemAt(this.#path, line, col, message);
  }
}

/** A key of YAML may be a number or a date where it looks like one; its name is its text. */
function nameOf(pair: Pair): string {
  const { key } = pair;
  if (!isScalar(key)) return String(key);
  return typeof key.source === 'string' ? key.source : String(key.value);
}

function isAlias(node: unknown): node is { resolve(document: Document): unknown } {
  return typeof node === 'object' && node !== null && 'resolve' in node && typeof node.resolve === 'function';
}

function offsetOf(node: unknown): number | undefined {
  if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range)) return undefined;
  return Number(node.range[0]);
}
