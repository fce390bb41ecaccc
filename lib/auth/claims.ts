/** What a token, or whoever vouches for one, says of its bearer. */
export type Claims = Readonly<Record<string, unknown>>;

/** Conditions on claims: each claim by its path (`sub`, `realm_access.roles`) is, or has among its values, one of these. */
export type ClaimConditions = Readonly<Record<string, readonly (string | number | boolean)[]>>;

/** Schema of `ClaimConditions`. */
export const CLAIM_CONDITIONS = {
  type: 'object',
  additionalProperties: { type: 'array', minItems: 1, items: { type: ['string', 'number', 'boolean'] } },
} as const;

/**
 * A claim by its path; undefined if it is not there. A name with dots in it (`https://a.test/roles`) is found as it is, before any path.
 */
export function claimOf(claims: Claims, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  let value: unknown = claims;
  for (const step of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    // An own member of an object, whatever it is.
    value = (value as Readonly<Record<string, unknown>>)[step];
  }
  return value;
}

/** Whether claims meet all of the conditions. A text of words with blanks between them, as `scope` is (RFC 6749 3.3), has each of its words. */
export function claimsMeet(claims: Claims, conditions: ClaimConditions): boolean {
  return Object.entries(conditions).every(([path, allowed]) => {
    const value = claimOf(claims, path);
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    return (
      values.some((one) => has(allowed, one)) ||
      (isScope(path) && typeof value === 'string' && value.split(' ').some((one) => has(allowed, one)))
    );
  });
}

function has(allowed: readonly unknown[], value: unknown): boolean {
  return allowed.includes(value);
}

function isScope(path: string): boolean {
  return path === 'scope' || path === 'scp';
}
