import { raceStale, type StaleMode } from '../fixtures/stale-races.ts';

/**
 * What clients see of servers that close kept connections in the moment of their use, `npm run bench:stale`: the command fails
 * unless that is nothing for every request that may be sent twice. POST is shown beside, by what its upstream's options say: with the
 * default some meet such an end until their server is found out.
 */
const RACES = Number(process.argv[2] ?? 100_000);
const HEAD = '/ HTTP/1.1\r\nHost: a.test\r\n';
const BODY = 'Content-Length: 4\r\n\r\nbody';

interface Row {
  readonly request: string;
  readonly mode: StaleMode;
  readonly share: number;
  readonly options?: object;
  readonly mustBeNone: boolean;
}

const rows: readonly Row[] = [
  { request: `GET ${HEAD}\r\n`, mode: 'asked', share: 0.4, mustBeNone: true },
  { request: `PUT ${HEAD}${BODY}`, mode: 'asked', share: 0.2, mustBeNone: true },
  { request: `GET ${HEAD}\r\n`, mode: 'soon', share: 0.3, mustBeNone: true },
  { request: `PUT ${HEAD}${BODY}`, mode: 'soon', share: 0.1, mustBeNone: true },
  {
    request: `POST ${HEAD}${BODY}`,
    mode: 'soon',
    share: 0.1,
    options: { connections: { unsafe_reuse: '0s' } },
    mustBeNone: true,
  },
  { request: `POST ${HEAD}${BODY}`, mode: 'soon', share: 0.1, mustBeNone: false },
];

console.log('request closed  unsafe_reuse      races    answers  not 200');
let total = 0;
for (const { request, mode, share, options, mustBeNone } of rows) {
  const races = Math.ceil(RACES * share);
  const found = await raceStale({ races, mode, request, ...(options === undefined ? {} : { options }) });
  const lost = [...found.failures].map(([status, count]) => `${count} x ${status}`).join(', ') || '0';
  const method = request.split(' ', 1)[0] ?? '';
  const reuse = options === undefined ? '1s' : '0s';
  console.log(
    [
      method.padEnd(7),
      mode.padEnd(7),
      reuse.padEnd(12),
      String(found.races).padStart(10),
      String(found.answers).padStart(10),
      lost,
    ].join(' '),
  );
  if (!mustBeNone) continue;
  total += found.races;
  if (found.failures.size > 0) process.exitCode = 1;
}
console.log(`${total} races of requests that must not notice them`);
