import { EXIT } from './exit-codes.ts';
import type { ExitCode } from './exit-codes.ts';
import type { Session } from './session.ts';

/** Waits until every instance serves a revision of the store. `ms`: how long; null: as long as is usual. Throws Failure. */
export async function waitForFleet(session: Session, revision: number, ms: number | null): Promise<ExitCode> {
  const api = await session.api();
  const timeout = ms === null ? null : `${String(ms)}ms`;
  await session.screen.during(
    `waiting until every instance serves revision ${String(revision)}`,
    api.call({
      method: 'PUT',
      resource: 'wait',
      query: { revision, fleet: true, timeout },
      patienceMs: ms ?? USUAL_MS,
    }),
  );
  session.screen.note(`every instance serves revision ${String(revision)}`);
  return EXIT.ok;
}

/** Of the API. */
const USUAL_MS = 10_000;
