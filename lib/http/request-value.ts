/** The value of a cookie in a Cookie field (RFC 6265 4.2), as it was sent; null if it is not there. The first of two counts. */
export function cookieValue(field: string, name: string): string | null {
  return valueOf(field, 0, name, ';');
}

/** The value of a parameter in a query (`?a=1&b=2`), as it was sent; null if it is not there. The first of two counts. */
export function queryValue(query: string, name: string): string | null {
  return valueOf(query, 1, name, '&');
}

function valueOf(text: string, from: number, name: string, separator: string): string | null {
  for (let at = from; at < text.length;) {
    const end = text.indexOf(separator, at);
    const to = end === -1 ? text.length : end;
    while (text.charCodeAt(at) === SPACE) at++;
    if (text.startsWith(name, at) && text.charCodeAt(at + name.length) === EQUALS && at + name.length < to) {
      return text.slice(at + name.length + 1, to).trimEnd();
    }
    at = to + 1;
  }
  return null;
}

const SPACE = 0x20;
const EQUALS = 0x3d;
