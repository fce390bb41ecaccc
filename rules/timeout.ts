import { PolicyEdit } from '../lib/core/policy-edit.ts';
import { defineRule } from '../lib/routing/rule.ts';
import { readTime, timeProperty } from './time-value.ts';

interface Args {
  readonly request?: string;
  readonly connect?: string;
  readonly send?: string;
  readonly first_byte?: string;
  readonly read?: string;
  readonly tunnel?: string;
}

/**
 * Bounds how long servers are waited for on this way, whatever their upstream's `timeouts` say, and goes on to `next`.
 *
 *     {"type": "timeout", "args": {"request": "500ms", "next": "api"}}
 *     {"type": "timeout", "args": {"first_byte": "2s", "read": "10s", "next": "reports"}}
 *
 * `request` is for everything from the choice of the upstream to the last byte of the reply, all tries together. When it is over the
 * server's connection is closed, and the client is answered 504, or its reply is cut where it has begun. A `fallback` with `"on":
 * ["timeout"]` around it answers something else, 408 for instance. Where several nodes of a walk say the same time, the last one counts.
 * Times are right to a twentieth of a second.
 */
export const timeout = defineRule<Args>({
  type: 'timeout',
  summary: 'Bounds how long servers are waited for.',
  args: {
    properties: {
      request: timeProperty('for the whole reply, all tries together (504); `0s`: no bound'),
      connect: timeProperty('until a connection to a server is made, its TLS handshake done (504)'),
      send: timeProperty('how long a server may leave a part of the request untaken (504)'),
      first_byte: timeProperty('from the end of the request to the first byte of its reply (504)'),
      read: timeProperty('silence inside a reply, which is cut then'),
      tunnel: timeProperty('silence of an upgraded connection, which is closed then'),
    },
    minProperties: 1,
    additionalProperties: false,
  },
  edges: ['next'],
  compile(args, { edge, problem }) {
    const next = edge('next');
    const edit = new PolicyEdit({
      ...part('requestMs', 'request'),
      ...part('connectMs', 'connect'),
      ...part('sendMs', 'send'),
      ...part('firstByteMs', 'first_byte'),
      ...part('readMs', 'read'),
      ...part('tunnelIdleMs', 'tunnel'),
    });
    if (Object.keys(edit.parts).length === 0) problem('', 'has no time');
    return (_request, plan) => {
      plan.deliver(edit);
      return next;
    };

    function part<Name extends string>(name: Name, arg: keyof Args): Partial<Record<Name, number>> {
      const text = args[arg];
      if (text === undefined) return {};
      const ms = readTime(text, `/${arg}`, problem);
      if (ms === 0 && arg !== 'request') problem(`/${arg}`, 'is no time at all');
      // `{ [name]: ms }` is typed as a record of any names.
      return { [name]: ms } as Partial<Record<Name, number>>;
    }
  },
});
