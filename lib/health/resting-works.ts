import type { UpstreamWork } from '../core/upstream-work.ts';
import type { ServerSpec } from '../upstream/server-spec.ts';
import type { Member, UpstreamHealth } from './upstream-health.ts';

/**
 * What was told of upstreams that rest: of which no worker has had anything to tell since, and whose servers are as they were. The very same
 * object is told of them again, so that a page of metrics makes garbage by what works, not by what there is.
 */
export class RestingWorks {
  readonly #works = new Map<string, Resting>();

  /** What was told, if it holds; null: it has to be told anew. */
  of({ name, members }: UpstreamHealth, opened: number): UpstreamWork | null {
    const resting = this.#works.get(name);
    if (resting === undefined || resting.work.opened !== opened || resting.servers.length !== members.size) return null;
    let at = 0;
    for (const member of members.values()) if (!isSame(member, resting.servers[at++])) return null;
    return resting.work;
  }

  /** Keeps what was told of an upstream that no worker has told of, unless time alone may change it. */
  keep({ name, members }: UpstreamHealth, work: UpstreamWork): void {
    const servers: RestingServer[] = [];
    for (const { spec, barred, ejection, ejections, check } of members.values()) {
      if (barred !== 0 || ejection !== null) return;
      const { reason, since } = check?.riseFall ?? UNCHECKED;
      servers.push({ spec, reason, since, ejections });
    }
    this.#works.set(name, { work, servers });
  }

  /** Something is told of it, or it is no more. */
  forget(name: string): void {
    this.#works.delete(name);
  }

  /** Names of upstreams that are kept. */
  names(): Iterable<string> {
    return this.#works.keys();
  }
}

interface Resting {
  readonly work: UpstreamWork;
  /** In the order of its members. */
  readonly servers: readonly RestingServer[];
}

interface RestingServer {
  readonly spec: ServerSpec;
  readonly reason: string;
  readonly since: number;
  readonly ejections: number;
}

function isSame({ spec, barred, ejection, ejections, check }: Member, known: RestingServer | undefined): boolean {
  const { reason, since } = check?.riseFall ?? UNCHECKED;
  return (
    known !== undefined &&
    spec === known.spec &&
    barred === 0 &&
    ejection === null &&
    ejections === known.ejections &&
    reason === known.reason &&
    since === known.since
  );
}

/** A server without checks is as it was. */
const UNCHECKED = { reason: '', since: 0 };
