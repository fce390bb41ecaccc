import type { Rule } from '../lib/routing/rule.ts';
import type { Api } from './api.ts';
import type { Screen } from './screen.ts';

/** What a command works with. */
export interface Session {
  readonly screen: Screen;
  /** Whoever is asked; opened at the first call. Throws Failure. */
  api(): Promise<Api>;
  /** Asks a person; true for yes. `usually`: the answer where nobody can be asked. */
  confirm(question: string, usually: boolean): Promise<boolean>;
  /** Standard input as text. */
  readInput(): Promise<string>;
  /** Keys that a person presses, while somebody listens; null: there is no keyboard. */
  readonly keys: Keys | null;
  /** Ends when the program is told to. */
  readonly interrupted: AbortSignal;
  /** Node types, to draw graphs by. */
  readonly rules: ReadonlyMap<string, Rule>;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface Keys {
  /** Calls back for each key, as text, until the answer is called. */
  listen(onKey: (key: string) => void): () => void;
}
