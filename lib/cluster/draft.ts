import type { TableChange } from '../change.ts';
import { Table } from '../table.ts';
import { encodeDraftPiece } from './draft-piece.ts';
import type { Member } from './member.ts';

/**
 * What the first table will probably be made of. Workers have it before anybody knows whether it is right: it takes them as long to read
 * it as it takes the primary to read the store, and they have nothing else to do. Then they are told what makes the table out of it.
 */
export class Draft {
  #table = new Table();
  readonly #members = new Set<Member>();
  #news: readonly TableChange[] | null = null;
  #isOver = false;

  /** More of it, or something else of an item. */
  add(changes: readonly TableChange[]): void {
    if (this.#isOver) return;
    const news = changes.filter((change) => this.#table.put(change));
    if (news.length === 0 || this.#members.size === 0) return;
    const piece = encodeDraftPiece(news);
    for (const member of this.#members) member.draft(piece);
  }

  /** One that has no table yet, and takes part from now on. */
  greet(member: Member): void {
    if (this.#isOver) return;
    this.#members.add(member);
    const whole = this.#table.whole();
    for (let from = 0; from < whole.length; from += PIECE)
      member.draft(encodeDraftPiece(whole.slice(from, from + PIECE)));
  }

  /** What makes a table out of it; null for one that has no part in it. */
  newsFor(member: Member, table: Table): { readonly changes: readonly TableChange[]; readonly drafted: number } | null {
    if (this.#isOver || !this.#members.delete(member)) return null;
    const { domains, upstreams } = this.#table.sizes;
    return { changes: (this.#news ??= table.since(this.#table)), drafted: domains + upstreams };
  }

  /** One that is gone. */
  forget(member: Member): void {
    this.#members.delete(member);
  }

  /** All have been told the whole table, and those who come later will be. */
  end(): void {
    this.#isOver = true;
    this.#members.clear();
    this.#table = new Table();
    this.#news = null;
  }
}

/** Changes of a piece: about as many as come at once. */
const PIECE = 200;
