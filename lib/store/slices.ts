/** Cuts a text into pieces of about `chars`, none of which ends inside a surrogate pair: half of one is no UTF-8. */
export function slicesOf(text: string, chars: number): readonly string[] {
  const slices: string[] = [];
  for (let from = 0; from < text.length;) {
    const isTorn = (text.codePointAt(from + chars - 1) ?? 0) > 0xffff;
    const end = from + chars + (isTorn ? 1 : 0);
    slices.push(text.slice(from, end));
    from = end;
  }
  return slices;
}
