/** The directives of Cache-Control fields (RFC 9111 5.2): names in lower case, and their arguments without quotes; without one, empty. */
export type Directives = ReadonlyMap<string, string>;

/** `field`: all values joined by commas, or null. Of a directive that is there twice with different arguments the argument is `!`, which is none. */
export function directivesOf(field: string | null): Directives {
  if (field === null) return NONE;
  const directives = new Map<string, string>();
  for (const item of itemsOf(field)) {
    const equals = item.indexOf('=');
    const name = (equals === -1 ? item : item.slice(0, equals)).trim().toLowerCase();
    if (name === '') continue;
    const argument = equals === -1 ? '' : unquoted(item.slice(equals + 1).trim());
    const before = directives.get(name);
    directives.set(name, before === undefined || before === argument ? argument : '!');
  }
  return directives;
}

/** Of a directive that is a number of seconds (RFC 9111 1.2.2); null: it is not there; 0 where it is none, for what is not known to be fresh is stale. */
export function secondsOf(directives: Directives, name: string): number | null {
  const argument = directives.get(name);
  if (argument === undefined) return null;
  return /^\d{1,15}$/.test(argument) ? Math.min(Number(argument), MOST_SECONDS) : 0;
}

/**
 * Parts between commas that are not inside of quotes. A semicolon is none of the grammar: who writes one means a comma. So does a quote
 * that is never closed: what comes behind it, perhaps from another field, is not hidden in it.
 */
function itemsOf(field: string): string[] {
  if (!field.includes('"')) return field.split(SEPARATOR);
  const items: string[] = [];
  let isQuoted = false;
  let from = 0;
  for (let i = 0; i < field.length; i++) {
    const char = field[i];
    if (char === '\\' && isQuoted) i++;
    else if (char === '"') isQuoted = !isQuoted;
    else if ((char === ',' || char === ';') && !isQuoted) {
      items.push(field.slice(from, i));
      from = i + 1;
    }
  }
  items.push(field.slice(from));
  return isQuoted ? field.split(SEPARATOR) : items;
}

function unquoted(argument: string): string {
  return argument.startsWith('"') && argument.endsWith('"') ? argument.slice(1, -1) : argument;
}

const SEPARATOR = /[,;]/;
const NONE: Directives = new Map();
const MOST_SECONDS = 2 ** 31;
