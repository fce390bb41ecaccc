import { pointerStep } from '../lib/core/problem.ts';
import { queryValues } from '../lib/routing/names.ts';
import { defineRule, type CompileContext, type RoutedRequest } from '../lib/routing/rule.ts';
import { TEXT_PROPERTIES, textTest, type TextArgs } from '../lib/routing/text-test.ts';
import { bodyCheck } from './json-check.ts';
import { turningAway } from './turning-away.ts';

interface Args {
  readonly headers?: Readonly<Record<string, TextArgs>>;
  readonly query?: Readonly<Record<string, TextArgs>>;
  readonly json?: unknown;
  readonly max_bytes?: number;
}

/**
 * Lets requests through whose fields, parameters and body are as they should be, and goes on to `next`; the others go to `invalid`, or are
 * answered 400 with the reason.
 *
 *     {"type": "validate", "args": {"headers": {"Content-Type": {"prefix": "application/json"}},
 *                                   "json": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string", "maxLength": 50}}},
 *                                   "max_bytes": 10000, "next": "api"}}
 *
 * Each of `headers` and `query` is a question as `header` and `query` ask it; all have to fit, and what is missing fits `"present": false` only.
 * `json` is a JSON schema (draft 2020-12): the body has to be JSON in UTF-8 that fits it. The body is waited for, up to `max_bytes`, and then
 * forwarded as it is; a longer one is answered 413. A compressed body is not looked into, and does not fit; neither does one that names a member twice, of which the server might take the other one. Patterns of the schema run in
 * linear time, `uniqueItems` needs `maxItems` of at most 1000, `$ref` leads to places of the same schema, and formats are not checked. An
 * explanation supposes that the body fits.
 */
export const validate = defineRule<Args>({
  type: 'validate',
  summary: 'Lets requests through that are as they should be.',
  args: {
    properties: {
      headers: texts('fields by name, each with what is asked of its value'),
      query: texts('parameters by name, each with what is asked of its value'),
      json: { type: ['object', 'boolean'], description: 'JSON schema of the body' },
      max_bytes: {
        type: 'integer',
        minimum: 1,
        maximum: 16_777_216,
        default: 65_536,
        description: 'most bytes of a body that is looked into',
      },
    },
    minProperties: 1,
    additionalProperties: false,
  },
  edges: ['next', 'invalid'],
  compile(args, context) {
    const next = context.edge('next');
    const refuse = turningAway(args, 'invalid', 400, context);
    const questions = [
      ...questionsOf(args.headers, 'headers', context, (name) => {
        const lowerName = name.toLowerCase();
        return (request) => [request.field(lowerName)];
      }),
      ...questionsOf(args.query, 'query', context, (name) => (request) => {
        const values = queryValues(request.query, name);
        return values.length === 0 ? [null] : values;
      }),
    ];
    const check =
      args.json === undefined ? null : bodyCheck(args.json, (at, msg) => context.problem(`/json${at}`, msg));
    if (questions.length === 0 && check === null) context.problem('', 'asks nothing');
    const { max_bytes: maxBytes = 65_536 } = args;
    return (request, plan) => {
      for (const { what, fits } of questions) if (!fits(request)) return refuse(plan, `${what} is not as it should be`);
      if (check === null) return next;
      if (request.field('content-encoding') !== null) return refuse(plan, 'body is compressed');
      // No body comes to an explanation.
      if (plan.isObserved) return next;
      return request.body(maxBytes).then((body) => {
        if (typeof body === 'number') {
          plan.fault = body;
          return null;
        }
        const wrong = check(body);
        return wrong === null ? next : refuse(plan, wrong);
      });
    };
  },
});

interface Asked {
  readonly what: string;
  readonly fits: (request: RoutedRequest) => boolean;
}

function questionsOf(
  asked: Readonly<Record<string, TextArgs>> = {},
  of: string,
  { problem }: CompileContext,
  reader: (name: string) => (request: RoutedRequest) => readonly (string | null)[],
): readonly Asked[] {
  return Object.entries(asked).map(([name, args]) => {
    const test = textTest(args, (at, msg) => problem(`/${of}${pointerStep(name)}${at}`, msg));
    const read = reader(name);
    // What a client sends several times has to fit each time.
    return {
      what: `${of === 'headers' ? 'field' : 'parameter'} ${name}`,
      fits: (request) => read(request).every(test),
    };
  });
}

function texts(description: string): Readonly<Record<string, unknown>> {
  return {
    type: 'object',
    additionalProperties: { type: 'object', properties: TEXT_PROPERTIES, additionalProperties: false },
    description,
  };
}
