/** Which documents name which upstreams. */
export class References {
  /** Upstream to names of documents. */
  readonly #users = new Map<string, Set<string>>();

  users(upstream: string): Iterable<string> {
    return this.#users.get(upstream) ?? [];
  }

  /** What a document named so far, and what its versions name now. */
  replace(name: string, gone: readonly string[] = [], left: readonly (readonly string[] | undefined)[]): void {
    for (const upstream of gone) {
      if (!left.some((upstreams) => upstreams?.includes(upstream))) this.#remove(upstream, name);
    }
    for (const upstreams of left) for (const upstream of upstreams ?? []) this.#add(upstream, name);
  }

  #add(upstream: string, name: string): void {
    const users = this.#users.get(upstream);
    if (users === undefined) this.#users.set(upstream, new Set([name]));
    else users.add(name);
  }

  #remove(upstream: string, name: string): void {
    const users = this.#users.get(upstream);
    users?.delete(name);
    if (users?.size === 0) this.#users.delete(upstream);
  }
}
