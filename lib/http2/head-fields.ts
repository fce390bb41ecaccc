/**
 * The field lines of a head in the form of HTTP/1.1, appended to `out` as HTTP/2 has them: names in lower case and values in turn,
 * without those about the connection. `from`: where the first line begins; the head ends with its last line, or an empty one.
 * Returns the value of Host, which has a place of its own there; empty for none.
 */
export function headFields(text: string, from: number, out: string[]): string {
  let host = '';
  let at = from;
  while (at < text.length) {
    const lineEnd = text.indexOf('\r\n', at);
    if (lineEnd <= at) break;
    const colon = text.indexOf(':', at);
    const name = text.slice(at, colon).toLowerCase();
    const value = text.slice(colon + 1, lineEnd).trim();
    if (name === 'host') host = value;
    else if (!CONNECTION.has(name)) out.push(name, value);
    at = lineEnd + 2;
  }
  return host;
}

/** Field lines as an object of Node's, for trailers. */
export function trailerFields(lines: string): Record<string, string | string[]> {
  const fields: string[] = [];
  headFields(lines, 0, fields);
  const byName = new Map<string, string[]>();
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] ?? '';
    const values = byName.get(name);
    if (values === undefined) byName.set(name, [fields[i + 1] ?? '']);
    else values.push(fields[i + 1] ?? '');
  }
  return Object.fromEntries(byName);
}

/** RFC 9113 8.2.2; an upgrade is another kind of request there. */
const CONNECTION: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);
