import { readFileSync } from 'node:fs';
import { rules } from '../../rules/index.ts';

/** A node as a page shows it. */
export interface Example {
  readonly type: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** The worked examples of every rule, from its page. */
export function examples(): readonly Example[] {
  return [...rules.keys()].flatMap((type) => {
    const page = readFileSync(new URL(`../../docs/rules/${type}.md`, import.meta.url), 'utf8');
    const found: Example[] = [];
    let text = '';
    for (const line of page.split('\n')) {
      if (!line.startsWith('    ') || (text === '' && !line.startsWith('    {"type"'))) {
        text = '';
        continue;
      }
      text += line.trim();
      const example = parsed(text);
      if (example === null) continue;
      found.push(example);
      text = '';
    }
    return found;
  });
}

/** Null: it goes on in the next line. */
function parsed(text: string): Example | null {
  try {
    return JSON.parse(text) as Example; // of a page of ours
  } catch {
    return null;
  }
}
