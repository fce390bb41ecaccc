import { expect } from 'chai';
import { balancers } from '../../lib/balance/index.ts';
import { Wheel } from '../../lib/core/wheel.ts';
import { DEFAULT_OPTIONS, readOptions } from '../../lib/upstream/options/index.ts';
import { Barred } from '../../lib/upstream/server-health.ts';
import { Upstreams } from '../../lib/upstream/upstreams.ts';
import { serverKey, USUAL_PARAMETERS, type ServerSpec } from '../../lib/upstream/server-spec.ts';
import { LIMITS } from '../fixtures/plane.ts';

const SPEC: ServerSpec = { ...USUAL_PARAMETERS, name: '10.0.0.1:80', host: '10.0.0.1', port: 80 };
const SECOND: ServerSpec = { ...SPEC, name: '10.0.0.2:80', host: '10.0.0.2' };
const { options: OTHER } = readOptions({ balance: { slow_start: '10s' } });

describe('upstreams', () => {
  let upstreams: Upstreams;
  beforeEach(() => {
    upstreams = new Upstreams({ wheel: new Wheel(), balancers, limits: LIMITS, serverCa: null, random: () => 0 });
  });
  afterEach(() => upstreams.close());

  it('have the shared defaults for options', () => {
    upstreams.set('up', [SPEC]);
    expect(upstreams.get('up')?.options).to.equal(DEFAULT_OPTIONS);
    expect(upstreams.get('10.0.0.9:80')?.options).to.equal(DEFAULT_OPTIONS);
  });

  for (const name of ['up', '10.0.0.9:80']) {
    it(`take options of ${name} before and after its servers, and give them up again`, () => {
      upstreams.configure(name, OTHER);
      if (name === 'up') upstreams.set(name, [SPEC]);
      expect(upstreams.get(name)?.options).to.equal(OTHER);
      upstreams.configure(name, null);
      expect(upstreams.get(name)?.options).to.equal(DEFAULT_OPTIONS);
      upstreams.configure(name, OTHER);
      expect(upstreams.get(name)?.options).to.equal(OTHER);
    });
  }

  it('keep options while the upstream goes and comes', () => {
    upstreams.set('up', [SPEC]);
    upstreams.configure('up', OTHER);
    upstreams.delete('up');
    upstreams.set('up', [SPEC]);
    expect(upstreams.get('up')?.options).to.equal(OTHER);
  });

  it('keep their servers, with all that is known of them, when options change', () => {
    upstreams.set('up', [SPEC]);
    const up = upstreams.get('up');
    const [server] = up?.servers ?? [];
    server?.chosen();
    server?.failed();
    upstreams.configure('up', OTHER);
    expect(upstreams.get('up')).to.equal(up);
    expect(up?.servers[0]).to.equal(server);
    expect([server?.inFlight, server?.fails, server?.available]).to.deep.equal([1, 1, false]);
  });

  describe('sleep until somebody asks for them', () => {
    const awake = (): readonly string[] => Array.from(upstreams.each(null), ([{ name }]) => name);

    it('by name or by a tag', () => {
      for (const name of ['up', 'tagged', 'other']) upstreams.set(name, [SPEC]);
      expect(awake()).to.deep.equal([]);
      expect([...upstreams.names()]).to.have.members(['up', 'tagged', 'other']);
      expect(upstreams.get('up')?.servers).to.have.length(1);
      expect(upstreams.get('tagged#blue')?.name).to.equal('tagged');
      expect(awake()).to.deep.equal(['up', 'tagged']);
      upstreams.delete('other');
      expect(upstreams.get('other')).to.equal(null);
    });

    it('and do not wake for other weights, but do for another server, which starts slowly as it would have', () => {
      upstreams.configure('up', OTHER);
      upstreams.set('up', [SPEC]);
      upstreams.set('up', [{ ...SPEC, weight: 5 }]);
      expect(awake()).to.deep.equal([]);
      upstreams.set('up', [SPEC, SECOND]);
      expect(awake()).to.deep.equal(['up']);
      const [old, added] = upstreams.get('up')?.servers ?? [];
      expect(added?.startedAt).to.be.above(old?.startedAt ?? 0);
    });

    it('or their servers are not what they were', () => {
      upstreams.set('up', [SPEC]);
      const barred = [{ upstream: 'up', server: serverKey(SPEC), barred: Barred.CHECKS }];
      upstreams.learn({ barred, failures: [], breakers: [] });
      expect(upstreams.get('up')?.servers[0]?.barred).to.equal(Barred.CHECKS);
    });

    it('but for those with a breaker, which has always something to tell', () => {
      const { options } = readOptions({ breaker: { window: 'count' } });
      upstreams.set('before', [SPEC]);
      for (const name of ['before', 'after']) upstreams.configure(name, options);
      upstreams.set('after', [SPEC]);
      expect(awake()).to.deep.equal(['before', 'after']);
    });
  });
});
