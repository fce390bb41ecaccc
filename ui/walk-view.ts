import { currentItem } from './edit-panel.ts';
import { element, fill } from './element.ts';
import { GraphView } from './graph-view.ts';
import type { GraphShape } from './graph-model.ts';
import type { Step } from './graph-view.ts';

/** A domain's graph with the way of one request lit up in it. */
export async function walkView(domain: string, steps: readonly Step[]): Promise<HTMLElement> {
  const found = await currentItem('domain', domain);
  const view = new GraphView({ label: `Graph of ${domain}, with the way of the request` });
  if (found === null) {
    fill(view.root, element('p', { class: 'muted' }, 'This domain is no more.'));
    return view.root;
  }
  view.show(found.body['graph'] as GraphShape, found.document); // the API tells it with every domain
  view.light(steps);
  return view.root;
}
