import { LOG_FIELDS, requestField, type LogField } from './log-fields.ts';
import type { Capture, RequestRecord } from './request-record.ts';

/** How a line of the access log is written, and what has to be known for it. */
export interface LogFormat extends Capture {
  /** With its newline; its characters are bytes. */
  line(request: RequestRecord): string;
}

/** A format's text cannot be used; the message says why. */
export class BadFormat extends Error {
  override readonly name = 'BadFormat';
}

/**
 * A format by its name, or a template with `$name` or `${name}` for the fields of `LOG_FIELDS`. `json` is an object a line with all
 * fields, or with those that are named behind it: `json:status,request_time,http_user_agent`. Throws BadFormat.
 */
export function logFormat(text: string): LogFormat {
  if (text === 'json') return jsonFormat([...Object.keys(LOG_FIELDS), ...JSON_FIELDS]);
  if (text.startsWith('json:'))
    return jsonFormat(
      text
        .slice(5)
        .split(',')
        .map((name) => name.trim()),
    );
  return templateFormat(Object.hasOwn(NAMED, text) ? (NAMED[text] ?? '') : text);
}

/** Templates by name. `elb` has the fields and the order of the predecessor's log. */
const NAMED: Readonly<Record<string, string>> = {
  combined: '$remote_addr - - [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"',
  elb:
    '$host $remote_addr [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_time ' +
    '$upstream_response_time "$http_x_forwarded_for" "$uri" "$args" "$upstream_addr" "$upstream_status"',
};

/** Request fields in the whole JSON object. */
const JSON_FIELDS = ['http_referer', 'http_user_agent', 'http_x_forwarded_for'];

/** Names of all formats that are not templates. */
export const FORMAT_NAMES: readonly string[] = ['json', ...Object.keys(NAMED)];

function templateFormat(template: string): LogFormat {
  if (!template.includes('$')) {
    throw new BadFormat(`is neither ${FORMAT_NAMES.join(', ')} nor a template with fields such as $status`);
  }
  const names = new Names();
  const parts: LinePart[] = [];
  let end = 0;
  for (const match of template.matchAll(/\$(?:\{(\w*)\}|(\w*))/g)) {
    const { kind, escapes, read } = names.fieldOf(match[1] ?? match[2] ?? '');
    parts.push({ before: utf8(template.slice(end, match.index)), kind, escapes, read });
    end = match.index + match[0].length;
  }
  const rest = utf8(`${template.slice(end)}\n`);
  return {
    ...names.capture(),
    line(request) {
      let line = '';
      for (const { before, escapes, read } of parts) {
        const value = read(request);
        if (value === '') line += `${before}-`;
        else line += before + (isClean(value, escapes, request) ? value : value.replace(EACH_UNSAFE, hex));
      }
      return line + rest;
    },
  };
}

/** A field of a line, and what stands before it. */
interface LinePart extends Pick<LogField, 'kind' | 'escapes' | 'read'> {
  readonly before: string;
}

function jsonFormat(names: readonly string[]): LogFormat {
  const known = new Names();
  const members = names.map((name, i): LinePart => {
    const { kind, escapes, read } = known.fieldOf(name);
    return { before: `${i === 0 ? '{' : ','}${JSON.stringify(name)}:`, kind, escapes, read };
  });
  return {
    ...known.capture(),
    line(request) {
      let line = '';
      for (const { before, kind, escapes, read } of members) {
        const value = read(request);
        if (kind === 'number') line += before + value;
        else line += `${before}"${isClean(value, escapes, request) ? value : escapeJson(value)}"`;
      }
      return `${line}}\n`;
    },
  };
}

/** Fields by their names, and what they need together. */
class Names {
  readonly #fields: string[] = [];
  readonly #needs = new Set<LogField['needs']>();

  fieldOf(name: string): LogField {
    const [, field] = /^http_(\w+)$/.exec(name) ?? [];
    if (field !== undefined) {
      return requestField(this.#fields.push(field.toLowerCase().replaceAll('_', '-')) - 1);
    }
    const known = Object.hasOwn(LOG_FIELDS, name) ? LOG_FIELDS[name] : undefined;
    if (known === undefined) throw new BadFormat(`names a field that there is not: $${name}`);
    this.#needs.add(known.needs);
    return known;
  }

  capture(): Capture {
    return { fields: this.#fields, nodes: this.#needs.has('nodes'), servers: this.#needs.has('servers') };
  }
}

/**
 * Whether a value can stand in a line as it is: a client cannot end the line, or a quoted part of it, as nginx sees to by default.
 * What is known of the head spares looking at each character of the longest values.
 */
function isClean(value: string, escapes: LogField['escapes'], request: RequestRecord): boolean {
  if (escapes === 'nothing') return true;
  // A method and a version have nothing, a target has no quote (RFC 9112 3.2), and is shorter than what it stands in.
  if (escapes === 'target' && request.isPlain) return !request.target.includes('\\');
  if (escapes === 'head' && request.isPlain) return !value.includes('"') && !value.includes('\\');
  return !UNSAFE.test(value);
}

function escapeJson(value: string): string {
  // Bytes that are no UTF-8 become replacement characters: a reader of JSON would refuse the line.
  return utf8(JSON.stringify(Buffer.from(value, 'latin1').toString('utf8')).slice(1, -1));
}

/** Text as its bytes in UTF-8, one character each. */
function utf8(value: string): string {
  return Buffer.from(value).latin1Slice();
}

function hex(char: string): string {
  return `\\x${char.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`;
}

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const UNSAFE = /["\\\x00-\x1f\x7f-\uffff]/;
// oxlint-disable-next-line no-control-regex
const EACH_UNSAFE = /["\\\x00-\x1f\x7f-\uffff]/g;
