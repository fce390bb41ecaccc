import { defineRule } from '../lib/routing/rule.ts';
import { BODY_PROPERTIES, bodyTemplate, type BodyArgs } from './body-template.ts';

/**
 * Replaces the body of the forwarded request, and goes on to `next`. What the client sends as its body is read and dropped.
 *
 *     {"type": "request-body", "args": {"json": {"user": "${claim.sub}", "path": "${path}"}, "next": "audit"}}
 *
 * `body` and the texts in `json` are [templates](templates.md); values are escaped for the type: in JSON, HTML and forms they cannot
 * become anything but a text. Length and Content-Type of the request become those of the new body.
 */
export const requestBody = defineRule<BodyArgs>({
  type: 'request-body',
  summary: 'Replaces the body of the forwarded request.',
  args: { properties: BODY_PROPERTIES, additionalProperties: false },
  edges: ['next'],
  compile(args, context) {
    const next = context.edge('next');
    const { template, type } = bodyTemplate(args, context);
    const constant = template.constant === null ? null : Buffer.from(template.constant, 'latin1');
    const fields = ['Content-Type', type];
    return (request, plan) => {
      plan.body = constant ?? bytesOf(template.render(request, plan));
      plan.drop(OF_THE_BODY);
      plan.set(fields);
      return next;
    };
  },
});

/** Fields that say something about the bytes of a body, and are not true of another one. */
const OF_THE_BODY: readonly string[] = ['content-encoding', 'content-digest', 'content-md5', 'digest', 'repr-digest'];

/** `Buffer.from` with less of a ceremony. */
function bytesOf(text: string): Buffer {
  const bytes = Buffer.allocUnsafe(text.length);
  bytes.latin1Write(text);
  return bytes;
}
