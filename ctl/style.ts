import { styleText } from 'node:util';

const STYLES = { good: 'green', bad: 'red', warn: 'yellow', dim: 'dim', head: 'bold' } as const;

export type StyleName = keyof typeof STYLES;

/** Colours a text by what it means, or leaves it as it is. */
export type Style = (name: StyleName, text: string) => string;

export const plain: Style = (_, text) => text;

/** Colours for a stream: only on a terminal, and not where `NO_COLOR` is set (no-color.org). */
export function styleOf(stream: NodeJS.WriteStream, env: Readonly<Record<string, string | undefined>>): Style {
  const isWanted = stream.isTTY && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
  return isWanted ? (name, text) => styleText(STYLES[name], text, { validateStream: false }) : plain;
}
