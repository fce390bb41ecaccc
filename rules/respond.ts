import type { Answer } from '../lib/routing/plan.ts';
import { defineRule } from '../lib/routing/rule.ts';
import { fieldLines } from './field-lines.ts';

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
 *     {"type": "respond", "args": {"json": {"status": "ok"}}}
 *
 * `body` is text in UTF-8, `json` any value; `Content-Type` is `text/plain` or `application/json` unless `headers` say something else. A
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
        description: 'fields of the answer: a string, a number, a boolean, or a list of them each',
      },
      body: { type: 'string', description: 'body as text' },
      json: { description: 'body as a JSON value' },
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
  compile(args, { problem }) {
    const answer = answerOf(args, problem);
    const { delay_ms: delayMs = 0 } = args;
    if (delayMs === 0) {
      return (_request, plan) => {
        plan.answer = answer;
        return null;
      };
    }
    return (_request, plan) => {
      const { promise, resolve } = Promise.withResolvers<null>();
      setTimeout(() => {
        plan.answer = answer;
        resolve(null);
      }, delayMs);
      return promise;
    };
  },
});

function answerOf(
  { status = 200, headers = {}, body, json }: Args,
  problem: (at: string, msg: string) => void,
): Answer {
  if (json !== undefined && body !== undefined) problem('', 'has both body and json');
  const text = json === undefined ? (body ?? '') : `${JSON.stringify(json)}\n`;
  if (text !== '' && (status === 204 || status === 304)) problem('/status', `is ${status}, which has no body`);
  const isTyped = Object.keys(headers).some((name) => name.toLowerCase() === 'content-type');
  const type = json === undefined ? 'text/plain; charset=utf-8' : 'application/json';
  const typed = isTyped || text === '' ? '' : `Content-Type: ${type}\r\n`;
  const bytes = Buffer.from(text, 'utf8').toString('latin1');
  return { status, lines: typed + fieldLines(headers, '/headers', problem), body: bytes };
}
