import type { Answer, Plan } from '../lib/routing/plan.ts';
import { defineRule, type CompileContext, type RoutedRequest } from '../lib/routing/rule.ts';
import { bodyTemplate } from './body-template.ts';
import { FieldTemplates, linesOf } from './field-templates.ts';

interface Args {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly body?: string;
  readonly json?: unknown;
  readonly delay_ms?: number;
}

/**
 * Ends the walk with an answer of the graph's own.
 *
 *     {"type": "respond", "args": {"status": 503, "body": "We are back at noon.\n", "headers": {"Retry-After": 3600}}}
 *     {"type": "respond", "args": {"json": {"status": "ok", "you": "${client}"}}}
 *
 * `body` is text in UTF-8, `json` any value, and `headers` fields: all their texts are [templates](templates.md), whose values are escaped
 * for the type of the body; `Content-Type` is `text/plain` or `application/json` unless `headers` say something else. A
 * request whose body is still arriving is answered at once, and its connection ends with the answer.
 */
export const respond = defineRule<Args>({
  type: 'respond',
  summary: 'Answers by itself.',
  args: {
    properties: {
      status: { type: 'integer', minimum: 200, maximum: 599, default: 200, description: 'status of the answer' },
      headers: {
        type: 'object',
        description: 'fields of the answer: a template, a number, a boolean, or a list of them each',
      },
      body: { type: 'string', description: 'body as text, a template' },
      json: { description: 'body as a JSON value, whose texts are templates' },
      delay_ms: {
        type: 'integer',
        minimum: 0,
        maximum: 60_000,
        default: 0,
        description: 'milliseconds to wait before it',
      },
    },
    additionalProperties: false,
  },
  edges: [],
  compile(args, context) {
    const answer = answerOf(args, context);
    const { delay_ms: delayMs = 0 } = args;
    if (delayMs === 0) {
      return (request, plan) => {
        plan.answer = answer(request, plan);
        return null;
      };
    }
    return (request, plan) => {
      const { promise, resolve } = Promise.withResolvers<null>();
      setTimeout(() => {
        plan.answer = answer(request, plan);
        resolve(null);
      }, delayMs);
      return promise;
    };
  },
});

function answerOf(args: Args, context: CompileContext): (request: RoutedRequest, plan: Plan) => Answer {
  const { status = 200, headers = {}, body, json } = args;
  const { problem } = context;
  const [, given] = Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-type') ?? [];
  const { template, type } = bodyTemplate({ ...args, ...(typeof given === 'string' && { type: given }) }, context);
  const isEmpty = template.constant === '';
  if (!isEmpty && (status === 204 || status === 304)) problem('/status', `is ${status}, which has no body`);
  const typed =
    given !== undefined || isEmpty || (body === undefined && json === undefined) ? '' : `Content-Type: ${type}\r\n`;
  const fields = new FieldTemplates(headers, '/headers', context);
  if (template.constant !== null && fields.constant !== null) {
    const answer = { status, lines: typed + linesOf(fields.constant), body: template.constant };
    return () => answer;
  }
  return (request, plan) => ({
    status,
    lines: typed + fields.lines(request, plan),
    body: template.render(request, plan),
  });
}
