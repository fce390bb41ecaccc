import type { ChangeTerms, Mutation, Outcome, Scope } from '../lib/control.ts';
import { flag } from './parameters.ts';
import type { AdminAnswer, AdminRequest } from './resource.ts';

/** Of every call that changes something. */
export const DRY_RUN = { dry_run: flag('tell what would change, and all problems, and change nothing') };

/** Of every call that changes documents. */
export const CHANGE = {
  ...DRY_RUN,
  store: flag('write it to the store too, in one transaction; memory changes only if the store did'),
};

interface ChangeQuery {
  readonly dry_run: boolean;
  readonly store?: boolean;
}

/** Makes a change as the caller asks for it. `answer`: what tells that it was made. */
export async function change(
  request: AdminRequest & { readonly query: ChangeQuery },
  call: string,
  scope: Scope,
  mutations: readonly Mutation[],
  answer: unknown = { msg: 'OK' },
): Promise<AdminAnswer> {
  return answerTo(request, await request.changes.make(mutations, termsOf(request, call), scope), answer);
}

export function termsOf(request: AdminRequest & { readonly query: ChangeQuery }, call: string): ChangeTerms {
  const { by, ifMatch, query } = request;
  const mode = query.dry_run ? 'dry-run' : query.store === true ? 'store' : 'memory';
  return { call, by, ifMatch, mode };
}

export function answerTo(
  { query }: { readonly query: ChangeQuery },
  outcome: Outcome,
  answer: unknown = { msg: 'OK' },
): AdminAnswer {
  switch (outcome.kind) {
    case 'refused': {
      const { problems, changes } = outcome;
      return { status: 400, msg: 'bad document', problems, ...(query.dry_run && { more: { changes } }) };
    }
    case 'conflict': {
      const { revision, tag } = outcome;
      return { status: 409, msg: 'changed meanwhile', more: { revision, etag: `"${tag}"` } };
    }
    case 'done': {
      const { revision, changes } = outcome;
      const body = query.dry_run ? { msg: 'OK', dry_run: true, changes } : answer;
      return { status: 200, body, revision };
    }
  }
}
