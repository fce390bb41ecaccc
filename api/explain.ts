import type { ExplainRequest, Explanation } from '../lib/core/explanation.ts';
import { oneOf, Refusal, text, type OptionKind } from '../lib/core/option-kinds.ts';
import { ASKED_PROTOCOLS, fieldOf, headOf, HERE, NoRequest, readDescribed } from './asked-request.ts';
import { repeated, required, usually } from './parameters.ts';
import { defineMethod, defineResource, refuse, type AdminAnswer, type AdminParts } from './resource.ts';
import { toldWalk, type WalkedDocuments } from './told-walk.ts';

const field: OptionKind<readonly [string, string]> = {
  placeholder: 'NAME:VALUE',
  list: false,
  parse: (line) => fieldOf(line) ?? new Refusal('NAME: VALUE'),
};

const parameters = {
  url: required(text, 'what is asked for: `http://a.test/blog?x=1`, or `/blog` with a header `Host`'),
  method: usually(text, 'GET', 'method of the request'),
  header: repeated(field, 'a field of the request, `User-Agent: httpie`; may be given more than once'),
  client: usually(text, HERE, 'address that the request comes from'),
  protocol: usually(
    oneOf(ASKED_PROTOCOLS),
    'h1',
    '`h1`, or `h2` for HTTP/2; an https URL comes over TLS, by the name of its host and without a certificate',
  ),
};

/**
 * What would become of a request, without sending it: each node of the graph that it comes to with what the node looked at, why it
 * went on as it did and what it changed, the decision, every server of the upstream and why it is in or out, the upstreams that are sent a copy (`copies`), and the head that the
 * chosen server would be sent; and the same of the requests that `aggregate` and `ask` make of it, as `routes`. A worker walks the very graph that it serves by; nothing is counted, no balancer moves on.
 *
 *     GET  ?url=http://a.test/blog&header=User-Agent:httpie    -> {"domain": "a.test", "nodes": [{"node": "r1", "verdict": "succ", "why": ...}], ...}
 *     POST {"url": "http://a.test/blog", "headers": {"User-Agent": "httpie"}, "client": "10.0.0.1"}
 *     POST {"url": "http://a.test/blog", "headers": ["Cookie: a=1", "X-Beta: 1", "Cookie: b=2"]}
 *     POST {"url": "https://a.test/", "tls": {"version": "TLSv1.2", "server_name": "a.test", "certificate": {"subject": "CN=ann", "fingerprint": ...}}}
 *     POST {"url": "https://a.test/", "tls": {"certificate": {"pem": "-----BEGIN CERTIFICATE-----...", "verified": true}}}
 *     POST {"request": "GET /blog HTTP/1.1\r\nHost: a.test\r\n\r\n"}
 */
export const explain = defineResource({
  name: 'explain',
  methods: {
    GET: defineMethod({
      takesBody: false,
      parameters,
      handle({ query: { url, method, header, client, protocol }, ...parts }) {
        return told(headOf({ url, method, fields: header, client, protocol }), parts);
      },
    }),
    POST: { takesBody: true, handle: ({ body, ...parts }) => told(readDescribed(body), parts) },
  },
});

async function told(request: ExplainRequest | NoRequest, { workers, control }: AdminParts): Promise<AdminAnswer> {
  if (request instanceof NoRequest) return refuse('bad request', request.problems);
  const [explanation] = await workers.query({ kind: 'explain', request }, 'one');
  if (explanation === undefined) return { status: 503, msg: 'no worker can answer now' };
  const shared = control.graphs();
  const documents: WalkedDocuments = {
    domain: (name) => control.graph(name),
    shared: (name) => (Object.hasOwn(shared, name) ? (shared[name] ?? null) : null),
  };
  return { status: 200, body: toldExplanation(explanation, explanation.domain, documents) };
}

function toldExplanation(
  explanation: Explanation,
  domain: string | null,
  documents: WalkedDocuments,
): Record<string, unknown> {
  const routes = explanation.routes.map((route) => ({
    edge: route.edge,
    explanation: toldExplanation(route.explanation, domain, documents),
  }));
  return { ...explanation, nodes: toldWalk(explanation.nodes, domain, documents), routes };
}
