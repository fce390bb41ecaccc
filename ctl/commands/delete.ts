import { list, membersOf, text } from '../answer-shape.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { argument, rest, toggle } from '../inputs.ts';
import { kindName, KINDS } from '../kinds.ts';
import { makeChange } from '../make-change.ts';
import type { Session } from '../session.ts';
import { CHANGE_FLAGS } from '../shared-flags.ts';

/** Removes documents. */
export const deleteCommand = defineCommand({
  name: 'delete',
  summary: 'Delete domains, shared graphs, upstreams, options, TLS or certificates',
  description:
    'Removes documents, all of them or none. An upstream without its options is at all defaults. Graphs that name an upstream which is deleted answer 502 until it is there again, those that include a shared graph 500, and are named.',
  positionals: {
    kind: argument(
      kindName,
      'what: `domain`, `graph` (one that graphs of domains include), `upstream`, `option`, `tls` (what domains want of it) or `cert`',
      KINDS,
    ),
    names: rest('NAME', 'which of them', 'document'),
  },
  flags: {
    'ignore-missing': toggle('do not mind names that are not there'),
    ...CHANGE_FLAGS,
  },
  examples: [
    { line: 'elbctl delete domain old.example.com', does: 'a domain' },
    { line: 'elbctl delete upstream old older --dry-run', does: 'only tells what would go' },
  ],
  async run(session, { kind, names }, flags) {
    const call = { method: 'DELETE', resource: kind, body: names } as const;
    const code = await makeChange(
      session,
      {
        call,
        tagOf: kind,
        question: `Delete ${kind} ${names.join(', ')}?`,
        check(changes) {
          const there = new Set(changes.map((change) => text(change, 'name')));
          // A domain is deleted by any of its spellings.
          const missing =
            kind === 'domain' && there.size >= names.length ? [] : names.filter((name) => !there.has(name));
          if (missing.length === 0 || flags['ignore-missing']) return;
          throw new Failure(
            EXIT.missing,
            `there is no ${kind} ${missing.map((name) => JSON.stringify(name)).join(', ')}`,
            {
              next: `nothing was changed; elbctl get ${kind} lists those there are, --ignore-missing deletes the others`,
            },
          );
        },
      },
      flags,
    );
    const isNamed = kind === 'upstream' || kind === 'graph';
    if (isNamed && code === EXIT.ok && !flags['dry-run']) await tellDangling(session, kind, names);
    return code;
  },
});

/** Says which graphs name what is gone now. */
async function tellDangling(session: Session, kind: 'upstream' | 'graph', names: readonly string[]): Promise<void> {
  const { body } = await (await session.api()).call({ method: 'GET', resource: 'status' });
  for (const dangling of list(membersOf(body, 'status'), 'dangling')) {
    const missing = Array.isArray(dangling['upstreams']) ? dangling['upstreams'].map(String) : [];
    // A shared graph stands among the upstreams with its kind.
    const gone = names.filter((name) => missing.includes(kind === 'graph' ? `graph/${name}` : name));
    const status = kind === 'graph' ? 500 : 502;
    if (gone.length > 0)
      session.screen.note(
        `${text(dangling, 'key')} still names ${gone.join(', ')}: such requests are answered ${String(status)}`,
      );
  }
}
