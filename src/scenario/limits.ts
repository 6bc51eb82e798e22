/**
 * How much a scenario may ask for: one that came from anybody ends in bounded memory, with a word about what was too
 * much. All are counts, so that the same file does the same on every machine; docs/scenarios.md lists them.
 */

/** Steps that run. */
export const MAX_STEPS = 1_000_000_000;
/** Buffers that one step makes. */
export const MAX_COUNT = 100_000;
/** Tasks that take turns. */
export const MAX_BRANCHES = 1000;
/** Characters that a text with variables becomes. */
export const MAX_TEXT = 1 << 20;
/** Names with variables in them, which every use of a name is compared with. */
export const MAX_TEMPLATE_NAMES = 1000;
/** Values that a range of `for` has. */
export const MAX_RANGE = 1_000_000;
/** Values that aliases of YAML unfold to. */
export const MAX_ALIASED = 100_000;
/** What steps have to tell beside their answers, at most. */
export const MAX_WARNED = 16;
/** Steps that were checked and are told of one by one; those after them are only counted, unless they fail. */
export const MAX_TOLD = 100_000;
/** Steps that may fail before --keep-going ends. */
export const MAX_FAILED = 100_000;
/** Buffers of leaks that are told in all. */
export const MAX_ALIVE_TOLD = 100_000;
/** What the machine remembers: buffers, descriptors, tasks, lines of the log take a few each. */
export const MAX_RECORDS = 2_000_000;
/** Bytes of the machine's memory that hold something. */
export const MAX_TOUCHED = 2 ** 30;
/** Bytes that are looked at as text. */
export const MAX_TEXT_BYTES = 64 << 20;
/** Problems of a file that are told, and suggestions made for. */
export const MAX_PROBLEMS = 100;
