import { exactJson, exactNumber } from './exact-json.ts';

/** The body of a reply as templates know it: as text, and by the members of its JSON, which is read once, if at all. */
export class KnownBody {
  readonly bytes: Buffer;
  #json: unknown;
  #isRead = false;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** What is no UTF-8 in it becomes U+FFFD. */
  text(): string {
    return this.bytes.toString('utf8');
  }

  /** The member that steps lead to, names or places in a list; null where there is none, or the body is no JSON. */
  member(steps: readonly string[]): string | null {
    if (!this.#isRead) {
      this.#isRead = true;
      try {
        this.#json = exactJson(this.text());
      } catch {
        this.#json = null;
      }
    }
    return memberText(this.#json, steps);
  }
}

/** A member of a value of JSON as text, an object or a list as JSON; null where there is none, or it is null. */
export function memberText(value: unknown, steps: readonly string[]): string | null {
  let at: unknown = value;
  for (const step of steps) {
    if (typeof at !== 'object' || at === null || exactNumber(at) !== null || !Object.hasOwn(at, step)) return null;
    // An own member of an object, whatever it is.
    at = (at as Readonly<Record<string, unknown>>)[step];
  }
  if (at === null || at === undefined) return null;
  if (typeof at !== 'object') return String(at);
  try {
    return exactNumber(at) ?? JSON.stringify(at);
  } catch {
    // Nested deeper than can be written.
    return null;
  }
}
