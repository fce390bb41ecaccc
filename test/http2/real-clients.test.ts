import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { answering } from '../fixtures/plane.ts';
import { Rig } from '../fixtures/rig.ts';
import { OK } from '../peers/servers.ts';

const run = promisify(execFile);

/** One request by the state machine of Python's h2, which is strict about what it is sent. */
const PYTHON = `
import socket, sys
import h2.connection, h2.events
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
c = h2.connection.H2Connection()
c.initiate_connection()
c.send_headers(1, [(":method", "POST"), (":scheme", "http"), (":authority", "a.test"), (":path", "/")])
c.send_data(1, b"x" * 1000, end_stream=True)
s.sendall(c.data_to_send())
said = []
while "end" not in said:
    for event in c.receive_data(s.recv(65536)):
        if isinstance(event, h2.events.ResponseReceived): said.append(dict(event.headers)[b":status"].decode())
        if isinstance(event, h2.events.DataReceived): said.append(event.data.decode())
        if isinstance(event, h2.events.StreamEnded): said.append("end")
    s.sendall(c.data_to_send())
print(*said)
`;

describe('HTTP/2 by clients of others', () => {
  const rig = new Rig();
  afterEach(() => rig.stop());

  async function site(): Promise<number> {
    const server = await rig.serve(answering(OK));
    const table = { domains: { '*': 'up' }, upstreams: { up: [server.port] } };
    return (await rig.plane(table)).port;
  }

  it('curl, with prior knowledge', async () => {
    const said = ['-w', ' %{http_version} %{http_code}'];
    const { stdout } = await run('curl', [
      '-s',
      '--http2-prior-knowledge',
      ...said,
      `http://127.0.0.1:${await site()}/`,
    ]);
    expect(stdout).to.equal('ok 2 200');
  });

  it('nghttp, several requests and a body', async () => {
    const place = `http://127.0.0.1:${await site()}`;
    const { stdout } = await run('nghttp', [`${place}/1`, `${place}/2`, `${place}/3`]);
    expect(stdout).to.equal('okokok');
    expect((await run('nghttp', ['-v', '-d', import.meta.filename, `${place}/`])).stdout).to.contain(':status: 200');
  });

  it('h2load, many streams on a few connections', async () => {
    const { stdout } = await run('h2load', ['-n', '500', '-c', '4', '-m', '20', `http://127.0.0.1:${await site()}/`]);
    expect(stdout).to.contain('500 done, 500 succeeded, 0 failed, 0 errored, 0 timeout');
  });

  it("Python's h2", async () => {
    const { stdout } = await run('/usr/bin/python3', ['-c', PYTHON, String(await site())]);
    expect(stdout.trim()).to.equal('200 ok end');
  });
});
