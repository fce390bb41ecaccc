/**
 * Learns which parts of paths are names of things and which are variable: a place with more than twenty different values becomes `*`,
 * so that `/users/1` to `/users/30` are `/users/*`. Paths are told apart by their number of parts. What is learnt stays learnt;
 * memory is bounded by the number of different beginnings of each length.
 */
export class PathPatterns {
  /** By number of parts: a tree of the values in their places. */
  readonly #roots = new Map<number, Place>();
  #places = 0;

  patternOf(path: string): string {
    const parts = path.split('/').slice(1);
    if (parts.length > MOST_PARTS) return `/*`;
    let place = this.#rootOf(parts.length);
    let pattern = '';
    for (const part of parts) {
      const [name, next] = this.#step(place, part);
      pattern += `/${name}`;
      place = next;
    }
    return pattern === '' ? '/' : pattern;
  }

  #rootOf(parts: number): Place {
    let root = this.#roots.get(parts);
    if (root === undefined) {
      root = newPlace();
      this.#roots.set(parts, root);
    }
    return root;
  }

  #step(place: Place, part: string): readonly [string, Place] {
    if (place.any !== null) return ['*', place.any];
    const known = place.values.get(part);
    if (known !== undefined) return [part, known];
    if (place.values.size >= MOST_VALUES || this.#places >= MOST_PLACES) {
      // What stood behind single values is learnt anew behind all of them.
      this.#places -= countOf(place);
      place.values.clear();
      place.any = newPlace();
      return ['*', place.any];
    }
    const next = newPlace();
    place.values.set(part, next);
    this.#places++;
    return [part, next];
  }
}

interface Place {
  readonly values: Map<string, Place>;
  /** Set once the place is variable. */
  any: Place | null;
}

function newPlace(): Place {
  return { values: new Map(), any: null };
}

function countOf(place: Place): number {
  let count = place.any === null ? 0 : countOf(place.any);
  for (const next of place.values.values()) count += 1 + countOf(next);
  return count;
}

const MOST_VALUES = 20;
const MOST_PARTS = 32;
const MOST_PLACES = 20_000;
