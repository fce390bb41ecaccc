/**
 * Values by the hosts they are for: `a.test`, `*.test` (one or more labels), `*`. What is found is that of the exact name, else of
 * the longest wildcard, else of `*`; a look-up costs the same however many there are.
 */
export class HostMap<Value> {
  readonly #values = new Map<string, Value>();

  get size(): number {
    return this.#values.size;
  }

  set(pattern: string, value: Value): void {
    this.#values.set(pattern, value);
  }

  delete(pattern: string): void {
    this.#values.delete(pattern);
  }

  find(host: string): Value | null {
    const values = this.#values;
    if (values.size === 0) return null;
    const exact = values.get(host);
    if (exact !== undefined) return exact;
    for (let dot = host.indexOf('.'); dot !== -1; dot = host.indexOf('.', dot + 1)) {
      const found = values.get(`*${host.slice(dot)}`);
      if (found !== undefined) return found;
    }
    return values.get('*') ?? null;
  }
}
