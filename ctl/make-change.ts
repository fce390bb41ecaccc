import type { ApiCall } from './api.ts';
import { EXIT } from './exit-codes.ts';
import type { ExitCode } from './exit-codes.ts';
import { Failure } from './failure.ts';
import type { FlagValues } from './inputs.ts';
import { changesOf, changesText, summaryOf } from './item-changes.ts';
import type { Kind } from './kinds.ts';
import type { Session } from './session.ts';
import type { CHANGE_FLAGS } from './shared-flags.ts';
import { waitForFleet } from './wait-for-fleet.ts';

export interface ChangePlan {
  readonly call: Pick<ApiCall, 'method' | 'resource' | 'query' | 'body'>;
  /** Whose entity tag has to stay what it was while a person reads what would change; null: everything's. */
  readonly tagOf: Kind | 'document';
  /** That tag, where what the change rests on was read before; missing: it is asked for. */
  readonly tag?: string | null;
  /** What a person is asked; null: nothing. */
  readonly question: string | null;
  /** Whether the call says for itself where it is made, as a dump does. */
  readonly isPlaced?: boolean;
  /** Throws Failure for changes that are not meant. */
  readonly check?: (changes: ReturnType<typeof changesOf>) => void;
}

type Terms = FlagValues<typeof CHANGE_FLAGS>;

/**
 * Makes a change: tells first what it would be, asks where there is somebody to ask, and makes exactly that, or nothing, if somebody
 * else has changed something meanwhile.
 */
export async function makeChange(session: Session, plan: ChangePlan, terms: Terms): Promise<ExitCode> {
  const { screen } = session;
  const api = await session.api();
  if (terms.memory && !api.hasMemory) {
    throw new Failure(EXIT.usage, '--memory needs an instance, and --etcd works without one', {
      next: 'leave out one of the two',
    });
  }
  if (terms.memory && terms.wait) {
    throw new Failure(
      EXIT.usage,
      '--wait is for changes of the store: nobody else serves what is in the memory of one',
      {
        next: 'leave out one of the two',
      },
    );
  }
  const { call, question, check } = plan;
  const tag = plan.tag === undefined ? (await api.call({ method: 'HEAD', resource: plan.tagOf })).tag : plan.tag;
  const query = { ...call.query, ...(plan.isPlaced !== true && { store: !terms.memory }) };
  const dry = await screen.during(
    'looking at what would change',
    api.call({ ...call, query: { ...query, dry_run: true }, ifMatch: tag }),
  );
  const changes = changesOf(dry.body);
  check?.(changes);
  if (terms['dry-run']) {
    screen.show(
      { changes, dry_run: true },
      () => changesText(changes, screen.style) + headline(changes, ' (dry run: nothing was changed)'),
    );
    return EXIT.ok;
  }
  // Whoever reads the output of a program wants one document.
  if (screen.format === 'table') screen.write(changesText(changes, screen.style));
  const isAsked = question !== null && changes.length > 0 && !terms.yes;
  if (isAsked && !(await session.confirm(`${question} (${summaryOf(changes)})`, true))) {
    screen.note('nothing was changed');
    return EXIT.no;
  }
  const made = await screen.during('changing', api.call({ ...call, query, ifMatch: tag }));
  const { revision } = made;
  const where = terms.memory
    ? ', in memory only: elbctl dump writes it to the store'
    : `, revision ${String(revision)}`;
  screen.show({ changes, revision }, () => headline(changes, where));
  if (!terms.wait || revision === null) return EXIT.ok;
  return waitForFleet(session, revision, null);
}

function headline(changes: ReturnType<typeof changesOf>, more: string): string {
  return changes.length === 0 ? 'nothing differs\n' : `${summaryOf(changes)}${more}\n`;
}
