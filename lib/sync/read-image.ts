import type { Image, ImageNews } from '../store/image.ts';
import { Table } from '../table.ts';
import { firstTable } from './first-table.ts';
import type { ImageStore } from './keeper.ts';

/** An image store that remembers, until it is to forget it, the table of the image that was read: workers may have begun with it. */
export class ReadImage implements ImageStore {
  readonly #images: ImageStore;
  #image: Image | null = null;
  #table: Table | null = null;

  constructor(images: ImageStore) {
    this.#images = images;
  }

  get path(): string {
    return this.#images.path;
  }

  async read(): Promise<Image | null> {
    this.#image = await this.#images.read();
    return this.#image;
  }

  write(image: Image): Promise<void> {
    return this.#images.write(image);
  }

  add(news: ImageNews): Promise<boolean> {
    return this.#images.add(news);
  }

  close(): Promise<void> {
    return this.#images.close();
  }

  /** Null: it was not read, or its table cannot be told without a control plane. */
  table(): Table | null {
    if (this.#table !== null || this.#image === null) return this.#table;
    const changes = firstTable(this.#image);
    if (changes === null) return null;
    this.#table = new Table();
    for (const change of changes) this.#table.put(change);
    return this.#table;
  }

  forget(): void {
    this.#image = null;
    this.#table = null;
  }
}
