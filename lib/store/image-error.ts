/** An image could not be read or written. The message is for an operator. */
export class ImageError extends Error {
  override readonly name = 'ImageError';
}
