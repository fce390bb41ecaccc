/** A directive of a configuration of nginx: its name, its arguments and, in braces, those inside of it. */
export interface Directive {
  readonly name: string;
  readonly args: readonly string[];
  /** Null: it ends with a semicolon. */
  readonly block: readonly Directive[] | null;
  /** From 1. */
  readonly line: number;
}

export interface SyntaxProblem {
  readonly line: number;
  readonly msg: string;
}

interface Token {
  readonly kind: 'word' | ';' | '{' | '}';
  readonly text: string;
  readonly line: number;
}

/** Reads the syntax of nginx's configuration, whatever its directives mean: words, quotes, comments, blocks. */
export function readDirectives(content: string): readonly Directive[] | SyntaxProblem {
  const tokens = tokensOf(content);
  if (!Array.isArray(tokens)) return tokens as SyntaxProblem; // what is no list of tokens
  const root: Directive[] = [];
  const open: { readonly into: Directive[]; readonly line: number }[] = [{ into: root, line: 1 }];
  let words: Token[] = [];
  // Of a list that was tested above.
  for (const token of tokens as readonly Token[]) {
    const { into } = open.at(-1) ?? { into: root };
    if (token.kind === 'word') {
      words.push(token);
      continue;
    }
    const [name, ...args] = words.map((word) => word.text);
    const line = words[0]?.line ?? token.line;
    if (token.kind === '}') {
      if (words.length > 0) return { line, msg: `${name ?? ''} does not end with a semicolon` };
      if (open.length === 1) return { line, msg: 'a brace closes nothing' };
      open.pop();
      continue;
    }
    if (name === undefined) return { line, msg: `${token.kind} without a directive before it` };
    words = [];
    if (token.kind === ';') into.push({ name, args, block: null, line });
    else {
      const block: Directive[] = [];
      into.push({ name, args, block, line });
      open.push({ into: block, line });
    }
  }
  const unclosed = open.at(-1);
  if (words.length > 0)
    return { line: words[0]?.line ?? 1, msg: `${words[0]?.text ?? ''} does not end with a semicolon` };
  return open.length > 1 ? { line: unclosed?.line ?? 1, msg: 'a brace is not closed' } : root;
}

function tokensOf(content: string): readonly Token[] | SyntaxProblem {
  const tokens: Token[] = [];
  let line = 1;
  // White space, a comment, a quoted word, a sign, a bare word.
  const pattern =
    /(\s+)|(#[^\n]*)|"((?:[^"\\]|\\[^])*)"|'((?:[^'\\]|\\[^])*)'|([;{}])|((?:[^\s;{}"'\\]|\\[^])(?:[^\s;{}\\]|\\[^])*)/y;
  while (pattern.lastIndex < content.length) {
    const match = pattern.exec(content);
    if (match === null) return { line, msg: 'a quote is not closed' };
    const [whole, space, comment, double, single, sign, bare] = match;
    const word = double ?? single ?? bare;
    if (word !== undefined) tokens.push({ kind: 'word', text: word.replace(/\\(["'\\ ])/g, '$1'), line });
    else if (sign === ';' || sign === '{' || sign === '}') tokens.push({ kind: sign, text: sign, line });
    if (space !== undefined || comment !== undefined || word !== undefined) line += whole.split('\n').length - 1;
  }
  return tokens;
}
