import type { RawClient } from '../fixtures/plane.ts';

/** A server that does with a connection what no good one does. `index`: how many connections came before. */
export type ServerPeer = (connection: RawClient, index: number) => void;

export const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDate: now\r\n\r\nok';

/** Misbehaving servers by the names they are known by. */
export const SERVERS = {
  neverAnswers: () => undefined,
  closesOnAccept: (connection) => connection.destroy(),
  resetsOnRequest: onRequest((connection) => connection.socket.resetAndDestroy()),
  closesOnRequest: onRequest((connection) => connection.socket.end()),
  /** Keeps the connection and is gone when it is used again. */
  closesAtReuse: onRequest((connection, count) => (count === 1 ? connection.write(OK) : connection.destroy())),
  resetsAtReuse: onRequest((connection, count) =>
    count === 1 ? connection.write(OK) : connection.socket.resetAndDestroy(),
  ),
  /** Says that it keeps the connection and ends it at once. */
  closesBehindReply: onRequest((connection) => void connection.socket.end(OK)),
  resetsInHead: onRequest((connection) => resetBehind(connection, 'HTTP/1.1 200 OK\r\nContent-')),
  resetsInBody: onRequest((connection) => resetBehind(connection, 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc')),
  resetsInChunks: onRequest((connection) =>
    resetBehind(connection, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n'),
  ),
  resetsCloseDelimited: onRequest((connection) => resetBehind(connection, 'HTTP/1.1 200 OK\r\n\r\nabc')),
  cutsHead: onRequest((connection) => void connection.socket.end('HTTP/1.1 200 OK\r\nContent-Le')),
  cutsBody: onRequest((connection) => void connection.socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc')),
  cutsChunks: onRequest(
    (connection) =>
      void connection.socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n'),
  ),
  /** Answers before it has read the body, and reads no more of it. */
  refusesUpload: onRequest((connection) => {
    connection.socket.pause();
    connection.write('HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    connection.socket.end();
  }),
  /** A second reply that nobody asked for, with the first one and a little later. */
  unsolicited: onRequest((connection) => connection.write(`${OK}HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison`)),
  unsolicitedLater: onRequest((connection) => {
    connection.write(OK);
    setTimeout(() => connection.write('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison'), 20);
  }),
  bodyBehind204: onRequest((connection) => connection.write('HTTP/1.1 204 No\r\nContent-Length: 6\r\n\r\npoison')),
  interimFlood: onRequest((connection) => connection.write('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(1000) + OK)),
  unaskedUpgrade: onRequest((connection) =>
    connection.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\npoison'),
  ),
  /** A whole reply, a byte at a time. */
  slowDrip: onRequest((connection) => {
    connection.socket.setNoDelay(true);
    let at = 0;
    const timer = setInterval(() => {
      if (at === OK.length || connection.closed) clearInterval(timer);
      else connection.write(OK.charAt(at++));
    }, 1);
  }),
  garbage: onRequest((connection) => connection.write('\x00\xff garbage\n\n<html>')),
  http09: onRequest((connection) => void connection.socket.end('<html>hello</html>')),
  endlessHead: onRequest((connection) => connection.write(`HTTP/1.1 200 OK\r\n${'X: xxxxxxxx\r\n'.repeat(20_000)}`)),
  twoLengths: onRequest((connection) =>
    connection.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 20\r\n\r\nok'),
  ),
  lengthAndChunks: onRequest((connection) =>
    connection.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'),
  ),
  badChunk: onRequest((connection) =>
    connection.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nxyz\r\n'),
  ),
} satisfies Record<string, ServerPeer>;

/** Calls back for each request head that comes, with its number on the connection. */
function onRequest(answer: (connection: RawClient, count: number) => void): ServerPeer {
  return (connection) => {
    let seen = 0;
    connection.socket.on('data', () => {
      const heads = connection.text.split('\r\n\r\n').length - 1;
      while (seen < heads) answer(connection, ++seen);
    });
  };
}

function resetBehind(connection: RawClient, text: string): void {
  // What is written is on its way before the RST overtakes it.
  connection.socket.write(text, 'latin1', () => setTimeout(() => connection.socket.resetAndDestroy(), 10));
}
