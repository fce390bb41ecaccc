// Writes docs/options.md from the table of options.
import { writeFileSync } from 'node:fs';
import { optionsMarkdown } from '../lib/core/options-text.ts';

writeFileSync(new URL('../docs/options.md', import.meta.url), optionsMarkdown());
