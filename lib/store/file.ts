import { MemoryStore } from './memory.ts'; export class FileStore extends MemoryStore { constructor(_p: string) { super(); } }
