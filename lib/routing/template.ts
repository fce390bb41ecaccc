import { utf8Bytes } from '../core/utf8-bytes.ts';
import { replyPart, type LateText, type ReplyPart } from './late-text.ts';
import type { Means } from './means.ts';
import type { Plan } from './plan.ts';
import type { RoutedRequest } from './rule.ts';
import { escapeFor, type Where } from './template-escape.ts';
import { sourceOf, type Source } from './template-source.ts';

/** A text with places for values of a request, made once per document. */
export interface Template {
  /** The text where it has no such places; null where it has some. */
  readonly constant: string | null;
  /** Whether it has places for values of the reply. */
  readonly isLate: boolean;
  /** Whether some of them are of its body. */
  readonly needsBody: boolean;
  /** The text for one request: what is put in is escaped for where it goes. Every character is one byte. Of a reply nothing is known. */
  render(request: RoutedRequest, plan: Plan): string;
  /** The same with places for what is known once there is a reply. */
  begin(request: RoutedRequest, plan: Plan): LateText;
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
  return compiled(text, (inner) => partOf(inner, where, means), problem);
}

/** As `compileTemplate`, for a text that is sent with a reply: it may also have `${reply.status}`, `${reply.header.NAME}` and `${reply.body}`. */
export function compileReplyTemplate(
  text: string,
  where: Where,
  means: Means,
  problem: (msg: string) => void,
): Template {
  return compiled(text, (inner) => replyPartOf(inner, where) ?? partOf(inner, where, means), problem);
}

function compiled(
  text: string,
  read: (inner: string) => Part | ReplyPart | string,
  problem: (msg: string) => void,
): Template {
  const parts: (string | Part | ReplyPart)[] = [];
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
    const part = read(text.slice(dollar + 2, end));
    if (typeof part === 'string') problem(part);
    else {
      parts.push(utf8Bytes(plain), part);
      plain = '';
    }
    at = end + 1;
  }
  const last = utf8Bytes(plain);
  if (parts.length === 0)
    return { constant: last, isLate: false, needsBody: false, render: () => last, begin: () => [last] };
  parts.push(last);
  return {
    constant: null,
    isLate: parts.some((part) => typeof part !== 'string' && 'read' in part),
    needsBody: parts.some((part) => typeof part !== 'string' && 'ofBody' in part),
    render: (request, plan) => rendered(parts, request, plan),
    begin: (request, plan) => begun(parts, request, plan),
  };
}

interface Part {
  readonly source: Source;
  readonly fallback: string;
  readonly escape: (value: string) => string;
}

function rendered(parts: readonly (string | Part | ReplyPart)[], request: RoutedRequest, plan: Plan): string {
  let text = '';
  for (const part of parts) text += typeof part === 'string' ? part : filled(part, request, plan);
  return text;
}

function begun(parts: readonly (string | Part | ReplyPart)[], request: RoutedRequest, plan: Plan): LateText {
  return parts.map((part) => (typeof part === 'string' || 'read' in part ? part : filled(part, request, plan)));
}

function filled(part: Part | ReplyPart, request: RoutedRequest, plan: Plan): string {
  if ('read' in part) return part.fallback;
  const value = part.source.read(request, plan);
  return value === null ? part.fallback : part.escape(value);
}

/** As `partOf`, of a reply; null: it is of the request. */
function replyPartOf(inner: string, where: Where): ReplyPart | string | null {
  if (!inner.startsWith('reply.')) return null;
  const [name, fallback] = split(inner, where);
  return replyPart(name, fallback, where);
}

/** A name, and what stands for its value where there is none. */
function split(inner: string, where: Where): readonly [name: string, fallback: string] {
  const bar = inner.indexOf('|');
  return bar === -1 ? [inner, ''] : [inner.slice(0, bar), escapeFor(where, 'text')(inner.slice(bar + 1))];
}

/** What stands between the braces. */
function partOf(inner: string, where: Where, means: Means): Part | string {
  const [name, fallback] = split(inner, where);
  if (name.startsWith('reply.'))
    return `has \${${inner}}, and there is no reply yet: texts of response-headers and response-body know one`;
  const source = sourceOf(name, means);
  if (typeof source === 'string') return source;
  if (where === 'host' && source.isTrusted !== true)
    return `has \${${inner}} in the host of a URL, where a client could send others anywhere: host and env can stand there`;
  return { source, fallback, escape: escapeFor(where, source.form) };
}
