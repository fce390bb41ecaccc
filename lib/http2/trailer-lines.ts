import { TrailerSection } from '../http/trailer-section.ts';
import { isSound } from './request-text.ts';

/**
 * Trailers that came as a list of fields, as lines that each end with CRLF; null where one of them is malformed, or must not be
 * there: by the same rules as behind a chunked body.
 */
export function trailerLines(fields: readonly string[]): string | null {
  let text = '';
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] ?? '';
    const value = fields[i + 1] ?? '';
    if (!isSound(name, value)) return null;
    text += `${name}: ${value}\r\n`;
  }
  if (text === '') return '';
  const bytes = Buffer.from(`${text}\r\n`, 'latin1');
  SECTION.reset();
  return SECTION.read(bytes, 0, bytes.length) === bytes.length ? SECTION.text : null;
}

/** Holds nothing between two calls. */
const SECTION = new TrailerSection();
