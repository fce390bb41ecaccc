/** Changes of a query's parameters. */
export interface QueryEdits {
  readonly set?: Readonly<Record<string, string>>;
  readonly remove?: readonly string[];
}

/**
 * Makes the changes: takes a query with its question mark, or empty, and returns one. Parameters that are not named keep their place and
 * their bytes; those that are set come last.
 */
export function queryEditor({ set = {}, remove = [] }: QueryEdits): (query: string) => string {
  const gone = new Set([...Object.keys(set), ...remove]);
  const added = Object.entries(set).map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  return (query) => {
    const kept =
      query === ''
        ? []
        : query
            .slice(1)
            .split('&')
            .filter((part) => part !== '' && !gone.has(nameOf(part)));
    const parts = [...kept, ...added];
    return parts.length === 0 ? '' : `?${parts.join('&')}`;
  };
}

/** The name of a parameter, decoded as a form is. */
function nameOf(part: string): string {
  const equals = part.indexOf('=');
  const name = equals === -1 ? part : part.slice(0, equals);
  return /[+%]/.test(name) ? ([...new URLSearchParams(`${name}=`).keys()][0] ?? '') : name;
}
