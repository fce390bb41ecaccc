import { inner, isMembers, membersOf, textOf } from './answer-shape.ts';
import type { Members } from './answer-shape.ts';
import { EXIT } from './exit-codes.ts';
import type { ExitCode } from './exit-codes.ts';
import { Failure } from './failure.ts';
import type { FlagValues } from './inputs.ts';
import { nearest } from '../lib/core/nearest.ts';
import { makeChange } from './make-change.ts';
import type { Session } from './session.ts';
import type { CHANGE_FLAGS } from './shared-flags.ts';

export interface WordChange {
  readonly server: string;
  /** Only in this one; null: wherever it is. */
  readonly upstream: string | null;
  /** The parameters that a server has to have, from those it has. */
  readonly change: (words: readonly string[]) => readonly string[];
}

/** Changes a word in the parameters of a server, in every upstream that has it. Throws Failure where none has. */
export async function changeWords(
  session: Session,
  { server, upstream, change }: WordChange,
  flags: FlagValues<typeof CHANGE_FLAGS>,
): Promise<ExitCode> {
  const { body, tag } = await (await session.api()).call({ method: 'GET', resource: 'document' });
  const lists = inner(membersOf(body, 'documents'), 'upstreams');
  const changed = Object.entries(lists).flatMap(([name, servers]): readonly (readonly [string, Members])[] => {
    if (!isMembers(servers) || !Object.hasOwn(servers, server) || (upstream !== null && name !== upstream)) return [];
    const words = textOf(servers[server])
      .split(/\s+/)
      .filter((word) => word !== '');
    return [[name, { ...servers, [server]: change(words).join(' ') }]];
  });
  if (changed.length === 0) throw missing(server, upstream, lists);
  const call = { method: 'PUT', resource: 'document', body: { upstreams: Object.fromEntries(changed) } } as const;
  return makeChange(session, { call, tagOf: 'document', tag, question: null }, flags);
}

function missing(server: string, upstream: string | null, lists: Members): Failure {
  const names = Object.values(lists).flatMap((servers) => (isMembers(servers) ? Object.keys(servers) : []));
  const near = nearest(server, [...new Set(names)]) ?? names.find((name) => name.startsWith(`${server}:`));
  const where = upstream === null ? 'no upstream has' : `${JSON.stringify(upstream)} has no`;
  return new Failure(EXIT.missing, `${where} server ${JSON.stringify(server)}`, {
    next: near === undefined || near === server ? 'elbctl get upstream lists those there are' : `is it ${near}?`,
  });
}
