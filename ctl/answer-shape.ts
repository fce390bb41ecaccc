import { EXIT } from './exit-codes.ts';
import { Failure } from './failure.ts';

/** What an answer holds, read step by step: another version, or somebody else, may answer anything. Members that are missing read as nothing. */
export type Members = Readonly<Record<string, unknown>>;

/** Throws Failure for what is no object. `what`: for people. */
export function membersOf(value: unknown, what: string): Members {
  if (isMembers(value)) return value;
  throw new Failure(EXIT.unexpected, `the answer has no ${what}`, {
    next: 'is the instance as new as this program? elbctl status tells its version',
  });
}

export function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Members of a member; none where there is no such object. */
export function inner(members: Members, name: string): Members {
  const value = own(members, name);
  return isMembers(value) ? value : {};
}

/** The objects of an array that is a member. */
export function list(members: Members, name: string): readonly Members[] {
  const value = own(members, name);
  return Array.isArray(value) ? value.filter(isMembers) : [];
}

export function text(members: Members, name: string): string {
  return textOf(own(members, name));
}

export function number(members: Members, name: string): number | null {
  const value = own(members, name);
  return typeof value === 'number' ? value : null;
}

export function own(members: Members, name: string): unknown {
  return Object.hasOwn(members, name) ? members[name] : undefined;
}

/** A value in one line; nothing for null. */
export function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
