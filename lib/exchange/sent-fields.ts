import type { Head } from '../http/head.ts';
import { connectionNames } from '../http/hop.ts';
import type { Plan } from '../routing/plan.ts';

/** What of a request's fields its server is sent: the client's, as the graph has changed them. What ELB adds by itself is not among them. */
export class SentFields {
  #head: Head;
  /** What the client lists in Connection is for us alone. */
  readonly #listed: readonly string[] | null;
  readonly #set: readonly string[];
  readonly #dropped: readonly string[];
  readonly #guarded: readonly string[];

  constructor(head: Head, { setFields, dropFields, guardedFields }: Plan) {
    this.#head = head;
    this.#listed = connectionNames(head);
    this.#set = setFields;
    this.#dropped = dropFields;
    this.#guarded = guardedFields;
  }

  /** All values of a field joined by ", ", or null. */
  get(lowerName: string): string | null {
    let value: string | null = null;
    for (let i = 0; i + 1 < this.#set.length; i += 2) {
      if (this.#set[i]?.toLowerCase() !== lowerName) continue;
      value = value === null ? (this.#set[i + 1] ?? '') : `${value}, ${this.#set[i + 1] ?? ''}`;
    }
    if (value !== null) return value;
    if (this.#listed?.includes(lowerName) === true) return null;
    if (this.#dropped.includes(lowerName) || this.#guarded.includes(lowerName.replaceAll('_', '-'))) return null;
    return this.#head.get(lowerName);
  }

  /** The head leaves the buffer that all connections share: it is needed beyond this turn. */
  own(): void {
    this.#head = this.#head.copy();
  }
}
