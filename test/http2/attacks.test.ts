import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import type { RawClient, RawServer, TestPlane } from '../fixtures/plane.ts';
import { Rig } from '../fixtures/rig.ts';
import { OK } from '../peers/servers.ts';

/** What `attacks.py` has seen. */
interface Outcome {
  readonly closed: boolean;
  readonly counts: Readonly<Record<string, number>>;
  readonly resets: readonly number[];
  readonly resetCount: number;
  readonly goaways: readonly number[];
  /** Another client was answered afterwards. */
  readonly good: boolean;
}

const CALM = 11;
/** How often it may happen that a client does not get it. */
const LOST_WORDS = 5;

/** By name of the attack: what it comes to. A connection that is closed without another word is so by nghttp2's own bounds. */
const OUTCOMES: Readonly<Record<string, (outcome: Outcome) => void>> = {
  rapid_reset: isCalmed,
  made_you_reset: isClosed,
  made_you_reset_by_data: isClosed,
  malformed_flood: ({ closed, resetCount }) => expect([closed, resetCount < 250]).to.deep.equal([true, true]),
  continuation_flood: isClosed,
  empty_continuations: isClosed,
  header_bytes: isClosed,
  header_count: isRefused,
  bomb: isRefused,
  cookie_crumbs: isRefused,
  ping_flood: isClosed,
  unread_pings: isClosed,
  unread_replies: isClosed,
  settings_flood: isCalmed,
  empty_data_flood: isClosed,
  priority_flood: isClosed,
  // Every stream is reset once its time is over.
  window_stall: ({ resets, resetCount }) => expect([resets, resetCount]).to.deep.equal([[2], 100]),
  // Answered 408.
  stalled_body: ({ counts }) => expect(counts['Headers']).to.equal(1),
  silent_preface: isClosed,
  half_headers: isClosed,
  too_many_streams: isClosed,
  window_overflow: ({ resets, goaways }) => expect([...resets, ...goaways]).to.include(3),
  bad_hpack: ({ goaways }) => expect(goaways).to.include(9),
  huge_frame: ({ goaways }) => expect(goaways).to.include(6),
};

function isWordless({ closed, goaways }: Outcome): boolean {
  return closed && goaways.length === 0;
}

function isClosed({ closed }: Outcome): void {
  expect(closed).to.equal(true);
}

/** ENHANCE_YOUR_CALM for the connection. */
function isCalmed({ closed, goaways }: Outcome): void {
  expect([closed, goaways[0]]).to.deep.equal([true, CALM]);
}

/** ENHANCE_YOUR_CALM for the stream, and the connection goes on. */
function isRefused({ resets, closed }: Outcome): void {
  expect([resets, closed]).to.deep.equal([[CALM], false]);
}

describe('HTTP/2 of clients that mean harm, as raw frames', () => {
  const rig = new Rig();
  let plane: TestPlane;
  let server: RawServer;
  before(async () => {
    server = await rig.serve(answersButHold);
    const times = { sendMs: 300, headMs: 300, keepAliveMs: 300, bodyIdleMs: 300 };
    plane = await rig.proxying([server.port], { ...times, maxStreams: 128 });
  });
  after(() => rig.stop());

  for (const [name, isAsExpected] of Object.entries(OUTCOMES))
    it(name, async () => {
      const seen = server.connections.length;
      const asked = requests(server);
      let outcome = await attack(plane.port, name);
      // Who goes on sending to a socket that is closed may lose the last word (RST), but not each time.
      for (let i = 0; i < LOST_WORDS && isAsExpected === isCalmed && isWordless(outcome); i++)
        outcome = await attack(plane.port, name);
      isAsExpected(outcome);
      expect(outcome.good, 'another client').to.equal(true);
      // Those that ask thousands of times are stopped long before, and never come to so many servers' connections.
      expect(server.connections.length - seen).to.be.below(600);
      // What nobody takes piles up nowhere: of thirty thousand requests as many get through as sockets have room for replies.
      if (name === 'unread_replies') expect(requests(server) - asked).to.be.within(1, 10_000);
    });
});

/** How many a server has got. */
function requests({ connections }: RawServer): number {
  return connections.reduce((sum, { text }) => sum + text.split('\r\n\r\n').length - 1, 0);
}

async function attack(port: number, name: string): Promise<Outcome> {
  const script = join(import.meta.dirname, 'attacks.py');
  // Debian's own Python has Debian's python3-h2.
  const { stdout } = await promisify(execFile)('/usr/bin/python3', [script, String(port), name]);
  return JSON.parse(stdout) as Outcome; // the script's own
}

/** Answers every request but those for /hold. */
function answersButHold(connection: RawClient): void {
  let seen = 0;
  connection.socket.on('data', () => {
    const heads = connection.text.split('\r\n\r\n').length - 1;
    if (connection.text.includes(' /hold ')) return;
    for (; seen < heads; seen++) connection.write(OK);
  });
}
