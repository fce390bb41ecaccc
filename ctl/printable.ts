/**
 * Text with nothing in it that a terminal would obey: control characters, and those that change the direction of text, are shown as
 * escapes. What servers and clients have sent is printed, and could otherwise move the cursor or hide a part of itself.
 */
export function printable(text: string): string {
  return text.replace(OBEYED, escaped);
}

/** The same for JSON and YAML, whose own line ends stay: within a text of theirs such an escape means the character. */
export function printableDocument(text: string): string {
  return text.replace(OBEYED_IN_DOCUMENTS, escaped);
}

function escaped(character: string): string {
  return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
}

const OBEYED = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu;
const OBEYED_IN_DOCUMENTS = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g;
