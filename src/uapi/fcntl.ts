/** Open flags, fcntl commands and mmap constants: include/uapi/asm-generic/{fcntl,mman-common}.h. */

export const O_RDONLY = 0;
export const O_WRONLY = 1;
export const O_RDWR = 2;
export const O_ACCMODE = 3;
export const O_CLOEXEC = 0o2000000;

export const F_GETFD = 1;
export const F_SETFD = 2;
export const F_GETFL = 3;
export const FD_CLOEXEC = 1;

export const SEEK_SET = 0;
export const SEEK_CUR = 1;
export const SEEK_END = 2;

export const PROT_NONE = 0;
export const PROT_READ = 1;
export const PROT_WRITE = 2;

export const MAP_SHARED = 1;
export const MAP_PRIVATE = 2;
/** The bits of mmap's flags that hold one of the two. */
export const MAP_TYPE = 0xf;

const NAMES: Readonly<Record<string, number>> = { O_RDONLY, O_WRONLY, O_RDWR, O_CLOEXEC };

/**
 * Reads open flags as people write them: names joined by `|` or `,`, or a number.
 *
 * @returns the flags, or `undefined` when a name is not known
 */
export function parseOpenFlags(text: string): number | undefined {
  if (/^(0x[0-9a-f]+|[0-9]+)$/i.test(text)) {
    const value = Number(text);
    return value <= 0xffffffff ? value : undefined;
  }
  let flags = 0;
  for (const word of text.split(/[|,]/)) {
    const value = NAMES[word.trim().toUpperCase()];
    if (value === undefined) return undefined;
    flags |= value;
  }
  return flags;
}

/** Prints open flags by name: `O_RDWR|O_CLOEXEC`; unknown bits in hexadecimal. */
export function formatOpenFlags(flags: number): string {
  const mode = flags & O_ACCMODE;
  const names = [['O_RDONLY', 'O_WRONLY', 'O_RDWR', 'O_ACCMODE'][mode] ?? ''];
  if ((flags & O_CLOEXEC) !== 0) names.push('O_CLOEXEC');
  const rest = (flags & ~(O_ACCMODE | O_CLOEXEC)) >>> 0;
  if (rest !== 0) names.push(`0x${rest.toString(16)}`);
  return names.join('|');
}
