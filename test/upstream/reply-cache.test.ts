import { expect } from 'chai';
import fc from 'fast-check';
import { ReplyCache, type StoredReply } from '../../lib/upstream/reply-cache.ts';
import { ReplyCaches } from '../../lib/upstream/reply-caches.ts';

const MAX_BYTES = 100_000;

function cacheOf(maxBytes = MAX_BYTES): ReplyCache {
  return new ReplyCache({
    expirationMs: 10_000,
    maxEntryBytes: maxBytes / 4,
    maxBytes,
    statuses: new Set([200]),
    methods: new Set(['GET']),
    collapseMs: 0,
  });
}

function reply(variant: string, bytes: number, vary: StoredReply['vary'] = []): StoredReply {
  return {
    status: 200,
    head: Buffer.alloc(100),
    body: Buffer.alloc(bytes),
    variant,
    vary,
    bornAt: 0,
    freshUntil: 1000,
    isShared: false,
    isTold: true,
    etag: null,
    lastModified: null,
    isListed: () => true,
  };
}

describe('memory of a cache of replies', () => {
  const has = (cache: ReplyCache, uri: string, variant: string): boolean =>
    cache.find(uri, (one) => one.variant === variant) !== null;

  it('keeps 64 variants of a URI, the newest', () => {
    const cache = cacheOf();
    for (let i = 0; i < 100; i++) cache.store('/', reply(`v${i}`, 10));
    expect([has(cache, '/', 'v35'), has(cache, '/', 'v36'), has(cache, '/', 'v99')]).to.deep.equal([false, true, true]);
  });

  it('puts a variant in the place of the same one, whatever it varies by', () => {
    const cache = cacheOf();
    for (const language of ['de', 'en', 'de']) cache.store('/', reply('v', 10, [['accept-language', language]]));
    const before = cache.bytes;
    cache.store('/', reply('v', 10, [['accept-language', 'en']]));
    expect(cache.bytes).to.equal(before);
    expect(cache.find('/', ({ vary }) => vary[0]?.[1] === 'de')).to.not.equal(null);
  });

  it('gives up the oldest variants of a URI that fills it alone, not all of them', () => {
    const cache = cacheOf();
    for (let i = 0; i < 20; i++) cache.store('/', reply(`v${i}`, MAX_BYTES / 5));
    expect(cache.bytes).to.be.within(MAX_BYTES / 2, MAX_BYTES);
    expect([has(cache, '/', 'v19'), has(cache, '/', 'v18'), has(cache, '/', 'v0')]).to.deep.equal([true, true, false]);
  });

  it('replies on their way may take a quarter, for which what is kept makes room', () => {
    const cache = cacheOf();
    for (let i = 0; i < 20; i++) cache.store(`/${i}`, reply('v', 4000));
    const before = cache.bytes;
    expect(cache.reserve(MAX_BYTES / 4 + 1)).to.equal(false);
    expect(cache.bytes).to.equal(before);
    expect(cache.reserve(MAX_BYTES / 4)).to.equal(true);
    expect(cache.bytes).to.be.at.most((MAX_BYTES * 3) / 4);
    expect(cache.reserve(1)).to.equal(false);
    cache.release(MAX_BYTES / 4);
    expect(cache.reserve(1)).to.equal(true);
  });

  it('counts what it has, whatever happens to it, and never has more than it may', () => {
    const step = fc.record({
      kind: fc.constantFrom('store', 'find', 'forget', 'forgetAll', 'reserve'),
      uri: fc.nat(5),
      variant: fc.nat(5),
      bytes: fc.nat(MAX_BYTES / 4),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const cache = cacheOf();
        for (const { kind, uri, variant, bytes } of steps) {
          if (kind === 'store') cache.store(`/${uri}`, reply(`v${variant}`, bytes));
          else if (kind === 'find') has(cache, `/${uri}`, `v${variant}`);
          else if (kind === 'forget') cache.forget(`/${uri}`);
          else if (kind === 'forgetAll') cache.forgetAll((name) => name.endsWith(String(variant)));
          else if (cache.reserve(bytes)) cache.release(bytes);
          expect(cache.bytes).to.be.within(0, MAX_BYTES);
          expect(cache.bytes === 0).to.equal(cache.size === 0);
        }
        cache.forgetAll(() => true);
        expect([cache.bytes, cache.size]).to.deep.equal([0, 0]);
      }),
      { numRuns: 200 },
    );
  });

  it('forgets URIs, all that begin so, and all of an upstream', () => {
    const caches = new ReplyCaches(() => undefined);
    const [one, two] = [cacheOf(), cacheOf()];
    caches.set('one', one);
    caches.set('two', two);
    for (const cache of [one, two]) for (const uri of ['a /x', 'a /xy', 'b /x']) cache.store(uri, reply('v', 1));
    let outdated = 0;
    const underway = { uri: 'a /xyz', outdate: () => void outdated++ };
    one.begin(underway);
    expect(caches.forget({ uris: ['a /x'], upstreams: [] })).to.equal(2);
    expect([one.size, outdated]).to.deep.equal([2, 0]);
    expect(caches.forget({ uris: ['a /x*'], upstreams: [] })).to.equal(2);
    expect(outdated).to.equal(1);
    one.end(underway);
    expect(caches.forget({ uris: [], upstreams: ['two', 'none'] })).to.equal(1);
    expect([one.size, two.size]).to.deep.equal([1, 0]);
    caches.set('one', null);
    expect(caches.forget({ uris: ['*'], upstreams: [] })).to.equal(0);
  });
});
