import type { Ajv2020, ErrorObject, ValidateFunction } from 'ajv/dist/2020.js';
import { fillDefaults } from './defaults.ts';
import { pointerStep, type Problem } from './problem.ts';
import { createValidator } from './validator.ts';

/** A JSON schema (draft 2020-12), as it is written and published. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * A JSON schema at work: tells all that is wrong with a value, and fills in the defaults of what it leaves out. It is compiled when it
 * is first asked: most processes ask few of them, and all together are a third of a start.
 */
export class Schema {
  readonly #schema: JsonSchema;
  #validate: ValidateFunction | null = null;

  constructor(schema: JsonSchema) {
    this.#schema = schema;
  }

  /** Changes `value`: what is missing in it is set to its default. */
  complete(value: unknown): readonly Problem[] {
    fillDefaults(this.#schema, value);
    ajv ??= createValidator({ allErrors: true, allowUnionTypes: true, verbose: true });
    const validate = (this.#validate ??= ajv.compile(this.#schema));
    return validate(value) ? [] : (validate.errors ?? []).map(problemOf);
  }
}

let ajv: Ajv2020 | null = null;

function problemOf(error: ErrorObject): Problem {
  const { instancePath: at, keyword, parentSchema } = error;
  // What `params` holds follows from the keyword.
  const params = error.params as Readonly<Record<string, unknown>>;
  switch (keyword) {
    case 'additionalProperties': {
      const known = Object.keys((parentSchema?.['properties'] ?? {}) as object); // this keyword stands beside it
      return {
        at: at + pointerStep(String(params['additionalProperty'])),
        msg: `is not known; there are ${list(known)}`,
      };
    }
    case 'required':
      return { at: at + pointerStep(String(params['missingProperty'])), msg: 'is missing' };
    case 'enum':
      return { at, msg: `is not one of ${list(params['allowedValues'])}` };
    case 'pattern':
      return { at, msg: `is not ${String(parentSchema?.['title'] ?? `of the form ${String(params['pattern'])}`)}` };
    default:
      return { at, msg: error.message ?? 'is not allowed' };
  }
}

function list(values: unknown): string {
  return Array.isArray(values) ? values.join(', ') : String(values);
}
