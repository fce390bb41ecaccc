import type { ErrorObject } from 'ajv/dist/2020.js';
import { namedTwice } from '../lib/core/json.ts';
import { pointerStep } from '../lib/core/problem.ts';
import { createValidator } from '../lib/core/validator.ts';
import { compilePattern } from '../lib/routing/pattern.ts';

/** Why a body is not the JSON that it should be; null where it is. */
export type BodyCheck = (body: Buffer) => string | null;

/**
 * A check of bodies by a JSON schema (draft 2020-12), made once. What a schema may ask is bounded: the cost of a check grows with the
 * body, and no faster. What is wrong with the schema is told to `problem`.
 */
export function bodyCheck(schema: unknown, problem: (at: string, msg: string) => void): BodyCheck {
  const problems: (readonly [at: string, msg: string])[] = [];
  bound(schema, '', problems);
  for (const [at, msg] of problems) problem(at, msg);
  if (problems.length > 0) return () => null;
  try {
    const ajv = createValidator({ strict: false, validateFormats: false, logger: false, unicodeRegExp: false });
    // Whatever it is, ajv tells what is wrong with it.
    const validate = ajv.compile(schema as object | boolean);
    return (body) => {
      const read = parsed(body);
      if (read === null) return 'body is not JSON in UTF-8';
      // The server might take the first of two members where the schema has seen the last.
      if (namedTwice(read.text) !== null) return 'body names a member twice';
      try {
        return validate(read.value) ? null : sentenceOf(validate.errors?.[0]);
      } catch {
        // A body that is nested deeper than the stack, for a schema that refers to itself.
        return 'body is nested too deeply';
      }
    };
  } catch (error) {
    problem('', `is not a JSON schema: ${error instanceof Error ? error.message : String(error)}`);
    return () => null;
  }
}

function parsed(body: Buffer): { readonly text: string; readonly value: unknown } | null {
  try {
    const text = UTF8.decode(body);
    return { text, value: JSON.parse(text) as unknown };
  } catch {
    return null;
  }
}

/** What must not be asked: patterns that do not run in linear time, comparisons of every item with every other. */
function bound(schema: unknown, at: string, problems: (readonly [at: string, msg: string])[]): void {
  if (typeof schema !== 'object' || schema === null) return;
  if (at.split('/').length > MAX_DEPTH) {
    problems.push([at, 'is nested too deeply']);
    return;
  }
  const own = schema as Readonly<Record<string, unknown>>; // an object, looked at member by member
  if (typeof own['pattern'] === 'string') patternProblem(own['pattern'], `${at}/pattern`, problems);
  if (isObject(own['patternProperties']))
    for (const pattern of Object.keys(own['patternProperties']))
      patternProblem(pattern, `${at}/patternProperties${pointerStep(pattern)}`, problems);
  const most = own['maxItems'];
  if (own['uniqueItems'] === true && !(typeof most === 'number' && most <= MAX_UNIQUE))
    problems.push([
      `${at}/uniqueItems`,
      `compares all items with each other: it needs maxItems of at most ${MAX_UNIQUE}`,
    ]);
  for (const [name, member] of Object.entries(own)) bound(member, at + pointerStep(name), problems);
}

function patternProblem(pattern: string, at: string, problems: (readonly [at: string, msg: string])[]): void {
  const compiled = compilePattern(pattern, { ignoreCase: false });
  if (typeof compiled === 'string') problems.push([at, compiled]);
}

function sentenceOf(error: ErrorObject | undefined): string {
  if (error === undefined) return 'body does not fit';
  const { instancePath: at, message = 'does not fit' } = error;
  return `body${at === '' ? '' : ` at ${cut(at)}`} ${message}`;
}

/** The name of a member is the client's: it is told in part, and in ASCII. */
function cut(at: string): string {
  return at.slice(0, 100).replaceAll(/[^\x20-\x7e]/g, '?');
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const MAX_UNIQUE = 1000;
const MAX_DEPTH = 200;
