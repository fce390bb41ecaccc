import { defineCommand } from '../command.ts';
import { readDocuments } from '../documents.ts';
import { EXIT } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { toggle } from '../inputs.ts';
import { makeChange } from '../make-change.ts';
import { CHANGE_FLAGS, FILE_FLAGS } from '../shared-flags.ts';

/** Makes what is in force what files say: all of it, or nothing. */
export const apply = defineCommand({
  name: 'apply',
  summary: 'Make what is in force what files say',
  description: `Reads domains, upstreams, options, TLS and certificates in the shape of a file store, and puts those that differ: all of them in one transaction, or none. What would
change is shown first, and in a terminal you are asked. What is made is what was shown: if somebody else changes something in between, nothing is
made. What the files do not name stays, unless --prune is given.`,
  positionals: {},
  flags: {
    ...FILE_FLAGS,
    prune: toggle('remove what the sections in the files do not name; sections that no file has stay'),
    ...CHANGE_FLAGS,
  },
  examples: [
    { line: 'elbctl apply -f elb.yaml', does: 'one file' },
    {
      line: 'elbctl apply -f conf.d/ --prune --yes --wait',
      does: 'a directory is all there is, at every instance, without a question',
    },
    {
      line: 'elbctl export | sed s/10.0.0.1/10.0.0.9/ | elbctl apply -f - --yes',
      does: 'what is there, with a change',
    },
  ],
  async run(session, _, flags) {
    if (flags.file.length === 0)
      throw new Failure(EXIT.usage, 'what is to be applied is missing', { next: 'give --file PATH' });
    const body = await readDocuments(session, flags.file);
    const call = { method: 'PUT', resource: 'document', query: { replace: flags.prune }, body } as const;
    return makeChange(session, { call, tagOf: 'document', question: 'Apply?' }, flags);
  },
});
