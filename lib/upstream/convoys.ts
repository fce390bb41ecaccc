/** A request that waits for what is kept of another one's reply. */
export interface Follower {
  /**
   * There may be something now, or there never will be: it looks again. Called from a microtask, not from inside of anything; also after it
   * has left, if that was a moment ago.
   */
  onReleased(): void;
}

/**
 * Requests that ask for the same at the same time: the first goes to a server, and the others follow it until its reply is kept. What turns
 * out not to be kept is not waited for again for some time.
 */
export class Convoys {
  /** Followers of those that are under way, by what is asked for. */
  readonly #followers = new Map<string, Set<Follower>>();
  /** What was not kept, and until when nobody waits for it; the oldest first. */
  readonly #unkept = new Map<string, number>();

  /** `follows`: it waits. `leads`: it goes, and `ended` has to follow. `alone`: it goes, and nobody waits for it. */
  join(key: string, follower: Follower, now: number): 'follows' | 'leads' | 'alone' {
    const until = this.#unkept.get(key);
    if (until !== undefined && until > now) return 'alone';
    const followers = this.#followers.get(key);
    if (followers === undefined) this.#followers.set(key, new Set());
    else if (followers.size >= MOST_FOLLOWERS) return 'alone';
    else followers.add(follower);
    return followers === undefined ? 'leads' : 'follows';
  }

  /** It has waited for long enough, or is gone. */
  leave(key: string, follower: Follower): void {
    this.#followers.get(key)?.delete(follower);
  }

  /** The one that leads has a reply that is kept, or is not (`isUnkept`: nor is it going to be), or has none. */
  ended(key: string, isUnkept: boolean, now: number): void {
    const followers = this.#followers.get(key);
    this.#followers.delete(key);
    if (isUnkept) this.#remember(key, now);
    if (followers === undefined || followers.size === 0) return;
    queueMicrotask(() => {
      for (const follower of followers) follower.onReleased();
    });
  }

  #remember(key: string, now: number): void {
    this.#unkept.delete(key);
    this.#unkept.set(key, now + UNKEPT_MS);
    if (this.#unkept.size <= MOST_UNKEPT) return;
    for (const oldest of this.#unkept.keys()) {
      this.#unkept.delete(oldest);
      return;
    }
  }
}

const MOST_FOLLOWERS = 10_000;
const UNKEPT_MS = 10_000;
const MOST_UNKEPT = 1024;
