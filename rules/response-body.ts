import { defineRule } from '../lib/routing/rule.ts';
import { compileReplyTemplate } from '../lib/routing/template.ts';
import { MAX_REPLY, readable, replyBodyBytes, type MaxReplyArgs } from './reply-body-bytes.ts';
import { BODY_PROPERTIES, bodyTemplate, type BodyArgs } from './body-template.ts';

/**
 * Replaces the body of the server's reply, whose status and other fields stay, and goes on to `next`.
 *
 *     {"type": "response-body", "args": {"body": "<h1>${host} is being moved</h1>", "type": "text/html; charset=utf-8", "next": "old"}}
 *
 * `body` and the texts in `json` are [templates](templates.md) over the request and the reply (`${reply.status}`, `${reply.header.NAME}`, `${reply.body}` and, where
 * that is JSON, its members: `${reply.body.user.name}`); values are escaped for the type. Fields that are about
 * the bytes of the server's body (`Content-Encoding`, `ETag`, `Content-Range`, ...) go, its length becomes that of the new one. The
 * server's body is not waited for unless a text needs it: then up to `max_reply` bytes, and the server is not asked for a compressed one. Of a larger
 * body nothing is known, as of one that is compressed all the same. Answers of the graph itself keep their body.
 */
export const responseBody = defineRule<BodyArgs & MaxReplyArgs>({
  type: 'response-body',
  summary: "Replaces the body of the server's reply.",
  args: { properties: { ...BODY_PROPERTIES, max_reply: MAX_REPLY }, additionalProperties: false },
  edges: ['next'],
  compile(args, context) {
    const next = context.edge('next');
    const { template, type } = bodyTemplate(args, context, compileReplyTemplate);
    const constant = template.constant === null ? null : { type, body: template.constant };
    const bodyBytes = replyBodyBytes(template.needsBody, args);
    if (template.isLate)
      return (request, plan) => {
        const late = template.begin(request, plan);
        plan.replyBody = { type, body: '', late, ...(bodyBytes > 0 && { bodyBytes }) };
        if (bodyBytes > 0) readable(plan);
        return next;
      };
    return (request, plan) => {
      plan.replyBody = constant ?? { type, body: template.render(request, plan) };
      return next;
    };
  },
});
