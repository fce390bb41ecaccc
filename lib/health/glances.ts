/** What has asked and looks for its answer later. */
export interface Glancer {
  glance(): void;
}

/**
 * Who has asked since the last tick and looks for the answer in the next one. An answer that is there by then is read without the
 * event loop, which has a price for each connection it watches and for each of its events. Ticks are counted, so that who has to
 * wait longer can tell.
 */
export class Glances {
  /** Ticks so far. */
  turn = 0;
  #waiting: Glancer[] = [];
  /** Swapped with the list that is being read. */
  #spare: Glancer[] = [];

  add(glancer: Glancer): void {
    this.#waiting.push(glancer);
  }

  tick(): void {
    this.turn++;
    const due = this.#waiting;
    this.#waiting = this.#spare;
    for (const glancer of due) glancer.glance();
    due.length = 0;
    this.#spare = due;
  }
}
