/** Why a text is not the URL of a program that can be called; null if it is one. */
export function urlProblem(text: string): string | null {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) return 'is not a URL with http:// or https://';
  if (url.username !== '' || url.password !== '') return 'has a user or a password';
  return url.hash === '' ? null : 'has a fragment';
}
