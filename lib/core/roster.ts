/**
 * Those who are there, in no order, each of whom knows its place: to come and to go is a few stores. In a Set, the tables that it
 * discards hold on to one another, and so to whoever was in them, until the whole heap is collected: where thousands come and go in a
 * second, that is a tenth of all that is done for them.
 */
export class Roster<T extends Listed> {
  readonly #members: T[] = [];

  get size(): number {
    return this.#members.length;
  }

  /** It must not be there yet. */
  add(member: T): void {
    member.place = this.#members.length;
    this.#members.push(member);
  }

  /** Who is not there may leave. */
  remove(member: T): void {
    const { place } = member;
    if (this.#members[place] !== member) return;
    const last = this.#members.pop();
    member.place = NOWHERE;
    if (last === undefined || last === member) return;
    this.#members[place] = last;
    last.place = place;
  }

  /** Those who are there now, whoever comes or goes meanwhile. */
  now(): readonly T[] {
    return this.#members.slice();
  }
}

/** Who can be in one roster. */
export interface Listed {
  /** Its roster's alone; `NOWHERE` at first. */
  place: number;
}

export const NOWHERE = -1;
