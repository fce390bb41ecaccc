import { expect } from 'chai';
import { balancers } from '../../lib/balance/index.ts';
import { Wheel } from '../../lib/core/wheel.ts';
import { DEFAULT_OPTIONS, readOptions } from '../../lib/upstream/options/index.ts';
import { Upstreams } from '../../lib/upstream/upstreams.ts';
import { USUAL_PARAMETERS, type ServerSpec } from '../../lib/upstream/server-spec.ts';
import { LIMITS } from '../fixtures/plane.ts';

const SPEC: ServerSpec = { ...USUAL_PARAMETERS, name: '10.0.0.1:80', host: '10.0.0.1', port: 80 };
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
});
