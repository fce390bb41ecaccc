import { utf8Bytes } from '../lib/core/utf8-bytes.ts';
import type { Answer } from '../lib/routing/plan.ts';
import { defineRule } from '../lib/routing/rule.ts';

interface Args {
  readonly upstreams?: readonly string[];
  readonly all?: boolean;
}

/**
 * Ends the walk by saying whether upstreams can be used: for a balancer or a monitor in front of this one.
 *
 *     {"type": "health", "args": {"upstreams": ["api", "web"]}}
 *
 * 200 with `{"status": "up", "upstreams": {"api": true, "web": true}}` where each of them has a server that would be given a new request,
 * 503 with `"status": "down"` where one has not; with `all` false, where none has. Without `upstreams` the answer is always 200: this
 * worker is at work. The answer is not to be cached.
 */
export const health = defineRule<Args>({
  type: 'health',
  summary: 'Answers whether upstreams can be used.',
  args: {
    properties: {
      upstreams: {
        type: 'array',
        items: { type: 'string', minLength: 1 },
        uniqueItems: true,
        minItems: 1,
        description: 'names of upstreams, each with its tag if it has one',
      },
      all: { type: 'boolean', default: true, description: 'whether all of them have to be usable, or one is enough' },
    },
    additionalProperties: false,
  },
  edges: [],
  upstreams: ({ upstreams = [] }) => upstreams.map((name) => name.split('#', 1)[0] ?? name),
  compile({ upstreams = [], all = true }, { means }) {
    // Of the last request: what is usable changes seldom.
    const usable = upstreams.map(() => false);
    let answer = answerOf(upstreams, usable, all);
    return (_request, plan) => {
      let isChanged = false;
      for (const [i, name] of upstreams.entries()) {
        const isUsable = means.isUsable(name);
        if (usable[i] === isUsable) continue;
        usable[i] = isUsable;
        isChanged = true;
      }
      if (isChanged) answer = answerOf(upstreams, usable, all);
      plan.answer = answer;
      return null;
    };
  },
});

function answerOf(upstreams: readonly string[], usable: readonly boolean[], all: boolean): Answer {
  const isUp = upstreams.length === 0 || (all ? usable.every(Boolean) : usable.some(Boolean));
  const told = Object.fromEntries(upstreams.map((name, i) => [name, usable[i]]));
  const text = JSON.stringify({ status: isUp ? 'up' : 'down', upstreams: told });
  return { status: isUp ? 200 : 503, lines: LINES, body: utf8Bytes(`${text}\n`) };
}

const LINES = 'Content-Type: application/json\r\nCache-Control: no-store\r\n';
