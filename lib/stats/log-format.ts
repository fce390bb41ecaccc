import { LOG_FIELDS, type LogField } from './log-fields.ts';
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
    const { kind, read } = names.fieldOf(match[1] ?? match[2] ?? '');
    // Text of another file is text in UTF-8.
    parts.push({ before: utf8(template.slice(end, match.index)), isText: kind === 'text', read });
    end = match.index + match[0].length;
  }
  const rest = utf8(`${template.slice(end)}\n`);
  return {
    ...names.capture(),
    line(request) {
      let line = '';
      for (const { before, isText, read } of parts) {
        line += before + (isText ? escapeText(read(request)) : read(request));
      }
      return line + rest;
    },
  };
}

/** A field of a line, and what stands before it. */
interface LinePart {
  readonly before: string;
  readonly isText: boolean;
  readonly read: LogField['read'];
}

function jsonFormat(names: readonly string[]): LogFormat {
  const known = new Names();
  const members = names.map((name, i): LinePart => {
    const { kind, read } = known.fieldOf(name);
    return { before: `${i === 0 ? '{' : ','}${JSON.stringify(name)}:`, isText: kind === 'text', read };
  });
  return {
    ...known.capture(),
    line(request) {
      let line = '';
      for (const { before, isText, read } of members) {
        line += isText ? `${before}"${escapeJson(read(request))}"` : before + read(request);
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
      const index = this.#fields.push(field.toLowerCase().replaceAll('_', '-')) - 1;
      return { help: '', kind: 'text', read: (request) => request.fields[index] ?? '' };
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

/** As nginx does by default: a client cannot end a line, or a quoted part of it. Empty becomes `-`. */
function escapeText(value: string): string {
  if (value === '') return '-';
  return UNSAFE_TEXT.test(value) ? value.replace(EACH_UNSAFE_TEXT, hex) : value;
}

function escapeJson(value: string): string {
  if (!UNSAFE_JSON.test(value)) return value;
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
const UNSAFE_TEXT = /["\\\x00-\x1f\x7f-\uffff]/;
// oxlint-disable-next-line no-control-regex
const EACH_UNSAFE_TEXT = /["\\\x00-\x1f\x7f-\uffff]/g;
// oxlint-disable-next-line no-control-regex
const UNSAFE_JSON = /["\\\x00-\x1f\x7f-\uffff]/;
