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
  readonly #good = new Map<string, string>();
  /** The names that have a document, good or bad, by their normal form. */
  readonly #spellings = new Map<string, Set<string>>();

  constructor(rules: ReadonlyMap<string, Rule>, rejected: Map<string, Rejection>) {
    this.#rules = rules;
    this.#rejected = rejected;
  }

  documents(): Record<string, GraphDocument> {
    const sorted = [...this.#good].toSorted(([a], [b]) => (a < b ? -1 : 1));
    // They have passed their check.
    return Object.fromEntries(sorted.map(([name, text]) => [name, JSON.parse(text) as GraphDocument]));
  }

  good(name: string): string | null {
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
      return { kind: 'domain', name, document: null };
    }
    const { problems, fault } = checkDocument(name, text, this.#rules);
    if (problems.length === 0) {
      this.#good.set(name, text);
      this.#rejected.delete(key);
      return { kind: 'domain', name, document: text };
    }
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

interface Checked {
  readonly problems: readonly Problem[];
  /** With problems, 0: no domain at all, because no host can have that name. */
  readonly fault: number;
}

function checkDocument(name: string, text: string, rules: ReadonlyMap<string, Rule>): Checked {
  const badName = checkDomainName(name);
  if (badName !== null) return { problems: [{ at: '', msg: `name ${badName}` }], fault: 0 };
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    const msg = `not JSON: ${error instanceof Error ? error.message : String(error)}`;
    return { problems: [{ at: '', msg }], fault: Fault.BROKEN_GRAPH };
  }
  return compileGraph(document, rules);
}
