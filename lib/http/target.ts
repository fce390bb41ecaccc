import { Fault } from '../core/faults.ts';
import { readAuthority, type Authority } from './authority.ts';
import { isText } from './bytes.ts';
import { QUESTION, SLASH } from './chars.ts';
import { Known, type Head } from './head.ts';
import { normalPath } from './path.ts';

/** What a request is for: the target line and the Host field read together (RFC 9110 7.1), ready for routing. */
export class Target implements Authority {
  host = '';
  port = '';
  /** Host, and port where it is not the default. */
  authority = '';
  /** In the form of `normalPath`; `*` for the asterisk form. */
  path = '/';
  /** Empty, or with its question mark, as it was sent. */
  query = '';
  /** The target is the server as a whole (`OPTIONS *`). */
  asterisk = false;
  /** The target came in absolute form: its authority is the host, and Host is to be replaced by it (RFC 9112 3.2.2). */
  absolute = false;
  /** The bytes of the target are already what is to be sent to a server. */
  unchanged = true;

  copy(): Target {
    return Object.assign(new Target(), this);
  }
}

/**
 * Reads target and Host into `out`: 0 or a fault. `secure`: the request came over TLS, so that the default port is 443.
 *
 * There must be one valid Host; only an HTTP/1.0 request may lack it, its host is then empty. Forms of the target: origin;
 * absolute with http or https, whose authority wins over Host; asterisk, for OPTIONS only. CONNECT asks for a tunnel that
 * a gateway has no reason to give, TRACE for a reply that shows what proxies have added (RFC 9110 9.3.6, 9.3.8): both are
 * METHOD_NOT_ALLOWED, whatever their target.
 */
export function readTarget(head: Head, out: Target, secure = false): number {
  if (isMethod(head, 'connect') || isMethod(head, 'trace')) return Fault.METHOD_NOT_ALLOWED;
  const fault = readHost(head, out, secure ? '443' : '80');
  if (fault !== 0) return fault;
  const { bytes, targetStart: start, targetEnd: end } = head;
  out.asterisk = false;
  out.absolute = false;
  out.unchanged = true;
  if (bytes[start] === SLASH) {
    if (!readPath(head, out, start)) return Fault.BAD_TARGET;
  } else if (end - start === 1 && bytes[start] === ASTERISK) {
    if (!isMethod(head, 'options')) return Fault.BAD_TARGET;
    setAsterisk(out);
  } else if (!readAbsolute(head, out)) return Fault.BAD_TARGET;
  out.authority = out.port === '' ? out.host : `${out.host}:${out.port}`;
  return 0;
}

/** Reads the only Host (RFC 9112 3.2). */
function readHost(head: Head, out: Target, defaultPort: string): number {
  const at = head.find(Known.HOST);
  if (at === -1) {
    out.host = '';
    out.port = '';
    return head.minor === 0 ? 0 : Fault.NO_HOST;
  }
  for (let i = at + 1; i < head.count; i++) if (head.known[i] === Known.HOST) return Fault.MANY_HOSTS;
  const valid = readAuthority(out, head.bytes, head.valueStart(at), head.valueEnd(at), defaultPort);
  return valid ? 0 : Fault.BAD_HOST;
}

/** `scheme "://" authority path-abempty [ "?" query ]`; false if it is none, or not ours. */
function readAbsolute(head: Head, out: Target): boolean {
  const { bytes, targetStart: start, targetEnd: end } = head;
  const isHttps = isText(bytes, start, Math.min(end, start + 8), 'https://');
  if (!isHttps && !isText(bytes, start, Math.min(end, start + 7), 'http://')) return false;
  const from = start + (isHttps ? 8 : 7);
  let to = from;
  while (to < end && bytes[to] !== SLASH && bytes[to] !== QUESTION) to++;
  if (!readAuthority(out, bytes, from, to, isHttps ? '443' : '80')) return false;
  out.absolute = true;
  // RFC 9112 3.2.4: to the last proxy, OPTIONS for an empty path means the server as a whole.
  if (to === end && isMethod(head, 'options')) setAsterisk(out);
  else if (!readPath(head, out, to)) return false;
  out.unchanged = false;
  return true;
}

/** Path and query from bytes[at] to the target's end; an empty path is the root. */
function readPath(head: Head, out: Target, at: number): boolean {
  const { bytes, targetEnd: end } = head;
  let pathEnd = at;
  while (pathEnd < end && bytes[pathEnd] !== QUESTION) pathEnd++;
  const raw = pathEnd === at ? '/' : head.slice(at, pathEnd);
  const path = normalPath(raw);
  if (path === null) return false;
  out.path = path;
  out.query = pathEnd === end ? '' : head.slice(pathEnd, end);
  out.unchanged = path === raw;
  return true;
}

function setAsterisk(out: Target): void {
  out.path = '*';
  out.query = '';
  out.asterisk = true;
}

/** `lowerMethod` in lower case, which a method that was parsed has none of. */
function isMethod(head: Head, lowerMethod: string): boolean {
  return isText(head.bytes, head.start, head.methodEnd, lowerMethod);
}

const ASTERISK = 0x2a;
