import { expect } from 'chai';
import { InstancePlaces } from '../../lib/cluster/instance-places.ts';
import { PlaceLine, type HeldPlace } from '../../lib/cluster/place-line.ts';

const reports = { limit: 'reports', value: '', max: 3 };

describe('places that workers count together', () => {
  it('are as many as there may be, in all workers', () => {
    const places = new InstancePlaces();
    const taken = [1, 2, 1, 2].map((worker) => places.enter(worker, reports));
    expect(taken).to.deep.equal([true, true, true, false]);
    expect(places.enter(2, { ...reports, value: 'ann' })).to.equal(true);
    places.leave(2, reports);
    expect(places.enter(1, reports)).to.equal(true);
    expect(places.enter(1, { ...reports, max: 4 })).to.equal(true);
  });

  it('are free once a worker is gone that has held them, and are not given back twice', () => {
    const places = new InstancePlaces();
    for (const worker of [1, 1, 2]) places.enter(worker, reports);
    places.gone(1);
    for (let i = 0; i < 3; i++) places.leave(1, reports);
    const taken = [3, 3, 3].map((worker) => places.enter(worker, reports));
    expect(taken).to.deep.equal([true, true, false]);
    for (const worker of [2, 3, 1]) places.gone(worker);
    expect(places.size).to.equal(0);
  });

  it('are asked for over a line, and given back by it', async () => {
    const asked: number[] = [];
    const left: HeldPlace[] = [];
    const line = new PlaceLine(
      (question) => asked.push(question),
      (place) => left.push(place),
    );
    const [one, two] = [line.enter(reports), line.enter(reports)];
    line.answered(asked[0] ?? 0, true);
    line.answered(asked[1] ?? 0, false);
    const place = await one;
    expect(await two).to.equal(null);
    expect(left).to.deep.equal([]);
    place?.ended();
    expect(left).to.deep.equal([{ limit: 'reports', value: '' }]);
  });

  it('are not waited for long, and one that comes too late is given back', async () => {
    const asked: number[] = [];
    const left: HeldPlace[] = [];
    const line = new PlaceLine(
      (question) => asked.push(question),
      (place) => left.push(place),
    );
    expect(await line.enter(reports)).to.equal(undefined);
    expect(await line.enter(reports)).to.equal(undefined);
    line.answered(asked[0] ?? 0, true);
    line.answered(asked[1] ?? 0, false);
    expect(left).to.have.length(1);
  });
});
