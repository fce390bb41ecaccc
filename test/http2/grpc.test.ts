import { once } from 'node:events';
import {
  credentials,
  makeGenericClientConstructor,
  Metadata,
  Server,
  ServerCredentials,
  status,
  type Client,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  type ServiceError,
} from '@grpc/grpc-js';
import { expect } from 'chai';
import { Rig, turnsUntil } from '../fixtures/rig.ts';
import type { TestPlane } from '../fixtures/plane.ts';

type Text = string;
const text = { serialize: (value: Text) => Buffer.from(value), deserialize: (bytes: Buffer) => bytes.toString() };
const kind = (path: string, requestStream: boolean, responseStream: boolean) => ({
  path: `/test.Echo/${path}`,
  requestStream,
  responseStream,
  requestSerialize: text.serialize,
  requestDeserialize: text.deserialize,
  responseSerialize: text.serialize,
  responseDeserialize: text.deserialize,
});
const SERVICE = {
  unary: kind('unary', false, false),
  down: kind('down', false, true),
  up: kind('up', true, false),
  both: kind('both', true, true),
  missing: kind('missing', false, false),
};
const EchoClient = makeGenericClientConstructor(SERVICE, 'test.Echo');

describe("gRPC, by the gRPC project's own client and server", () => {
  const rig = new Rig();
  let server: Server;
  let port = 0;
  let seen: Metadata[] = [];
  let cancelled = 0;
  const clients: Client[] = [];

  before(async () => {
    server = new Server();
    server.addService(
      { unary: SERVICE.unary, down: SERVICE.down, up: SERVICE.up, both: SERVICE.both },
      {
        unary(call: ServerUnaryCall<Text, Text>, callback: sendUnaryData<Text>) {
          seen.push(call.metadata);
          call.on('cancelled', () => cancelled++);
          if (call.request === 'never') return;
          const trailer = new Metadata();
          trailer.set('x-trailer', 'behind');
          if (call.request === 'fail')
            callback({ code: status.FAILED_PRECONDITION, details: 'not äs it is', metadata: trailer });
          else callback(null, `echo ${call.request}`, trailer);
        },
        down(call: ServerWritableStream<Text, Text>) {
          for (let i = 0; i < 100; i++) call.write(`${call.request}${i}`);
          call.end();
        },
        up(call: ServerReadableStream<Text, Text>, callback: sendUnaryData<Text>) {
          let all = '';
          call.on('data', (one: Text) => (all += one));
          call.on('end', () => callback(null, all));
        },
        both(call: ServerDuplexStream<Text, Text>) {
          call.on('data', (one: Text) => call.write(`re:${one}`));
          call.on('end', () => call.end());
        },
      },
    );
    port = await new Promise((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    seen = [];
    await rig.stop();
  });
  after(() => server.forceShutdown());

  async function calling(change: Parameters<Rig['proxying']>[2] = {}, limits: Parameters<Rig['proxying']>[1] = {}) {
    const plane = await rig.proxying([port], limits, { http: { protocol: 'h2c' }, ...change });
    return connect(plane);
  }

  function connect(plane: TestPlane, host = 'a.test'): InstanceType<typeof EchoClient> {
    const one = new EchoClient(`127.0.0.1:${plane.port}`, credentials.createInsecure(), {
      'grpc.default_authority': host,
    });
    clients.push(one);
    return one;
  }

  /** A unary call: its reply or its error, and its trailers. */
  function unary(
    one: InstanceType<typeof EchoClient>,
    method: string,
    request: Text,
    options: { deadline?: number; metadata?: Metadata } = {},
  ): Promise<{ reply: Text | null; error: ServiceError | null; trailer: Metadata }> {
    return new Promise((resolve) => {
      const { metadata = new Metadata(), deadline } = options;
      let outcome: { reply: Text | null; error: ServiceError | null } | null = null;
      const call = one[method]?.(
        request,
        metadata,
        deadline === undefined ? {} : { deadline },
        (error: ServiceError | null, reply: Text) => {
          outcome = { error, reply: reply ?? null };
          if (error !== null) resolve({ ...outcome, trailer: error.metadata });
        },
      );
      call.on('status', ({ metadata: trailer }: { metadata: Metadata }) => {
        if (outcome !== null) resolve({ ...outcome, trailer });
        else setImmediate(() => resolve({ ...(outcome ?? { reply: null, error: null }), trailer }));
      });
    });
  }

  it('unary calls, with metadata both ways and trailers', async () => {
    const metadata = new Metadata();
    metadata.set('x-asked', 'yes');
    metadata.set('x-asked-bin', Buffer.from([0, 1, 255]));
    const { reply, error, trailer } = await unary(await calling(), 'unary', 'hello', { metadata });
    expect([error, reply, trailer.get('x-trailer')]).to.deep.equal([null, 'echo hello', ['behind']]);
    expect(seen[0]?.get('x-asked')).to.deep.equal(['yes']);
    expect(seen[0]?.get('x-asked-bin')).to.deep.equal([Buffer.from([0, 1, 255])]);
    expect(seen[0]?.get('x-forwarded-for')).to.deep.equal(['127.0.0.1']);
  });

  it('errors of servers, with their details', async () => {
    const one = await calling();
    const failed = await unary(one, 'unary', 'fail');
    expect(failed.error).to.include({ code: status.FAILED_PRECONDITION, details: 'not äs it is' });
    expect(failed.error?.metadata.get('x-trailer')).to.deep.equal(['behind']);
    expect((await unary(one, 'missing', '')).error).to.include({ code: status.UNIMPLEMENTED });
  });

  it('streams of a server', async () => {
    const call = (await calling())['down']?.('n');
    const all: Text[] = [];
    call.on('data', (one: Text) => all.push(one));
    await once(call, 'end');
    expect(all).to.deep.equal(Array.from({ length: 100 }, (_, i) => `n${i}`));
  });

  it('streams of a client', async () => {
    const one = await calling();
    const reply = await new Promise((resolve, reject) => {
      const call = one['up']?.((error: ServiceError | null, all: Text) =>
        error === null ? resolve(all) : reject(error),
      );
      for (let i = 0; i < 50; i++) call.write(`${i},`);
      call.end();
    });
    expect(reply).to.equal(Array.from({ length: 50 }, (_, i) => `${i},`).join(''));
  });

  it('streams of both, each message answered before the next is sent', async () => {
    const call = (await calling())['both']?.();
    for (const word of ['one', 'two', 'three']) {
      call.write(word);
      expect((await once(call, 'data'))[0]).to.equal(`re:${word}`);
    }
    call.end();
    call.resume();
    const [outcome] = (await once(call, 'status')) as [{ code: number }];
    expect(outcome.code).to.equal(status.OK);
  });

  it('deadlines and cancellations, which reach the server', async () => {
    const one = await calling();
    const before = cancelled;
    const late = await unary(one, 'unary', 'never', { deadline: Date.now() + 300 });
    expect(late.error?.code).to.equal(status.DEADLINE_EXCEEDED);
    await turnsUntil(() => cancelled > before);
  });

  it('our own outcomes are those of gRPC', async () => {
    const plane = await rig.proxying([port], { readMs: 300 }, { http: { protocol: 'h2c' } });
    const unknown = await unary(connect(plane, 'unknown.test'), 'unary', 'x');
    expect(unknown.error).to.include({ code: status.UNIMPLEMENTED });
    expect(unknown.error?.details).to.contain('no domain');
    const silent = await unary(connect(plane), 'unary', 'never');
    expect(silent.error).to.include({ code: status.DEADLINE_EXCEEDED });
    const none = await rig.proxying([1], {}, { http: { protocol: 'h2c' } });
    expect((await unary(connect(none), 'unary', 'x')).error).to.include({ code: status.UNAVAILABLE });
  });
});
