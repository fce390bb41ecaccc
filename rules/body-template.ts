import type { CompileContext } from '../lib/routing/rule.ts';
import type { Where } from '../lib/routing/template-escape.ts';
import { compileTemplate, type Template } from '../lib/routing/template.ts';

/** A body as nodes that give one take it. */
export interface BodyArgs {
  readonly body?: string;
  readonly json?: unknown;
  readonly type?: string;
}

/** Properties of a schema for `BodyArgs`. */
export const BODY_PROPERTIES = {
  body: { type: 'string', description: 'the body as text, a template' },
  json: { description: 'the body as a JSON value, whose texts are templates' },
  type: {
    type: 'string',
    pattern: '^[\\x20-\\x7e]+$',
    description: 'Content-Type; `text/plain; charset=utf-8` or `application/json` without it',
  },
} as const;

export interface BodyTemplate {
  readonly template: Template;
  readonly type: string;
}

/** Reads a body: what is put into JSON and HTML is escaped for them. `type`: what fields say, if they do. `compile`: reads the text. */
export function bodyTemplate(
  { body, json, type }: BodyArgs,
  { means, problem }: CompileContext,
  compile: typeof compileTemplate = compileTemplate,
): BodyTemplate {
  if (json !== undefined && body !== undefined) problem('', 'has both body and json');
  const at = json === undefined ? '/body' : '/json';
  const text = json === undefined ? (body ?? '') : `${JSON.stringify(json)}\n`;
  const isTyped = type ?? (json === undefined ? TEXT : JSON_TYPE);
  const where = json === undefined ? whereOf(isTyped) : 'json';
  return { template: compile(text, where, means, (msg) => problem(at, msg)), type: isTyped };
}

/** How values are escaped in a body of some type. */
function whereOf(type: string): Where {
  if (/^[^;]*[/+]json\b/i.test(type)) return 'json';
  if (/^[^;]*(?:html|xml|svg)/i.test(type)) return 'html';
  return /^application\/x-www-form-urlencoded\b/i.test(type) ? 'query' : 'text';
}

const TEXT = 'text/plain; charset=utf-8';
const JSON_TYPE = 'application/json';
