/** Every verb that is one call, by its name. */
import { dup } from './dup.ts';
import { fcntl } from './fcntl.ts';
import { lseek } from './lseek.ts';
import { munmap } from './munmap.ts';

export const VERBS = { dup, fcntl, lseek, munmap } as const;
