import { Verified } from '../lib/auth/verified.ts';
import type { CallReply } from '../lib/core/caller.ts';
import { Fault } from '../lib/core/faults.ts';
import { edgeTarget } from '../lib/routing/edges.ts';
import { FIELD_NAME } from '../lib/routing/names.ts';
import type { Answer } from '../lib/routing/plan.ts';
import { defineRule, type Node, type RoutedRequest } from '../lib/routing/rule.ts';
import { refusedName } from './backend-fields.ts';
import { urlProblem } from './call-url.ts';
import { fieldsProperty, Identity, type FieldsArg } from './identity.ts';
import { readTime, timeProperty } from './time-value.ts';

interface Args {
  readonly url: string;
  readonly method?: string;
  readonly send?: readonly string[];
  readonly fields?: FieldsArg;
  readonly pass?: readonly string[];
  readonly timeout?: string;
  readonly cache?: string;
  readonly denied?: string | null;
}

/**
 * Asks another program whether a client is let in, and goes on to `next` if it answers with a status of 200 to 299.
 *
 *     {"type": "forward-auth", "args": {"url": "http://auth.internal:9000/check", "send": ["Authorization", "Cookie"],
 *                                       "fields": {"X-User": "X-Auth-User"}, "pass": ["Location", "Set-Cookie"], "next": "app"}}
 *
 * The program is told the request's method, scheme, host, path with query, and client as `X-Forwarded-Method`, `-Proto`, `-Host`, `-Uri` and `-For`, and of the
 * request's own fields those in `send`, no others; the body stays here. From its answer the server gets the fields that `fields` names,
 * each by the name it has there.
 *
 * Any other answer below 500 is the client's, with its status, its body up to 64 KiB, Content-Type, WWW-Authenticate, and the fields in `pass`; or the client goes to
 * `denied`, if that leads somewhere. No answer in time, or one from 500 on, is 503: nobody is let in unchecked. An explanation asks nobody, and supposes that the client is let in. With `cache`, who was let in is not asked
 * about again for so long as all that the program was told is the same.
 */
export const forwardAuth = defineRule<Args>({
  type: 'forward-auth',
  summary: 'Asks another program whether a client is let in.',
  args: {
    properties: {
      url: { type: 'string', description: 'what is asked' },
      method: { enum: ['GET', 'HEAD', 'POST'], default: 'GET', description: 'how it is asked' },
      send: {
        type: 'array',
        items: { type: 'string', pattern: FIELD_NAME },
        uniqueItems: true,
        default: [],
        description: 'fields of the request that it is told',
      },
      fields: fieldsProperty("the answer's field"),
      pass: {
        type: 'array',
        items: { type: 'string', pattern: FIELD_NAME },
        uniqueItems: true,
        default: [],
        description: 'fields of an answer that does not let in which the client gets',
      },
      timeout: timeProperty('for the answer', '2s'),
      cache: timeProperty('how long it holds that somebody is let in; `0s`: for one request', '0s'),
    },
    required: ['url'],
    additionalProperties: false,
  },
  edges: ['next', 'denied'],
  compile(args, context) {
    const { url, method = 'GET', send = [], fields = {}, pass = [], timeout = '2s', cache = '0s' } = args;
    const { problem, means } = context;
    const wrong = urlProblem(url);
    if (wrong !== null) problem('/url', wrong);
    for (const [i, name] of send.entries()) {
      // What the program is told of a client beside what ELB tells under the same name would be the client's own word.
      const isTold = TOLD.has(name.toLowerCase().replaceAll('_', '-'));
      const reason = isTold ? 'is what the program is told in any case' : refusedName(name);
      if (reason !== null) problem(`/send/${i}`, reason);
    }
    for (const [i, name] of pass.entries()) {
      const reason = refusedName(name);
      if (reason !== null) problem(`/pass/${i}`, reason);
    }
    const timeoutMs = readTime(timeout, '/timeout', problem);
    const cacheMs = readTime(cache, '/cache', problem);
    const identity = new Identity(fields, problem);
    const sources = new Set(Object.values(fields));
    // What was kept of an answer is what was asked of it then.
    const basis = JSON.stringify([url, method, [...sources]]);
    const passed = ['content-type', 'www-authenticate', ...pass.map((name) => name.toLowerCase())];
    const next = context.edge('next');
    const denied = edgeTarget({ ...args }, 'denied') === null ? null : context.edge('denied');
    const verified = context.state('forward-auth', null, () => new Verified<ReadonlyMap<string, string>>());

    return (request, plan) => {
      const told = toldOf(request, send);
      identity.strip(plan);
      const key = cacheMs === 0 ? '' : verified.key(basis, ...told);
      const known = cacheMs === 0 ? undefined : verified.get(key);
      if (known === undefined) return plan.isObserved ? next : ask();
      return admit(known);

      function admit(said: ReadonlyMap<string, string>): Node | null {
        if (identity.tell(plan, (source) => said.get(source), 'bytes')) return next;
        plan.fault = Fault.UNVERIFIED;
        return null;
      }

      async function ask(): Promise<Node | null> {
        try {
          const reply = await means.caller.call({
            url,
            method,
            fields: told,
            body: null,
            timeoutMs,
            maxBytes: MAX_BYTES,
          });
          if (reply.status >= 500) throw new Error(`${url} answers ${reply.status}`);
          if (reply.status < 200 || reply.status > 299) {
            if (denied !== null) return denied;
            plan.answer = answerOf(reply, passed);
            return null;
          }
          const said = saidOf(reply, sources);
          verified.put(key, said, cacheMs);
          return admit(said);
        } catch (error) {
          means.warn('nobody says whether clients are let in', error);
          plan.fault = Fault.UNVERIFIED;
          return null;
        }
      }
    };
  },
});

/** All that the program is told, as fields. */
function toldOf(request: RoutedRequest, send: readonly string[]): readonly string[] {
  const told = [
    'X-Forwarded-Method',
    request.method,
    'X-Forwarded-Proto',
    request.tls === null ? 'http' : 'https',
    'X-Forwarded-Host',
    request.host,
    'X-Forwarded-Uri',
    request.path + request.query,
    'X-Forwarded-For',
    request.clientAddress,
  ];
  for (const name of send) {
    const value = request.field(name.toLowerCase());
    if (value !== null) told.push(name, value);
  }
  return told;
}

/** The fields of an answer that matter, by the names that the args have for them. */
function saidOf({ fields }: CallReply, sources: ReadonlySet<string>): ReadonlyMap<string, string> {
  const said = new Map<string, string>();
  for (const source of sources) {
    const values = fields.get(source.toLowerCase());
    if (values !== undefined) said.set(source, values.join(', '));
  }
  return said;
}

/** An answer as the client gets it. */
function answerOf({ status, fields, body }: CallReply, passed: readonly string[]): Answer {
  let lines = '';
  for (const name of new Set(passed)) for (const value of fields.get(name) ?? []) lines += lineOf(name, value);
  return {
    status: status < 200 ? 403 : status,
    lines,
    body: status === 204 || status === 304 ? '' : body.toString('latin1'),
  };
}

function lineOf(name: string, value: string): string {
  const title = name.replace(/(?:^|-)[a-z]/g, (letters) => letters.toUpperCase());
  return /[\u0000-\u0008\u000a-\u001f\u007f\u0100-\uffff]/.test(value) ? '' : `${title}: ${value}\r\n`;
}

const TOLD: ReadonlySet<string> = new Set(
  ['method', 'proto', 'host', 'uri', 'for'].map((word) => `x-forwarded-${word}`),
);
const MAX_BYTES = 65_536;
