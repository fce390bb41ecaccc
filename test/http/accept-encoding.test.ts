import { expect } from 'chai';
import { chosenCoding } from '../../lib/http/accept-encoding.ts';

const OFFERED = ['zstd', 'br', 'gzip'] as const;

describe('Accept-Encoding', () => {
  const rows: readonly (readonly [field: string | null, chosen: string | null])[] = [
    [null, null],
    ['', null],
    ['identity', null],
    ['deflate', null],
    ['gzip', 'gzip'],
    ['x-gzip', 'gzip'],
    ['GZIP', 'gzip'],
    ['gzip, deflate, br, zstd', 'zstd'],
    ['gzip, deflate, br', 'br'],
    ['gzip;q=1, br;q=0.9', 'gzip'],
    ['gzip ; q=0.5 , br;Q=0.6', 'br'],
    ['gzip;q=0', null],
    ['gzip;q=0.000, br', 'br'],
    ['*', 'zstd'],
    ['*;q=0', null],
    ['zstd;q=0, *', 'br'],
    ['*;q=0.1, gzip', 'gzip'],
    // The plain body is liked better, or not.
    ['identity, gzip;q=0.5', null],
    ['identity;q=0.5, gzip', 'gzip'],
    ['identity;q=0.5, gzip;q=0.5', 'gzip'],
    ['identity;q=0, gzip;q=0.001', 'gzip'],
    ['identity;q=0', null],
    // No weight: nothing that was clearly asked for.
    ['gzip;q=2', null],
    ['gzip;q=-1', null],
    ['gzip;q=', null],
    ['gzip;q=0.5555', null],
    ['gzip;q=1.001', null],
    ['gzip;level=1', null],
    [',, ,gzip,', 'gzip'],
    ['gzipped', null],
  ];
  for (const [field, chosen] of rows)
    it(`${JSON.stringify(field)}: ${String(chosen)}`, () => expect(chosenCoding(field, OFFERED)).to.equal(chosen));

  it('of equal ones takes the first that is offered', () => {
    expect(chosenCoding('zstd, gzip', ['gzip', 'zstd'])).to.equal('gzip');
  });

  it('costs no more than its length', () => {
    expect(chosenCoding(`${',gzip;q=0'.repeat(8000)}`, OFFERED)).to.equal(null);
  });
});
