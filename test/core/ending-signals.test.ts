import { expect } from 'chai';
import { endingSignals } from '../../bin/ending-signals.ts';

describe('signals to end', () => {
  const cases: readonly [title: string, atMs: readonly number[], told: readonly string[]][] = [
    ['one drains', [0], ['drain']],
    ['one that comes twice is one', [0, 0, 3, 249], ['drain']],
    ['one after a quarter of a second kills', [0, 250], ['drain', 'kill']],
    ['an echo does not put the second one off', [1000, 1200, 1260], ['drain', 'kill']],
    ['every later one kills', [0, 300, 301], ['drain', 'kill', 'kill']],
  ];
  for (const [title, atMs, told] of cases) {
    it(title, () => {
      let now = 0;
      const heard: string[] = [];
      const end = endingSignals(
        () => now,
        () => heard.push('drain'),
        () => heard.push('kill'),
      );
      for (now of atMs) end();
      expect(heard).to.deep.equal(told);
    });
  }
});
