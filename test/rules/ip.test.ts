import { ip } from '../../rules/ip.ts';
import { matcherSuite } from './matcher.ts';

const networks = ['10.0.0.0/8', '2001:db8::/32', '192.0.2.7'];

matcherSuite(
  ip,
  [
    [{ networks }, { clientAddress: '10.1.2.3' }, true],
    [{ networks }, { clientAddress: '11.1.2.3' }, false],
    [{ networks }, { clientAddress: '192.0.2.7' }, true],
    [{ networks }, { clientAddress: '192.0.2.8' }, false],
    [{ networks }, { clientAddress: '2001:db8::1' }, true],
    [{ networks }, { clientAddress: '2001:db9::1' }, false],
    [{ networks }, { clientAddress: '::ffff:10.0.0.1' }, true],
    [{ networks: ['::/0'] }, { clientAddress: '10.0.0.1' }, false],
    [{ networks }, { clientAddress: 'unix' }, false],
    [{ networks, of: 'peer' }, { clientAddress: '10.0.0.1', peerAddress: '127.0.0.1' }, false],
    [{ networks, of: 'peer' }, { clientAddress: '127.0.0.1', peerAddress: '10.0.0.1' }, true],
    [{ networks, of: 'client' }, { clientAddress: '127.0.0.1', peerAddress: '10.0.0.1' }, false],
  ],
  [
    [{}, '', /networks/],
    [{ networks: [] }, '/networks', /fewer than 1/],
    [{ networks: ['10.0.0.0/8', '10.0.0.0/33'] }, '/networks/1', /is not a network/],
    [{ networks: ['a.test'] }, '/networks/0', /is not a network/],
    [{ networks, of: 'host' }, '/of', /allowed values/],
  ],
);
