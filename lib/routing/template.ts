import { utf8Bytes } from '../core/utf8-bytes.ts';
import type { Means } from './means.ts';
import type { Plan } from './plan.ts';
import type { RoutedRequest } from './rule.ts';
import { escapeFor, type Where } from './template-escape.ts';
import { sourceOf, type Source } from './template-source.ts';

/** A text with places for values of a request, made once per document. */
export interface Template {
  /** The text where it has no such places; null where it has some. */
  readonly constant: string | null;
  /** The text for one request: what is put in is escaped for where it goes. Every character is one byte. */
  render(request: RoutedRequest, plan: Plan): string;
}

/**
 * Reads a template; what is wrong with it is told to `problem`.
 *
 *     ${header.X-A}   ${query.page|1}   $$
 *       a value         one with what     a dollar
 *                       stands for it
 *                       where it is missing; without that, nothing does
 *
 * `where`: where the text goes. The text itself is taken as it is; what is put in cannot leave its place: it ends no field, begins no
 * segment, no parameter and no tag.
 */
export function compileTemplate(text: string, where: Where, means: Means, problem: (msg: string) => void): Template {
  const parts: (string | Part)[] = [];
  let plain = '';
  for (let at = 0; at < text.length;) {
    const dollar = text.indexOf('$', at);
    if (dollar === -1 || dollar === text.length - 1) {
      plain += text.slice(at);
      break;
    }
    plain += text.slice(at, dollar);
    const next = text[dollar + 1];
    if (next !== '{') {
      plain += '$';
      at = dollar + (next === '$' ? 2 : 1);
      continue;
    }
    const end = text.indexOf('}', dollar);
    if (end === -1) {
      problem('has ${ without }');
      break;
    }
    const part = partOf(text.slice(dollar + 2, end), where, means);
    if (typeof part === 'string') problem(part);
    else {
      parts.push(utf8Bytes(plain), part);
      plain = '';
    }
    at = end + 1;
  }
  const last = utf8Bytes(plain);
  if (parts.length === 0) return { constant: last, render: () => last };
  parts.push(last);
  return { constant: null, render: (request, plan) => rendered(parts, request, plan) };
}

interface Part {
  readonly source: Source;
  readonly fallback: string;
  readonly escape: (value: string) => string;
}

function rendered(parts: readonly (string | Part)[], request: RoutedRequest, plan: Plan): string {
  let text = '';
  for (const part of parts) {
    if (typeof part === 'string') text += part;
    else {
      const value = part.source.read(request, plan);
      text += value === null ? part.fallback : part.escape(value);
    }
  }
  return text;
}

/** What stands between the braces. */
function partOf(inner: string, where: Where, means: Means): Part | string {
  const bar = inner.indexOf('|');
  const source = sourceOf(bar === -1 ? inner : inner.slice(0, bar), means);
  if (typeof source === 'string') return source;
  if (where === 'host' && source.isTrusted !== true)
    return `has \${${inner}} in the host of a URL, where a client could send others anywhere: host and env can stand there`;
  const fallback = bar === -1 ? '' : escapeFor(where, 'text')(inner.slice(bar + 1));
  return { source, fallback, escape: escapeFor(where, source.form) };
}
