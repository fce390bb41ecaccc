/** Milliseconds of nginx's time syntax: a number of seconds, or numbers with units from large to small. Null if malformed. */
export function parseTime(text: string): number | null {
  const match = /^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?(\d+)?$/.exec(text);
  if (match === null || text === '') return null;
  const [days, hours, minutes, seconds, milliseconds, bare] = match.slice(1).map((digits) => Number(digits ?? 0));
  const ms =
    (((days ?? 0) * 24 + (hours ?? 0)) * 60 + (minutes ?? 0)) * 60_000 +
    ((seconds ?? 0) + (bare ?? 0)) * 1000 +
    (milliseconds ?? 0);
  return ms <= MAX_TIME_MS ? ms : null;
}

export function formatTime(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}

/** What a timer can hold. */
const MAX_TIME_MS = 2 ** 31 - 1;
