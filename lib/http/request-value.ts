/** The value of a cookie in a Cookie field (RFC 6265 4.2), as it was sent; null if it is not there. The first of two counts. */
export function cookieValue(field: string, name: string): string | null {
  return valueOf(field, 0, name, ';');
}

/** The value of a parameter in a query (`?a=1&b=2`), as it was sent; null if it is not there. The first of two counts. */
export function queryValue(query: string, name: string): string | null {
  return valueOf(query, 1, name, '&');
}

function valueOf(text: string, from: number, name: string, separator: string): string | null {
  for (let at = text.indexOf(name, from); at !== -1 && at < text.length; at = text.indexOf(name, at + 1)) {
    const equals = at + name.length;
    if (text.charCodeAt(equals) !== EQUALS || !isFirst(text, from, at, separator)) continue;
    const end = text.indexOf(separator, equals);
    return text.slice(equals + 1, end === -1 ? text.length : end).trimEnd();
  }
  return null;
}

/** Whether nothing but blanks stands between an offset and the separator before it. */
function isFirst(text: string, from: number, at: number, separator: string): boolean {
  let before = at - 1;
  while (before >= from && text.charCodeAt(before) === SPACE) before--;
  return before < from || text[before] === separator;
}

const SPACE = 0x20;
const EQUALS = 0x3d;
