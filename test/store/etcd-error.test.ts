import { expect } from 'chai';
import { etcdErrorText } from '../../lib/store/etcd-error.ts';

describe('what went wrong with etcd', () => {
  const CASES = [
    [
      '14 UNAVAILABLE: No connection established. Last error: Error: connect ECONNREFUSED 10.0.0.1:2379. Resolution note: ',
      'No connection established. Last error: connect ECONNREFUSED 10.0.0.1:2379',
    ],
    [
      'EtcdAuthenticationFailedError: 3 INVALID_ARGUMENT: etcdserver: authentication failed',
      'etcdserver: authentication failed',
    ],
    ['Error: 16 UNAUTHENTICATED: etcdserver: invalid auth token', 'etcdserver: invalid auth token'],
    ['14 UNAVAILABLE: Resolution note: no such name', 'Resolution note: no such name'],
    ['the stream has ended', 'the stream has ended'],
  ] as const;
  for (const [message, text] of CASES) it(text, () => expect(etcdErrorText(new Error(message))).to.equal(text));

  it('of what is no error', () => {
    expect(etcdErrorText('gone')).to.equal('gone');
  });
});
