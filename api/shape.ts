import type { Problem } from '../lib/routing/rule.ts';
import { pointer } from './resource.ts';

/** A body of the wrong shape, as its problems. */
export class WrongShape {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    this.problems = problems;
  }
}

/** The members of an object in its own order; any name is just a name, `__proto__` too. */
export function readNamed(
  body: unknown,
  of: string,
): readonly (readonly [name: string, value: unknown])[] | WrongShape {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    return new WrongShape([{ at: '', msg: `must be an object of ${of}, not ${nameOf(body)}` }]);
  }
  return Object.entries(body);
}

/** The names of an array, each once, in their order. */
export function readNames(body: unknown, of: string): readonly string[] | WrongShape {
  if (!Array.isArray(body)) {
    return new WrongShape([{ at: '', msg: `must be an array of ${of}, not ${nameOf(body)}` }]);
  }
  const names = new Set<string>();
  const problems: Problem[] = [];
  for (const [i, name] of body.entries()) {
    if (typeof name === 'string') names.add(name);
    else problems.push({ at: pointer(i), msg: `must be a string, not ${nameOf(name)}` });
  }
  return problems.length > 0 ? new WrongShape(problems) : [...names];
}

export function nameOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
