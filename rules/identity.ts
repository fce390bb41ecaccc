import { utf8Bytes } from '../lib/core/utf8-bytes.ts';
import { FIELD_NAME } from '../lib/routing/names.ts';
import type { Plan } from '../lib/routing/plan.ts';
import { refusedName } from './backend-fields.ts';

/** What a node tells the server about the client: which fields, and by which name each value is known to the node. */
export type FieldsArg = Readonly<Record<string, string>>;

/** Schema of `FieldsArg`. */
export function fieldsProperty(what: string): Readonly<Record<string, unknown>> {
  return {
    type: 'object',
    propertyNames: { pattern: FIELD_NAME },
    additionalProperties: { type: 'string', minLength: 1 },
    description: `fields that the server is told the client by, and ${what} of each; what the client itself says under these names is dropped`,
  };
}

/** The fields of a node by which servers know the client: only the node says them, whatever the client has sent. */
export class Identity {
  /** In lower case, with hyphens. */
  readonly names: readonly string[];
  readonly #fields: readonly (readonly [name: string, source: string])[];

  constructor(fields: FieldsArg, problem: (at: string, msg: string) => void) {
    this.#fields = Object.entries(fields);
    for (const [name] of this.#fields) {
      const reason = name.toLowerCase() === 'host' ? 'is Host, which says nothing of the client' : refusedName(name);
      if (reason !== null) problem(`/fields/${name}`, reason);
    }
    this.names = this.#fields.map(([name]) => name.toLowerCase().replaceAll('_', '-'));
  }

  /** Takes from the request what its client says under these names: the first thing that a node does. */
  strip(plan: Plan): void {
    plan.guard(this.names);
  }

  /**
   * Tells the server who the client is; a value that is null or undefined is not told. False, and nothing is told, if a value cannot be said
   * in a field: then nobody can say who the client is. `form`: whether a character of a value is one of a `text`, or one of the `bytes` of a
   * head, which stay what they are.
   */
  tell(plan: Plan, valueOf: (source: string) => unknown, form: 'text' | 'bytes' = 'text'): boolean {
    const set = this.fieldsFor(valueOf, form);
    if (set === null) return false;
    plan.set(set);
    return true;
  }

  /** The fields that tell it: name, value, name, value, ... Null if a value cannot be said in a field. */
  fieldsFor(valueOf: (source: string) => unknown, form: 'text' | 'bytes' = 'text'): readonly string[] | null {
    const set: string[] = [];
    for (const [name, source] of this.#fields) {
      const value = fieldValue(valueOf(source));
      if (value === null) continue;
      if (CONTROL.test(value)) return null;
      set.push(name, form === 'bytes' ? value : utf8Bytes(value));
    }
    return set;
  }
}

/** What is known of a client by its name, and what the server is told of it. */
export interface NamedClient {
  readonly claims: { readonly sub: string };
  /** Name, value, name, value, ... */
  readonly fields: readonly string[];
}

/** A client that has a name and nothing else; null if a field cannot say the name. */
export function clientOf(name: string, identity: Identity): NamedClient | null {
  const fields = identity.fieldsFor(() => name);
  return fields === null ? null : { claims: { sub: name }, fields };
}

/** A value as a field says it: lists with commas, objects as JSON, nothing for what is not there. */
function fieldValue(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map((item) => fieldValue(item) ?? '').join(',');
  return JSON.stringify(value);
}

const CONTROL = /[\u0000-\u001f\u007f]/;
