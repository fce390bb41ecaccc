import { Fault } from '../lib/core/faults.ts';
import { defineRule, type CompileContext } from '../lib/routing/rule.ts';
import { fieldsOf } from './backend-fields.ts';

interface Args {
  readonly servername?: string | Readonly<Record<string, unknown>> | null;
  readonly [field: string]: unknown;
}

/**
 * Ends the walk: the request goes to an upstream, or to one server directly.
 *
 *     {"type": "backend", "args": {"servername": "web"}}
 *     {"type": "backend", "args": {"servername": "10.0.0.7:8080", "X-Team": "a", "X-Tag": ["b", "c"]}}
 *
 *     {"type": "backend", "args": {"servername": "web#canary"}}
 *
 * `servername` is the name of an upstream, or `host:port`, `http://host:port` or `https://host:port` without a path. An upstream
 * of that name comes first. Behind `#` stands a tag: only servers of the upstream that have it are used (`tags=canary` in their
 * parameters). An object with one key counts as that key, whatever its value. Without `servername` the answer is
 * 404; an upstream that does not exist or has no usable server answers 502.
 *
 * Every other arg is a field that is set on the request before it is forwarded, in place of all fields of that name the client
 * sent: a string, a number or a boolean, or a list of them, which is sent as one field each. Values are sent as UTF-8. `Host`
 * may be set, once. Fields that say how a message is framed, or that are for one connection only, are refused.
 */
export const backend = defineRule<Args>({
  type: 'backend',
  summary: 'Forwards to an upstream or to a server.',
  args: {
    properties: {
      servername: {
        type: ['string', 'object', 'null'],
        description: 'upstream, `host:port`, or `http://` or `https://` with `host:port`',
      },
    },
    additionalProperties: true,
  },
  edges: [],
  upstreams({ servername }) {
    const name = nameOf(servername);
    return name === null || name === '' || isDirect(name) ? [] : [name.split('#', 1)[0] ?? name];
  },
  compile({ servername, ...rest }, context) {
    const target = targetOf(servername, context);
    const fields = fieldsOf(rest, context);
    if (target === null) {
      return (_request, plan) => {
        plan.fault = Fault.NO_SERVERNAME;
        return null;
      };
    }
    return (_request, plan) => {
      plan.upstream = target;
      plan.set(fields);
      return null;
    };
  },
});

/** RFC 3986 3.1 and 3.2.2, with the hosts that a server may have. */
const URL_FORM = /^(?<scheme>https?):\/\/(?<host>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(?<port>\d{1,5}))?\/?$/i;
const MAX_PORT = 65535;

/** What the plan's `upstream` will be; null without `servername`, or if it is refused. */
function targetOf(servername: Args['servername'], { problem }: CompileContext): string | null {
  if (servername === undefined || servername === null) return null;
  const name = nameOf(servername);
  if (name === null) {
    const keys = Object.keys(servername);
    problem('/servername', `is an object with ${keys.length} keys; with one key it would count as that key`);
    return null;
  }
  if (name === '') problem('/servername', 'is empty');
  else if (/[\s\p{Cc}]/u.test(name)) problem('/servername', 'has white space or a control character');
  else if (name.includes('/')) return urlTarget(name, problem);
  else return name;
  return null;
}

/** The text that `servername` counts as; null without one. */
function nameOf(servername: Args['servername']): string | null {
  if (servername === undefined || servername === null) return null;
  if (typeof servername === 'string') return servername;
  const keys = Object.keys(servername);
  return keys.length === 1 ? (keys[0] ?? null) : null;
}

/** Whether it is a server by itself, where there is no upstream of that name. */
function isDirect(name: string): boolean {
  return name.includes('/') || /^(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+):\d{1,5}$/i.test(name);
}

/** `http://host:port` in one spelling, so that one server is not taken for two. */
function urlTarget(name: string, problem: CompileContext['problem']): string | null {
  const { scheme, host, port } = URL_FORM.exec(name)?.groups ?? {};
  const isPort = port === undefined || (Number(port) >= 1 && Number(port) <= MAX_PORT);
  if (scheme === undefined || host === undefined || !isPort) {
    problem('/servername', 'has a slash, but is not http:// or https:// with a host and a port');
    return null;
  }
  const lowerScheme = scheme.toLowerCase();
  const defaultPort = lowerScheme === 'https' ? 443 : 80;
  return `${lowerScheme}://${host.toLowerCase()}:${Number(port ?? defaultPort)}`;
}
