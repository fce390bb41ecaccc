import { compilePattern } from './pattern.ts';

/** Decides whether a value fits; null: there is none. */
export type TextTest = (value: string | null) => boolean;

/** What is asked of a value: one of these. */
export interface TextArgs {
  readonly exact?: string;
  readonly prefix?: string;
  readonly suffix?: string;
  readonly contains?: string;
  readonly pattern?: string;
  readonly in?: readonly string[];
  readonly present?: boolean;
  readonly ignore_case?: boolean;
}

/** Properties of a schema for `TextArgs`. */
export const TEXT_PROPERTIES = {
  exact: { type: 'string', description: 'the value is this' },
  prefix: { type: 'string', description: 'the value begins with this' },
  suffix: { type: 'string', description: 'the value ends with this' },
  contains: { type: 'string', description: 'the value has this in it' },
  pattern: { type: 'string', description: 'this regular expression is found in the value' },
  in: {
    type: 'array',
    items: { type: 'string' },
    minItems: 1,
    description: 'the value is one of these; the cost does not depend on their number',
  },
  present: { type: 'boolean', description: 'there is a value, or there is none' },
  ignore_case: { type: 'boolean', default: false, description: 'letters match in either case' },
} as const;

/**
 * A test of a value, made once. A missing value fits `present: false` only. `problem` is told what is wrong, at a pointer below the
 * args.
 */
export function textTest(args: TextArgs, problem: (at: string, msg: string) => void): TextTest {
  const asked = KINDS.filter((kind) => args[kind] !== undefined);
  if (asked.length !== 1) {
    problem('', `needs exactly one of ${KINDS.join(', ')}${asked.length > 1 ? `, not ${asked.join(' and ')}` : ''}`);
    return () => false;
  }
  const ignoreCase = args.ignore_case === true;
  const test = presentTest(args, ignoreCase, problem);
  if (!ignoreCase || args.present !== undefined) return test;
  return (value) => value !== null && test(value.toLowerCase());
}

const KINDS = ['exact', 'prefix', 'suffix', 'contains', 'pattern', 'in', 'present'] as const;

function presentTest(args: TextArgs, ignoreCase: boolean, problem: (at: string, msg: string) => void): TextTest {
  const fold = (text: string): string => (ignoreCase ? text.toLowerCase() : text);
  const { exact, prefix, suffix, contains, pattern, present } = args;
  if (present !== undefined) return (value) => (value !== null) === present;
  if (exact !== undefined) {
    const wanted = fold(exact);
    return (value) => value === wanted;
  }
  if (prefix !== undefined) {
    const wanted = fold(prefix);
    return (value) => value !== null && value.startsWith(wanted);
  }
  if (suffix !== undefined) {
    const wanted = fold(suffix);
    return (value) => value !== null && value.endsWith(wanted);
  }
  if (contains !== undefined) {
    const wanted = fold(contains);
    return (value) => value !== null && value.includes(wanted);
  }
  if (pattern !== undefined) {
    const compiled = compilePattern(pattern, { ignoreCase });
    if (typeof compiled !== 'string') return (value) => value !== null && compiled.test(value);
    problem('/pattern', compiled);
    return () => false;
  }
  const wanted = new Set(args.in?.map(fold));
  return (value) => value !== null && wanted.has(value);
}
