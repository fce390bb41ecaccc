import { expect } from 'chai';
import { usualStateDirectory } from '../../lib/core/state-directory.ts';

describe('usualStateDirectory', () => {
  const home = { HOME: '/home/a' };
  const table: readonly (readonly [env: Record<string, string>, isRoot: boolean, directory: string | null])[] = [
    [home, false, '/home/a/.local/state/elb'],
    [{ ...home, XDG_STATE_HOME: '/state' }, false, '/state/elb'],
    [{ ...home, XDG_STATE_HOME: 'relative' }, false, '/home/a/.local/state/elb'],
    [{ HOME: '/', XDG_STATE_HOME: '' }, false, null],
    [{ HOME: '/root' }, true, '/var/lib/elb'],
    [{ ...home, STATE_DIRECTORY: '/var/lib/elb-a' }, false, '/var/lib/elb-a'],
    [{ ...home, STATE_DIRECTORY: '/var/lib/a:/var/lib/b' }, true, '/var/lib/a'],
  ];
  for (const [env, isRoot, directory] of table) {
    it(`${JSON.stringify(env)}${isRoot ? ' as root' : ''}: ${directory}`, () => {
      expect(usualStateDirectory(env, isRoot)).to.equal(directory);
    });
  }
});
