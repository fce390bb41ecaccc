/** Milliseconds since the epoch of a date in one of the three forms that recipients have to take (RFC 9110 5.6.7); null for anything else. */
export function readDate(text: string | null): number | null {
  if (text === null) return null;
  const isGmt = IMF_FIXDATE.test(text) || RFC_850.test(text);
  if (!isGmt && !ASCTIME.test(text)) return null;
  const ms = Date.parse(isGmt ? text : `${text} GMT`);
  return Number.isNaN(ms) ? null : ms;
}

/** The one that senders have to use. */
const IMF_FIXDATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;
const RFC_850 = /^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT$/;
const ASCTIME = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/;
