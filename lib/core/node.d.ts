/** Methods of Node's Buffer that exist, are the fastest of their kind, and are missing in its published types. */
interface Buffer {
  latin1Slice(start?: number, end?: number): string;
  latin1Write(text: string, offset?: number, length?: number): number;
}
