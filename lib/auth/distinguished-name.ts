/**
 * The values of an attribute in a distinguished name (RFC 4514: `CN=ann,OU=ops,O=Example\, Inc.`), in their order; several of them may
 * stand in one part, joined by a plus sign. `attribute` in any case.
 */
export function attributesOf(name: string, attribute: string): readonly string[] {
  const values: string[] = [];
  const wanted = attribute.toLowerCase();
  for (const part of partsOf(name)) {
    const equals = part.indexOf('=');
    if (equals === -1 || part.slice(0, equals).trim().toLowerCase() !== wanted) continue;
    values.push(unescaped(part.slice(equals + 1).trim()));
  }
  return values;
}

/** Parts between commas and plus signs that are not escaped. */
function partsOf(name: string): readonly string[] {
  const parts: string[] = [];
  let start = 0;
  for (let i = 0; i < name.length; i++) {
    const character = name[i];
    if (character === '\\') i++;
    else if (character === ',' || character === '+') {
      parts.push(name.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(name.slice(start));
  return parts;
}

/** Escaped characters, and escaped bytes as the UTF-8 that they are. */
function unescaped(value: string): string {
  if (!value.includes('\\')) return value;
  const bytes = Buffer.from(value, 'utf8').toString('latin1');
  const plain = bytes.replace(/\\([0-9A-Fa-f]{2}|[^])/g, (_, escaped: string) =>
    escaped.length === 2 ? String.fromCharCode(Number.parseInt(escaped, 16)) : escaped,
  );
  return Buffer.from(plain, 'latin1').toString('utf8');
}
