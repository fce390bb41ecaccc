/** Milliseconds since the epoch of a date in the form that senders have to use (RFC 9110 5.6.7); null for anything else. */
export function readDate(text: string | null): number | null {
  if (text === null || !IMF_FIXDATE.test(text)) return null;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? null : ms;
}

const IMF_FIXDATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;
