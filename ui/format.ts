/** A rate per second, short: `0/s`, `0.4/s`, `12/s`, `3.4k/s`. */
export function rate(perSecond: number): string {
  return perSecond < 0.005 ? '0/s' : `${short(perSecond)}/s`;
}

/** A count, short: `950`, `3.4k`, `12M`. */
export function short(value: number): string {
  if (value < 10) return trimmed(value.toFixed(2));
  if (value < 100) return trimmed(value.toFixed(1));
  if (value < 1000) return String(Math.round(value));
  let scaled = value;
  let unit = '';
  for (const next of ['k', 'M', 'G', 'T']) {
    if (scaled < 1000) break;
    scaled /= 1000;
    unit = next;
  }
  return trimmed(scaled.toFixed(scaled < 10 ? 1 : 0)) + unit;
}

/** A number of bytes: `145 B`, `3.4 kB`. */
export function bytes(value: number): string {
  return short(value).replace(/([kMGT]?)$/, ' $1B');
}

/** Milliseconds: `0.8 ms`, `12 ms`, `3.2 s`; a dash for what is not known. */
export function ms(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–';
  if (value < 10) return `${trimmed(value.toFixed(1))} ms`;
  return value < 1000 ? `${String(Math.round(value))} ms` : `${trimmed((value / 1000).toFixed(2))} s`;
}

/** A share from 0 to 1: `0 %`, `0.4 %`, `12 %`. */
export function percent(share: number | null | undefined): string {
  if (share === null || share === undefined) return '–';
  const value = share * 100;
  return `${value > 0 && value < 10 ? trimmed(value.toFixed(value < 1 ? 2 : 1)) : String(Math.round(value))} %`;
}

/** A span of seconds: `12 s`, `5 min`, `3 h`, `2 d`. */
export function span(seconds: number): string {
  if (seconds < 100) return `${String(Math.round(seconds))} s`;
  if (seconds < 6000) return `${String(Math.round(seconds / 60))} min`;
  return seconds < 172_800 ? `${String(Math.round(seconds / 3600))} h` : `${String(Math.round(seconds / 86_400))} d`;
}

/** A moment (RFC 3339) as people say it here. */
export function moment(at: string): string {
  return new Date(at).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
}

/** How long ago a moment was. */
export function ago(at: string): string {
  return `${span(Math.max(0, (Date.now() - Date.parse(at)) / 1000))} ago`;
}

function trimmed(digits: string): string {
  return digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits;
}
