/** What of a request decides about its server, beside the list: read once, before its first try. */
export class Affinity {
  /** For balancers that choose by hash; else 0. */
  key = 0;
  /** Value of the session cookie; null without. */
  session: string | null = null;
  /** Only servers with this tag; null: any. */
  tag: string | null = null;
}

/** Of a request to an upstream that asks for nothing. */
export const NO_AFFINITY: Readonly<Affinity> = Object.freeze(new Affinity());
