import { setTimeout as pause } from 'node:timers/promises';
import { duration, integer } from '../../lib/core/option-kinds.ts';
import { inner, membersOf, number } from '../answer-shape.ts';
import type { Api } from '../api.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import type { ExitCode } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { setting, toggle, usual } from '../inputs.ts';
import type { Session } from '../session.ts';

/** Waits until a revision is served, or an instance is ready. */
export const wait = defineCommand({
  name: 'wait',
  summary: 'Wait until a change is in force, or an instance is ready',
  description: `Waits until every worker of the instance, or with --fleet of every instance, serves a revision of the store: the one that is given, else what the store
holds now. With --ready: until the instance can be reached and is ready. Exit code 8: not in time.`,
  positionals: {},
  flags: {
    revision: setting(
      integer(0, Number.MAX_SAFE_INTEGER),
      'revision of the store, as changes tell it; unset: that of now',
    ),
    fleet: toggle('wait for every instance that follows the store'),
    ready: toggle('wait until the instance is ready'),
    for: usual(duration(0, 24 * 3600 * 1000), '30s', 'longest time to wait'),
  },
  examples: [
    { line: 'elbctl wait --fleet', does: 'until everything that is in the store now is in force everywhere' },
    { line: 'elbctl wait --ready --for 2m', does: 'until an instance that was started is ready' },
  ],
  async run(session, _, { revision, fleet, ready, for: ms }) {
    const end = Date.now() + ms;
    if (ready) return untilReady(session, end);
    const api = await session.api();
    const wanted = revision ?? (await newest(api));
    const who = fleet ? 'every instance' : 'the instance';
    const what = `waiting until ${who} serves revision ${String(wanted)}`;
    const served = await session.screen.during(what, untilServed(api, wanted, fleet, end));
    session.screen.show({ revision: served }, () => `${who} serves revision ${String(served)}\n`);
    return EXIT.ok;
  },
});

async function newest(api: Api): Promise<number> {
  const { body } = await api.call({ method: 'GET', resource: 'status' });
  return number(inner(membersOf(body, 'status'), 'store'), 'seen') ?? 0;
}

/** One call may only take so long. Throws the last answer that it is not. */
async function untilServed(api: Api, revision: number, fleet: boolean, end: number): Promise<number> {
  for (;;) {
    const ms = Math.max(0, Math.min(CALL_MS, end - Date.now()));
    try {
      const query = { revision, fleet, timeout: `${String(ms)}ms` };
      const { body } = await api.call({ method: 'PUT', resource: 'wait', query, patienceMs: ms });
      return number(membersOf(body, 'revision'), 'revision') ?? revision;
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== EXIT.late || Date.now() >= end) throw error;
    }
  }
}

async function untilReady({ screen, api }: Session, end: number): Promise<ExitCode> {
  const asked = await api();
  const until = async (): Promise<void> => {
    for (;;) {
      try {
        await asked.call({ method: 'GET', resource: 'health' });
        return;
      } catch (error) {
        // Not yet reachable, or not yet ready.
        if (!(error instanceof Failure) || error.code !== EXIT.unreachable) throw error;
        if (Date.now() >= end) throw new Failure(EXIT.late, `${asked.label} is not ready: ${error.message}`);
      }
      await pause(LOOK_MS);
    }
  };
  await screen.during(`waiting until ${asked.label} is ready`, until());
  screen.show({ ready: true }, () => `${asked.label} is ready\n`);
  return EXIT.ok;
}

/** Of the API, at most 25 s. */
const CALL_MS = 20_000;
const LOOK_MS = 100;
