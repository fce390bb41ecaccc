import { oneOf, text } from '../lib/core/option-kinds.ts';
import { graphShape } from './graph-shape.ts';
import { ITEM_KINDS } from './names.ts';
import { required } from './parameters.ts';
import { defineMethod, defineResource } from './resource.ts';

/**
 * One document as it would be put: a domain's graph, an upstream's servers with their parameters, or its options. Its entity tag is
 * that of all documents of its kind. A domain or a shared graph comes with its graph as the resource `graph` tells it.
 *
 *     GET ?kind=upstream&name=up1 -> {"kind": "upstream", "name": "up1", "document": {"127.0.0.1:8088": "weight=2"}}
 */
export const item = defineResource({
  name: 'item',
  methods: {
    GET: defineMethod({
      takesBody: false,
      parameters: {
        kind: required(oneOf(ITEM_KINDS), 'of what'),
        name: required(text, 'its name'),
      },
      handle({ changes, rules, query: { kind, name } }) {
        const document = changes.item(kind, name);
        if (document === undefined) return { status: 404, msg: `there is no ${kind} ${name}` };
        const graph = kind === 'domain' || kind === 'graph' ? { graph: graphShape(document, rules) } : {};
        return { status: 200, body: { kind, name, document, ...graph }, tag: changes.tag(kind) };
      },
    }),
  },
});
