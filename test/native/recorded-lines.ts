/** Which recorded lines a run is held to: fixtures/programs/README.md says how they were recorded. */

export interface Line {
  readonly name: string;
  readonly value: string;
}

/** `name: value`, one a line. */
export const linesOf = (text: string): Line[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const at = line.lastIndexOf(': ');
      return { name: line.slice(0, at), value: line.slice(at + 2) };
    });

/** Lines of one program that say something of the machine of the recording, not of dma-buf heaps. */
const OF_THE_MACHINE: Readonly<Record<string, RegExp>> = {
  // Drivers get their majors at boot, in the order of that machine's.
  'heap-node': /^major$|in \/proc\/devices/,
  // Explains other lines: which flags a mapping has is the host's, which maps a file.
  'mmap-args': /^VmFlags/,
  // A byte of code, in the language of the processor.
  mprotect: /^private: load$/,
  // How much is copied before a fault is the processor's and its copying loop's.
  'user-copy': /past the end$|^last bytes|^left in the pipe|over its border$/,
};

/** Why a recorded line is not compared; `undefined` for one that is. */
export function notCompared(program: string, { name, value }: Line): string | undefined {
  if (value === 'not-configured') return 'the recorded kernel had no such system call';
  if (name.startsWith('alive ')) return 'reads debugfs';
  return OF_THE_MACHINE[program]?.test(name) === true ? 'of the machine' : undefined;
}

export interface Difference {
  readonly name: string;
  readonly recorded: string;
  readonly got: string | undefined;
}

export interface Comparison {
  readonly compared: number;
  readonly differences: readonly Difference[];
}

/** Holds a run to what was recorded, line by line; a line that is not there, and one too many, differ. */
export function compareLines(program: string, recorded: string, got: string): Comparison {
  const found = new Map(linesOf(got).map(({ name, value }) => [name, value]));
  const differences: Difference[] = [];
  let compared = 0;
  for (const line of linesOf(recorded)) {
    const value = found.get(line.name);
    found.delete(line.name);
    if (notCompared(program, line) !== undefined) continue;
    compared++;
    if (value !== line.value) differences.push({ name: line.name, recorded: line.value, got: value });
  }
  for (const [name, value] of found) {
    if (name.startsWith('alive ')) continue;
    differences.push({ name, recorded: 'no such line', got: value });
  }
  return { compared, differences };
}
