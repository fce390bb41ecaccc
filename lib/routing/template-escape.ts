import { utf8Bytes } from '../core/utf8-bytes.ts';
import type { Source } from './template-source.ts';

/** Where a template's text goes: that decides how values are escaped. */
export type Where = 'header' | 'path' | 'query' | 'host' | 'json' | 'html' | 'text';

/** How a value of some form is written where it goes; what comes of it are bytes, a character each. */
export function escapeFor(where: Where, form: Source['form']): (value: string) => string {
  switch (where) {
    case 'path':
      // It has been a part of a path, and is one again.
      return form === 'path' ? same : (value) => percentEncoded(bytesIn(value, form));
    case 'query':
      if (form === 'query') return same;
      return (value) => percentEncoded(bytesIn(value, form));
    case 'host':
      return (value) => bytesIn(value, form).replaceAll(/[^\w.:[\]-]/g, '');
    case 'header':
      return (value) => withoutControls(bytesIn(value, form));
    case 'json':
      return (value) => (NOTHING_TO_ESCAPE.test(value) ? value : jsonBytes(textIn(value, form)));
    case 'html':
      return (value) => utf8Bytes(textIn(value, form).replaceAll(/[&<>"']/g, (char) => ENTITIES[char] ?? char));
    case 'text':
      return (value) => utf8Bytes(textIn(value, form));
  }
}

/** A value that is the same in JSON, whatever its form is. */
const NOTHING_TO_ESCAPE = /^[\w !#$&'()*+,./:;=>?@[\]^`{|}~-]*$/;

function withoutControls(bytes: string): string {
  return CONTROL.test(bytes) ? bytes.replaceAll(CONTROLS, '') : bytes;
}

function jsonBytes(text: string): string {
  return utf8Bytes(JSON.stringify(text).slice(1, -1).replaceAll('<', '\\u003c'));
}

/** RFC 9110 5.5. */
const CONTROL = /[\0-\x08\x0a-\x1f\x7f]/;
const CONTROLS = new RegExp(CONTROL, 'g');
const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function same(value: string): string {
  return value;
}

/** What a value is once nothing of a target is around it, as bytes. */
function bytesIn(value: string, form: Source['form']): string {
  if (form === 'text') return utf8Bytes(value);
  return form === 'bytes' ? value : unescaped(value);
}

/** The same as text; bytes that are no UTF-8 become U+FFFD. */
function textIn(value: string, form: Source['form']): string {
  const bytes = bytesIn(value, form);
  if (form === 'text') return value;
  return /[^\0-\x7f]/.test(bytes) ? Buffer.from(bytes, 'latin1').toString('utf8') : bytes;
}

/** Escapes of a target, as the bytes they stand for. */
function unescaped(value: string): string {
  if (!value.includes('%')) return value;
  return value.replaceAll(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** Every byte but the unreserved ones (RFC 3986 2.3) as an escape. */
function percentEncoded(bytes: string): string {
  return bytes.replaceAll(/[^\w.~-]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}
