import { isIP } from 'node:net';
import type { Mutation } from '../control.ts';
import { pointerStep } from '../routing/args-schema.ts';
import { compileGraph } from '../routing/compile.ts';
import { checkDomainName, normalDomainName } from '../routing/domain-name.ts';
import type { Problem, Rule } from '../routing/rule.ts';
import { formatParameters, parseServer } from '../upstream/parameters.ts';
import type { ServerParameters } from '../upstream/parameters.ts';

/** A mutation that was checked: what it writes. */
export type Edit =
  | { readonly kind: 'domain'; readonly name: string; readonly text: string | null }
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
 * Checks what an operator asks for, as a whole. `spellings` answers the domains there are that mean the same as a name: a
 * domain has one document, and is deleted by any of its names.
 */
export function checkMutations(
  mutations: readonly Mutation[],
  rules: ReadonlyMap<string, Rule>,
  spellings: (name: string) => Iterable<string>,
): CheckedMutations {
  const edits: Edit[] = [];
  const problems: Problem[] = [];
  const names = new Set<string>();
  /** Domains of this request by normal form. */
  const put = new Map<string, string>();
  for (const mutation of mutations) {
    const at = pointerStep(mutation.name);
    switch (mutation.kind) {
      case 'put-domain': {
        const { name } = mutation;
        const text = JSON.stringify(mutation.document) ?? 'null';
        const found = checkDomain(name, mutation.document, rules);
        problems.push(...found.map((problem) => ({ at: at + problem.at, msg: problem.msg })));
        const bytes = Buffer.byteLength(text);
        if (bytes > MAX_TEXT_BYTES)
          problems.push({ at, msg: `is ${bytes} bytes of JSON; a store holds ${MAX_TEXT_BYTES} under one key` });
        const normal = normalDomainName(name);
        const there = new Set(spellings(name));
        const same = put.get(normal) ?? (there.has(name) ? name : [...there][0]);
        if (same !== undefined && same !== name) problems.push({ at, msg: `is the same domain as ${same}` });
        put.set(normal, name);
        edits.push({ kind: 'domain', name, text });
        break;
      }
      case 'delete-domain':
        for (const name of new Set([mutation.name, ...spellings(mutation.name)]))
          edits.push({ kind: 'domain', name, text: null });
        break;
      case 'put-upstream': {
        const { servers, problems: found } = readServers(mutation.name, mutation.servers);
        problems.push(...found.map((problem) => ({ at: at + problem.at, msg: problem.msg })));
        for (const { host } of servers) if (isIP(host) === 0) names.add(host);
        const texts = new Map(servers.map((server) => [server.name, formatParameters(server)]));
        edits.push({ kind: 'upstream', name: mutation.name, servers: texts });
        break;
      }
      case 'delete-upstream':
        edits.push({ kind: 'upstream', name: mutation.name, servers: null });
        break;
    }
  }
  return { edits, problems, names: [...names] };
}

/** What etcd takes in one request, less what surrounds the value (`--max-request-bytes`, 1.5 MiB). */
const MAX_TEXT_BYTES = 1_048_576;

function checkDomain(name: string, document: unknown, rules: ReadonlyMap<string, Rule>): readonly Problem[] {
  const badName = checkDomainName(name);
  const { problems } = compileGraph(document, rules);
  return badName === null ? problems : [{ at: '', msg: `name ${badName}` }, ...problems];
}

function readServers(
  name: string,
  servers: unknown,
): { readonly servers: readonly ServerParameters[]; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const read: ServerParameters[] = [];
  if (!/^[^/\s\p{Cc}]+$/u.test(name)) {
    problems.push({ at: '', msg: 'the name of an upstream is text without slash, space and control characters' });
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
