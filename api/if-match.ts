/**
 * The entity tags of an If-Match field (RFC 9110 13.1.1); null: any will do. A weak one is none, because it never matches.
 * `undefined`: the field is malformed.
 */
export function readIfMatch(field: string | undefined): readonly string[] | null | undefined {
  if (field === undefined || field.trim() === '*') return null;
  const tags: string[] = [];
  for (const item of field.split(',')) {
    const [, weak, tag] = /^[ \t]*(W\/)?"([!#-~\x80-\xff]*)"[ \t]*$/.exec(item) ?? [];
    if (tag === undefined) return undefined;
    if (weak === undefined) tags.push(tag);
  }
  return tags;
}
