/**
 * The bytes of a head that is there as text, each character a byte, in memory that all heads share: good until the next one is written
 * down. It has room behind them.
 */
export function headBytes(text: string): Buffer {
  if (text.length > memory.length) memory = Buffer.allocUnsafeSlow(text.length);
  memory.latin1Write(text, 0);
  return memory;
}

/** Heads that are larger than this are rare. */
let memory = Buffer.allocUnsafeSlow(16_384);
