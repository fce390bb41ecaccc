import { expect } from 'chai';
import * as fc from 'fast-check';
import { Inbox } from '../../lib/cluster/inbox.ts';
import type { ToWorker } from '../../lib/cluster/messages.ts';
import type { Carrier } from '../../lib/net/carrier.ts';

describe('the inbox of a worker', () => {
  it('keeps the order of messages, and gives each that has a socket its own, whichever way is faster', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean()), fc.infiniteStream(fc.boolean()), (withSocket, first) => {
        const said = withSocket.map((has, i): ToWorker => {
          const address = { kind: 'unix', path: String(i) } as const;
          return has ? { kind: 'open', address } : { kind: 'shut', address };
        });
        const messages = [...said];
        const carriers = said.flatMap(({ kind }, i): Carrier[] => (kind === 'open' ? [{ fd: i }] : []));
        const heard: (readonly [ToWorker, number | undefined])[] = [];
        const inbox = new Inbox((message, carrier) => heard.push([message, carrier?.fd]));
        while (messages.length + carriers.length > 0) {
          const takesMessage = carriers.length === 0 || (messages.length > 0 && first.next().value);
          if (takesMessage)
            inbox.add(messages.shift() as ToWorker); // there is one
          else inbox.addCarrier(carriers.shift() as Carrier); // there is one
        }
        expect(heard).to.deep.equal(said.map((one, i) => [one, one.kind === 'open' ? i : undefined]));
      }),
    );
  });
});
