/** Shapes of paths, written as regular expressions for paths in normal form; or the reason why a shape is none. */

/** `/users/:id/*rest`: a segment that begins with a colon stands for any one segment, a last one with a star for all that is left. */
export function parameterExpression(shape: string): string | Refused {
  if (!shape.startsWith('/')) return new Refused('does not begin with a slash');
  const names = new Set<string>();
  const segments = shape.slice(1).split('/');
  let source = '^';
  for (const [i, segment] of segments.entries()) {
    const [, mark, name = ''] = /^([:*])(.*)$/.exec(segment) ?? [];
    if (mark === undefined) {
      source += `/${escaped(normalPrefix(segment))}`;
      continue;
    }
    if (!/^[A-Za-z_]\w*$/.test(name))
      return new Refused(`has ${segment}, whose name is not letters, digits and underscores`);
    if (names.has(name)) return new Refused(`has ${name} twice`);
    names.add(name);
    if (mark === ':') source += `/(?<${name}>[^/]+)`;
    else if (i === segments.length - 1) source += `/(?<${name}>.*)`;
    else return new Refused(`has ${segment}, behind which nothing can follow`);
  }
  return `${source}$`;
}

/** `/files/*.png`, `/a/**`: a star stands for any text within a segment, two for any text, a question mark for one character. */
export function globExpression(glob: string): string | Refused {
  if (!/^[/*]/.test(glob)) return new Refused('begins neither with a slash nor with a star');
  const parts = glob.split(/(\*\*|\*|\?)/).map((part) => GLOB.get(part) ?? escaped(normalPrefix(part)));
  return `^${parts.join('')}$`;
}

/** Why a shape is not one. */
export class Refused {
  readonly msg: string;

  constructor(msg: string) {
    this.msg = msg;
  }
}

/** A prefix as it occurs in normal paths; it need not be a whole path, nor end with a whole escape. */
export function normalPrefix(pattern: string): string {
  return pattern.replaceAll(/[^!$-;=@-[\]^-~]/gu, escapeOf).replaceAll(/%[0-9a-f]{2}/gi, normalEscape);
}

const GLOB: ReadonlyMap<string, string> = new Map([
  ['**', '.*'],
  ['*', '[^/]*'],
  ['?', '[^/]'],
]);

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

/** RFC 3986 2.5: escapes of the character's bytes in UTF-8. */
function escapeOf(char: string): string {
  return Buffer.from(char, 'utf8').toString('hex').replaceAll(/../g, '%$&');
}

/** As `normalPath` has it. */
function normalEscape(escape: string): string {
  const char = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
  return /[\w.~-]/.test(char) ? char : escape.toUpperCase();
}
