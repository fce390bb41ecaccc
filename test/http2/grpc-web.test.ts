import {
  Server,
  ServerCredentials,
  status,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServerWritableStream,
} from '@grpc/grpc-js';
import { expect } from 'chai';
import fc from 'fast-check';
import { Base64Decoder } from '../../lib/http2/base64-decoder.ts';
import { readOptions } from '../../lib/upstream/options/index.ts';
import { H2Client } from '../fixtures/h2-client.ts';
import { Rig } from '../fixtures/rig.ts';

const text = { serialize: (value: string) => Buffer.from(value), deserialize: (bytes: Buffer) => bytes.toString() };
const kind = (path: string, responseStream: boolean) => ({
  path: `/test.Echo/${path}`,
  requestStream: false,
  responseStream,
  requestSerialize: text.serialize,
  requestDeserialize: text.deserialize,
  responseSerialize: text.serialize,
  responseDeserialize: text.deserialize,
});

/** A frame as gRPC-Web has it: a first byte, a length, and what it says. */
function frame(first: number, payload: string): Buffer {
  const bytes = Buffer.alloc(5);
  bytes[0] = first;
  bytes.writeUInt32BE(payload.length, 1);
  return Buffer.concat([bytes, Buffer.from(payload, 'latin1')]);
}

/** The frames of a body, each as its first byte and what it says. */
function framesOf(bytes: Buffer): [number, string][] {
  const frames: [number, string][] = [];
  for (let at = 0; at < bytes.length;) {
    const length = bytes.readUInt32BE(at + 1);
    frames.push([bytes[at] ?? 0, bytes.toString('latin1', at + 5, at + 5 + length)]);
    at += 5 + length;
  }
  return frames;
}

describe('gRPC-Web', () => {
  const rig = new Rig();
  const clients: H2Client[] = [];
  let server: Server;
  let port = 0;

  before(async () => {
    server = new Server();
    server.addService(
      { unary: kind('unary', false), down: kind('down', true) },
      {
        unary(call: ServerUnaryCall<string, string>, callback: sendUnaryData<string>) {
          if (call.request === 'fail') callback({ code: status.NOT_FOUND, details: 'none' });
          else callback(null, `echo ${call.request}`);
        },
        down(call: ServerWritableStream<string, string>) {
          for (let i = 0; i < 3; i++) call.write(`${call.request}${i}`);
          call.end();
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
    await Promise.all(clients.splice(0).map((client) => client.stop()));
    await rig.stop();
  });
  after(() => server.forceShutdown());

  async function ask(
    method: string,
    type: string,
    body: Buffer | string,
  ): Promise<{ type: unknown; bytes: Buffer; grpcStatus: unknown }> {
    const plane = await rig.proxying([port], {}, { http: { protocol: 'h2c', grpc_web: true } });
    const client = new H2Client(plane.port);
    clients.push(client);
    const reply = await client.ask(
      { ':path': `/test.Echo/${method}`, ':method': 'POST', 'content-type': type, 'x-grpc-web': '1' },
      body,
    );
    expect(reply).to.include({ status: 200, code: 0 });
    return {
      type: reply.fields['content-type'],
      grpcStatus: reply.fields['grpc-status'],
      bytes: Buffer.from(reply.text, 'latin1'),
    };
  }

  it('is answered in frames, the last of them trailers', async () => {
    const { type, bytes } = await ask('unary', 'application/grpc-web+proto', frame(0, 'hello'));
    expect(type).to.equal('application/grpc-web+proto');
    const [message, trailers] = framesOf(bytes);
    expect(message).to.deep.equal([0, 'echo hello']);
    expect(trailers?.[0]).to.equal(0x80);
    expect(trailers?.[1]).to.match(/(^|\r\n)grpc-status: 0\r\n/);
  });

  it('is base64 both ways as text', async () => {
    const { type, bytes } = await ask('down', 'application/grpc-web-text', frame(0, 'n').toString('base64'));
    expect(type).to.equal('application/grpc-web-text');
    const decoder = new Base64Decoder();
    const decoded = Buffer.from(decoder.decode(bytes.toString('latin1')) ?? '', 'latin1');
    const frames = framesOf(decoded);
    expect(frames.slice(0, 3)).to.deep.equal([0, 1, 2].map((i) => [0, `n${i}`]));
    expect(frames[3]?.[1]).to.contain('grpc-status: 0');
  });

  it('tells failures of servers', async () => {
    const { bytes, grpcStatus } = await ask('unary', 'application/grpc-web', frame(0, 'fail'));
    const told = bytes.length === 0 ? `grpc-status: ${String(grpcStatus)}` : (framesOf(bytes).at(-1)?.[1] ?? '');
    expect(told).to.contain(`grpc-status: ${status.NOT_FOUND}`);
  });

  it('comes by HTTP/1.1 as well', async () => {
    const plane = await rig.proxying([port], {}, { http: { protocol: 'h2c', grpc_web: true } });
    const client = await rig.client(plane.port);
    const body = frame(0, 'hi').toString('latin1');
    client.write(
      `POST /test.Echo/unary HTTP/1.1\r\nHost: a.test\r\nContent-Type: application/grpc-web\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    await client.until(
      /^HTTP\/1\.1 200 OK\r\n[^]*content-type: application\/grpc-web\r\n[^]*echo hi[^]*grpc-status: 0\r\n/,
    );
  });

  it('is of no use to servers of HTTP/1.1', () => {
    expect(readOptions({ http: { grpc_web: true } }).problems).to.deep.equal([
      { at: '/http/grpc_web', msg: 'needs protocol h2 or h2c' },
    ]);
  });

  it('has base64 that may be cut and padded anywhere', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 9 })), fc.integer({ min: 1, max: 7 }), (runs, size) => {
        const coded = runs.map((run) => Buffer.from(run).toString('base64')).join('');
        const decoder = new Base64Decoder();
        let bytes = '';
        for (let at = 0; at < coded.length; at += size) bytes += decoder.decode(coded.slice(at, at + size)) ?? 'bad';
        expect(Buffer.from(bytes, 'latin1').equals(Buffer.concat(runs))).to.equal(true);
        expect(decoder.isWhole).to.equal(true);
      }),
    );
    expect(new Base64Decoder().decode('a*bc')).to.equal(null);
    expect(new Base64Decoder().decode('a=bc')).to.equal(null);
  });
});
