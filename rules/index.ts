import type { Rule } from '../lib/routing/rule.ts';
import { backend } from './backend.ts';
import { path } from './path.ts';
import { ua } from './ua.ts';

const list: readonly Rule[] = [ua, path, backend];

/** Every rule by its type: the word that a document's `type` says. */
export const rules: ReadonlyMap<string, Rule> = new Map(list.map((rule) => [rule.type, rule]));
