/** Changes of fields, as `request-headers` and `response-headers` take them. */
export interface FieldEdits {
  readonly set?: Readonly<Record<string, unknown>>;
  readonly add?: Readonly<Record<string, unknown>>;
  readonly remove?: readonly string[];
  readonly rename?: Readonly<Record<string, string>>;
}

/** Schema of the args of `request-headers`; replies have no `rename`. */
export const FIELD_EDITS = {
  properties: {
    set: {
      type: 'object',
      description: 'fields in place of all of their name: a text, a number, a boolean, or a list of them each',
    },
    add: { type: 'object', description: 'fields behind those of their name' },
    remove: { type: 'array', items: { type: 'string' }, description: 'names of fields that are taken out' },
    rename: { type: 'object', additionalProperties: { type: 'string' }, description: 'new names by old ones' },
  },
  additionalProperties: false,
} as const;
