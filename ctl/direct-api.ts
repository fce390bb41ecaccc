import { readParameters } from '../api/parameters.ts';
import type { AdminMethod, AdminParts, AdminRequest, Resource } from '../api/resource.ts';
import type { Caller } from '../lib/control.ts';
import { StoreError } from '../lib/store/store.ts';
import { failureOf } from './answers.ts';
import type { Api, ApiAnswer, ApiCall } from './api.ts';
import { EXIT } from './exit-codes.ts';
import { Failure } from './failure.ts';
import { searchOf } from './search.ts';

export interface DirectApiOptions {
  /** Of the store. */
  readonly label: string;
  readonly parts: Pick<AdminParts, 'control' | 'changes' | 'fleet' | 'status' | 'certificates'>;
  /** Those that ask for no other parts. */
  readonly resources: readonly Resource[];
  /** Who calls, for the history. */
  readonly by: Caller;
  readonly close: () => Promise<void>;
}

/** Resources of the admin API, called in this process: what they answer is what an instance would answer. */
export class DirectApi implements Api {
  readonly label: string;
  readonly hasMemory = false;
  readonly #options: DirectApiOptions;

  constructor(options: DirectApiOptions) {
    this.label = options.label;
    this.#options = options;
  }

  async call({ method, resource: name, query = {}, body, ifMatch }: ApiCall): Promise<ApiAnswer> {
    const { parts, resources, by } = this.#options;
    const resource = resources.find((one) => one.name === name);
    const handler = resource?.methods[method === 'HEAD' ? 'GET' : method];
    if (handler === undefined) {
      throw new Failure(EXIT.usage, 'that asks an instance, and --etcd works without one', {
        next: 'leave out --etcd, and give --url (ELB_URL) the address of an instance',
      });
    }
    const { values, problems } = readParameters(handler.parameters ?? {}, searchOf(query));
    if (problems.length > 0) throw failureOf(400, { msg: 'bad parameters', problems }, this.label, false);
    const tags = ifMatch === null || ifMatch === undefined ? null : [ifMatch.replace(/^"|"$/g, '')];
    const request = {
      ...parts,
      by,
      ifMatch: tags,
      query: values,
      accept: undefined,
      // As it would come over the network.
      body: body === undefined ? undefined : (JSON.parse(JSON.stringify(body)) as unknown),
    };
    return this.#answer(handler, request as unknown as AdminRequest); // no resource here asks for more
  }

  close(): Promise<void> {
    return this.#options.close();
  }

  async #answer(handler: AdminMethod, request: AdminRequest): Promise<ApiAnswer> {
    try {
      const answer = await handler.handle(request);
      if ('page' in answer) throw new Error('a page is no answer to a program');
      if (answer.status !== 200) {
        const { status, msg, problems, more } = answer;
        throw failureOf(status, { msg, ...more, problems }, this.label, false);
      }
      const { body, tag, revision } = answer;
      return { body, tag: tag === undefined ? null : `"${tag}"`, revision: revision ?? null };
    } catch (error) {
      if (error instanceof StoreError) throw failureOf(503, { msg: error.message }, this.label, false);
      throw error;
    }
  }
}
