/** A name that stands twice in one object: where, as members and elements from the root, and at which character. */
export interface NamedTwice {
  readonly path: readonly (string | number)[];
  readonly offset: number;
}

/**
 * The first member whose name its object already has, or null. `text` is known to be JSON (RFC 8259). `JSON.parse` keeps the
 * last of such members silently, and an operator would never learn which one was meant.
 */
export function namedTwice(text: string): NamedTwice | null {
  const open: Frame[] = [];
  // Strings and structural characters; everything between them does not matter here.
  for (const match of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]/g)) {
    const token = match[0];
    const frame = open.at(-1);
    if (token === '{') open.push({ names: new Set(), at: '', expectsName: true });
    else if (token === '[') open.push({ names: null, at: 0, expectsName: false });
    else if (token === '}' || token === ']') open.pop();
    else if (frame === undefined || token === ':') continue;
    else if (token === ',') {
      if (frame.names === null) frame.at = Number(frame.at) + 1;
      else frame.expectsName = true;
    } else if (frame.names !== null && frame.expectsName) {
      // The token is a JSON string.
      const name = JSON.parse(token) as string;
      frame.at = name;
      frame.expectsName = false;
      if (frame.names.has(name)) return { path: open.map(({ at }) => at), offset: match.index };
      frame.names.add(name);
    }
  }
  return null;
}

interface Frame {
  /** Names so far; null for an array. */
  readonly names: Set<string> | null;
  /** The member or element the scan is in. */
  at: string | number;
  expectsName: boolean;
}
