import { readAuthority } from '../lib/http/authority.ts';
import { utf8Bytes } from '../lib/core/utf8-bytes.ts';
import { pointerStep } from '../lib/core/problem.ts';
import type { CompileContext } from '../lib/routing/rule.ts';

/**
 * The fields that a backend's args set, as the plan wants them: name, value, name, value, ... A list's values come one after
 * the other under the same name. What cannot be sent safely is told to `problem`, with a pointer below the args.
 */
export function fieldsOf(
  args: Readonly<Record<string, unknown>>,
  { problem }: Pick<CompileContext, 'problem'>,
): readonly string[] {
  const fields: string[] = [];
  const names = new Map<string, string>();
  for (const [name, value] of Object.entries(args)) {
    const at = pointerStep(name);
    const same = names.get(name.toLowerCase());
    names.set(name.toLowerCase(), name);
    const reason = same === undefined ? refusedName(name) : `is the same field as ${same}; give a list instead`;
    if (reason !== null) {
      problem(at, reason);
      continue;
    }
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (values.length === 0) problem(at, 'is an empty list');
    if (values.length > 1 && name.toLowerCase() === 'host') problem(at, 'is a list; a request has one Host');
    for (const [i, item] of values.entries()) {
      const wrong = refusedValue(name, item);
      if (wrong === null) fields.push(name, utf8Bytes(String(item)));
      else problem(Array.isArray(value) ? `${at}/${i}` : at, wrong);
    }
  }
  // Exactly as long as it is: pushing leaves room for more.
  return fields.length === 0 ? NONE : fields.slice();
}

const NONE: readonly string[] = [];

/** RFC 9110 5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** RFC 9110 5.5 without the bytes above ASCII, which are checked after encoding. */
const CONTROL = /[\u0000-\u0008\u000a-\u001f\u007f]/;

/** Framing (RFC 9112 6) and fields of one connection (RFC 9110 7.6.1): those are ours to write. */
const OURS: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'http2-settings',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Why a field may not be set or taken out; null where it may. */
export function refusedName(name: string): string | null {
  if (!TOKEN.test(name)) return 'is not the name of a field';
  // Servers of the CGI family read an underscore and a hyphen as the same.
  const lowerName = name.toLowerCase().replaceAll('_', '-');
  if (OURS.has(lowerName) || lowerName.startsWith('proxy-'))
    return 'is a field that belongs to the connection or to the framing';
  return null;
}

function refusedValue(name: string, value: unknown): string | null {
  const isNumber = typeof value === 'number' && Number.isFinite(value);
  if (typeof value !== 'string' && typeof value !== 'boolean' && !isNumber)
    return 'is not a string, a number, a boolean or a list of them';
  const text = String(value);
  if (CONTROL.test(text)) return 'has a control character';
  return name.toLowerCase() === 'host' && !isHost(text) ? 'is not a host with an optional port' : null;
}

/** RFC 9110 7.2, as narrow as for requests. */
function isHost(text: string): boolean {
  const bytes = Buffer.from(text, 'utf8');
  return readAuthority({ host: '', port: '' }, bytes, 0, bytes.length, '');
}
