/**
 * Answers in advance what the store's native loader would find out slowly: 9 ms of a command's 40.
 */
import { readFileSync } from 'node:fs';

/** Which C library a process uses, from the files that it has mapped; `undefined` when neither is there. */
export function libcOf(maps: string): 'glibc' | 'musl' | undefined {
  if (/\/ld-musl-[^/]*\n/.test(maps)) return 'musl';
  return /\/libc(\.so\.6|-2\.\d+\.so)\n/.test(maps) ? 'glibc' : undefined;
}

/**
 * Sets what node-gyp-build-optional-packages and msgpackr (both lmdb's) ask of the environment. To be
 * called before the store is loaded; where nothing is known nothing is set, and they look themselves.
 */
export function quickStart(env: NodeJS.ProcessEnv): void {
  // The records have a codec of their own: msgpackr's native part would be loaded for nothing.
  env.MSGPACKR_NATIVE_ACCELERATION_DISABLED ??= 'true';
  if (process.platform !== 'linux' || env.LIBC !== undefined) return;
  try {
    const libc = libcOf(readFileSync('/proc/self/maps', 'latin1'));
    if (libc !== undefined) env.LIBC = libc;
  } catch {
    // No /proc here: the loader finds out by itself.
  }
}
