import { expect } from 'chai';
import { defineRule } from '../../lib/routing/rule.ts';
import { rules } from '../../rules/index.ts';
import { answering } from '../fixtures/plane.ts';
import { Rig } from '../fixtures/rig.ts';
import { OK } from '../peers/servers.ts';

describe('fields that only the graph may say', () => {
  const rig = new Rig();
  afterEach(() => rig.stop());

  const guard = defineRule<{ user?: string }>({
    type: 'guard',
    summary: 'Guards a field.',
    args: { properties: { user: { type: 'string' } } },
    edges: ['next'],
    compile({ user }, { edge }) {
      const next = edge('next');
      return (_request, plan) => {
        plan.guard(['x-user']);
        if (user !== undefined) plan.set(['X-User', user]);
        return next;
      };
    },
  });

  const graph = (args: object) => ({
    init: 'guard',
    rules: {
      guard: { type: 'guard', args: { ...args, next: 'ask' } },
      ask: { type: 'header', args: { name: 'X-User', exact: 'root', succ: 'no', fail: 'up' } },
      no: { type: 'respond', args: { status: 403 } },
      up: { type: 'backend', args: { servername: 'up' } },
    },
  });

  for (const [what, args, said] of [
    ['a value', { user: 'ann' }, '\r\nX-User: ann\r\n'],
    ['no value', {}, null],
  ] as const) {
    it(`a node sees, and a server gets, what the graph says with ${what}, whatever the client sends`, async () => {
      const server = await rig.serve(answering(OK));
      const plane = await rig.plane(
        { domains: { 'a.test': graph(args) }, upstreams: { up: [server.port] } },
        {},
        { rules: new Map([...rules, ['guard', guard]]) },
      );
      const client = await rig.client(plane.port);
      client.write('GET / HTTP/1.1\r\nHost: a.test\r\nX-User: root\r\nx_user: root\r\nConnection: X-User\r\n\r\n');
      expect(await client.until(/ok$/)).to.match(/^HTTP\/1.1 200 /);
      const got = server.connections[0]?.text ?? '';
      expect(got).to.not.include('root');
      if (said === null) expect(got).to.not.match(/x.user/i);
      else expect(got).to.include(said);
    });
  }

  for (const guards of [true, false])
    it(`a trailer is ${guards ? 'not ' : ''}forwarded where ${guards ? 'a' : 'no'} field is the graph's alone`, async () => {
      const server = await rig.serve(
        (connection) => void connection.until(/0\r\n(?:.+\r\n)*\r\n$/).then(() => connection.write(OK)),
      );
      const plane = await rig.plane(
        { domains: { 'a.test': guards ? graph({ user: 'ann' }) : 'up' }, upstreams: { up: [server.port] } },
        {},
        { rules: new Map([...rules, ['guard', guard]]) },
      );
      const client = await rig.client(plane.port);
      client.write(
        'POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-User: root\r\n\r\n',
      );
      await client.until(/ok$/);
      expect(server.connections[0]?.text.includes('root')).to.equal(!guards);
    });
});
