import { isIP } from 'node:net';
import type { DocumentName, Mutation } from '../control.ts';
import { pointerStep } from '../core/problem.ts';
import type { Problem } from '../core/problem.ts';
import { formatParameters, parseServer } from '../upstream/parameters.ts';
import type { ServerParameters } from '../upstream/parameters.ts';
import { isListedName } from '../upstream/upstream-name.ts';
import { circleOf, referenceTo } from './circles.ts';
import type { DocumentKinds } from './document-kinds.ts';

/** A mutation that was checked: what it writes. */
export type Edit =
  | { readonly kind: 'document'; readonly of: DocumentName; readonly name: string; readonly text: string | null }
  /** Replaces the upstream: server to parameters. No servers at all: it exists and has none. Null: it goes. */
  | { readonly kind: 'upstream'; readonly name: string; readonly servers: ReadonlyMap<string, string> | null };

export interface CheckedMutations {
  readonly edits: readonly Edit[];
  /** Everything that is wrong; none of the edits may be made then. */
  readonly problems: readonly Problem[];
  /** Host names of the servers that the edits bring, each once. */
  readonly names: readonly string[];
}

/**
 * Checks what an operator asks for, as a whole. `spellings` answers the names there are that mean the same as a name: a domain
 * has one document, and is deleted by any of its names. `needsOf` answers what the document of a reference needs.
 */
export function checkMutations(
  mutations: readonly Mutation[],
  kinds: DocumentKinds,
  spellings: (of: DocumentName, name: string) => Iterable<string>,
  needsOf: (reference: string) => readonly string[],
): CheckedMutations {
  const edits: Edit[] = [];
  const problems: Problem[] = [];
  const names = new Set<string>();
  /** Names of this request by normal form. */
  const put = new Map<string, string>();
  /** What documents of this request need, and where they stand in it. */
  const needs = new Map<string, { readonly needs: readonly string[]; readonly at: string }>();
  for (const mutation of mutations) {
    const { name } = mutation;
    const at = (mutation.in ?? '') + pointerStep(name);
    switch (mutation.kind) {
      case 'put-upstream': {
        const { servers, problems: found } = readServers(name, mutation.servers);
        problems.push(...found.map((problem) => ({ at: at + problem.at, msg: problem.msg })));
        for (const { host } of servers) if (isIP(host) === 0) names.add(host);
        const texts = new Map(servers.map((server) => [server.name, formatParameters(server)]));
        edits.push({ kind: 'upstream', name, servers: texts });
        break;
      }
      case 'delete-upstream':
        edits.push({ kind: 'upstream', name, servers: null });
        break;
      default: {
        // Behind the verb, a kind of mutation has the kind of document.
        const of = mutation.kind.slice(mutation.kind.indexOf('-') + 1) as DocumentName;
        const there = new Set(spellings(of, name));
        if (!('document' in mutation)) {
          for (const one of new Set([name, ...there])) edits.push({ kind: 'document', of, name: one, text: null });
          break;
        }
        const kind = kinds.get(of);
        const found = kind?.check(name, mutation.document).problems ?? [];
        const kept =
          kind?.kept !== undefined && found.length === 0 ? kind.kept(name, mutation.document) : mutation.document;
        const text = JSON.stringify(kept) ?? 'null';
        problems.push(...found.map((problem) => ({ at: at + problem.at, msg: problem.msg })));
        const bytes = Buffer.byteLength(text);
        if (bytes > MAX_TEXT_BYTES)
          problems.push({ at, msg: `is ${bytes} bytes of JSON; a store holds ${MAX_TEXT_BYTES} under one key` });
        const normal = `${of} ${kinds.get(of)?.normalName(name)}`;
        const same = put.get(normal) ?? (there.has(name) ? name : [...there][0]);
        if (same !== undefined && same !== name) problems.push({ at, msg: `is the same ${of} as ${same}` });
        put.set(normal, name);
        if (kind !== undefined && found.length === 0)
          needs.set(referenceTo(kind, name), { needs: kind.upstreams(mutation.document), at });
        edits.push({ kind: 'document', of, name, text });
      }
    }
  }
  for (const [reference, own] of needs) {
    const circle = circleOf(reference, own.needs, (other) => needs.get(other)?.needs ?? needsOf(other));
    if (circle !== null) problems.push({ at: own.at, msg: circle });
  }
  return { edits, problems, names: [...names] };
}

/** What etcd takes in one request, less what surrounds the value (`--max-request-bytes`, 1.5 MiB). */
const MAX_TEXT_BYTES = 1_048_576;

function readServers(
  name: string,
  servers: unknown,
): { readonly servers: readonly ServerParameters[]; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const read: ServerParameters[] = [];
  if (!isListedName(name)) {
    problems.push({ at: '', msg: 'the name of an upstream is text without slash, #, space and control characters' });
  }
  if (typeof servers !== 'object' || servers === null || Array.isArray(servers)) {
    problems.push({ at: '', msg: 'an upstream is an object of "host:port" to parameters' });
    return { servers: read, problems };
  }
  for (const [server, text] of Object.entries(servers)) {
    const parsed = typeof text === 'string' ? parseServer(server, text) : { problem: 'parameters are text' };
    if ('problem' in parsed) problems.push({ at: pointerStep(server), msg: parsed.problem });
    else read.push(parsed);
  }
  return { servers: read, problems };
}
