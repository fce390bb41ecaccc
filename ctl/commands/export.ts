import { membersOf } from '../answer-shape.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { yamlText } from '../screen.ts';

/** Writes everything that is configured. */
export const exportCommand = defineCommand({
  name: 'export',
  summary: 'Write everything that is configured',
  description:
    'Writes all domains, shared graphs, upstreams, options and what domains want of TLS in the shape of a file store: as YAML, or with `-o json` as JSON. `elbctl apply` and `elb --file` read it. Certificates are not in it, because their keys are never told.',
  positionals: {},
  flags: {},
  examples: [{ line: 'elbctl export > elb.yaml', does: 'a copy of everything' }],
  async run({ screen, api }) {
    const { body } = await (await api()).call({ method: 'GET', resource: 'document' });
    const documents = membersOf(body, 'documents');
    screen.show(documents, () => yamlText(documents));
    return EXIT.ok;
  },
});
