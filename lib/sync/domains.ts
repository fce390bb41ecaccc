import type { TableChange } from '../change.ts';
import { Fault } from '../core/faults.ts';
import { compileGraph } from '../routing/compile.ts';
import { checkDomainName, normalDomainName } from '../routing/domain-name.ts';
import type { GraphDocument, Problem, Rule } from '../routing/rule.ts';
import { domainKey } from './keys.ts';
import type { Rejection } from './rejection.ts';

/** The domains' graphs in force: of each the last good one. */
export class Domains {
  readonly #rules: ReadonlyMap<string, Rule>;
  readonly #rejected: Map<string, Rejection>;
  readonly #good = new Map<string, GraphDocument>();
  /** The names that have a document, good or bad, by their normal form. */
  readonly #spellings = new Map<string, Set<string>>();

  constructor(rules: ReadonlyMap<string, Rule>, rejected: Map<string, Rejection>) {
    this.#rules = rules;
    this.#rejected = rejected;
  }

  documents(): Record<string, GraphDocument> {
    return Object.fromEntries([...this.#good].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  good(name: string): GraphDocument | null {
    return this.#good.get(name) ?? null;
  }

  spellings(name: string): Iterable<string> {
    return this.#spellings.get(normalDomainName(name)) ?? [];
  }

  /** Takes a domain's newest document, or its removal; answers what that changes in force. */
  update(name: string, text: string | null, now: number): TableChange | null {
    const key = domainKey(name);
    this.#spell(name, text !== null);
    if (text === null) {
      this.#good.delete(name);
      this.#rejected.delete(key);
      return { kind: 'domain', name, graph: null };
    }
    const read = readDocument(name, text, this.#rules);
    if ('graph' in read) {
      this.#good.set(name, read.graph);
      this.#rejected.delete(key);
      return { kind: 'domain', name, graph: read.graph };
    }
    const { problems, fault } = read;
    const hasLastGood = this.#good.has(name);
    const reason = problems.map(({ at, msg }) => (at === '' ? msg : `${at}: ${msg}`)).join('; ');
    this.#rejected.set(key, { reason, problems, since: this.#rejected.get(key)?.since ?? now, hasLastGood });
    return hasLastGood || fault === 0 ? null : { kind: 'bad-domain', name, fault };
  }

  #spell(name: string, isThere: boolean): void {
    const normal = normalDomainName(name);
    const names = this.#spellings.get(normal) ?? new Set();
    if (isThere) names.add(name);
    else names.delete(name);
    if (names.size > 0) this.#spellings.set(normal, names);
    else this.#spellings.delete(normal);
  }
}

type Read = { readonly graph: GraphDocument } | { readonly problems: readonly Problem[]; readonly fault: number };

/** Fault 0: no domain at all, because no host can have that name. */
function readDocument(name: string, text: string, rules: ReadonlyMap<string, Rule>): Read {
  const badName = checkDomainName(name);
  if (badName !== null) return { problems: [{ at: '', msg: `name ${badName}` }], fault: 0 };
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    const msg = `not JSON: ${error instanceof Error ? error.message : String(error)}`;
    return { problems: [{ at: '', msg }], fault: Fault.BROKEN_GRAPH };
  }
  const { graph, problems, fault } = compileGraph(document, rules);
  return graph === null ? { problems, fault } : { graph: graph.document };
}
