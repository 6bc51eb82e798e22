/** Options as people and `.config` give them: one name and value, and what of the model it sets. */
import type { PageKiB } from './architecture.ts';
import { type ConfigKey, type ConfigProblem, configKeys, DEFCONFIG, readOption } from './config.ts';
import { type NotedOption, notedOption } from './noted-options.ts';
import { isMenu, PARENTS } from './parent-options.ts';

/** A value as in .config; `y` and `n` may be booleans. */
export type ConfigValue = string | number | boolean;

/** Heaps by the option that builds them, and the module that they are with `m`. */
export const HEAP_OPTIONS = {
  CONFIG_DMABUF_HEAPS_SYSTEM: 'system_heap',
  CONFIG_DMABUF_HEAPS_CMA: 'cma_heap',
  CONFIG_DMABUF_HEAPS_COHERENT: 'coherent_heap',
} as const satisfies Partial<Record<ConfigKey, string>>;

const isHeapOption = (key: string): key is keyof typeof HEAP_OPTIONS => Object.hasOwn(HEAP_OPTIONS, key);

/** Devices without hardware, which are not there as modules: nothing loads them by itself. */
const NOT_LOADED: ReadonlySet<string> = new Set(['CONFIG_DRM_VGEM', 'CONFIG_DRM_VKMS']);

/** The page sizes of arm64: one of three. */
export const PAGE_OPTIONS: Readonly<Record<string, PageKiB>> = {
  CONFIG_ARM64_4K_PAGES: 4,
  CONFIG_ARM64_16K_PAGES: 16,
  CONFIG_ARM64_64K_PAGES: 64,
};

/** What says how large the area of the configuration is: one of four. */
export const SIZE_CHOICE: readonly ConfigKey[] = [
  'CONFIG_CMA_SIZE_SEL_MBYTES',
  'CONFIG_CMA_SIZE_SEL_PERCENTAGE',
  'CONFIG_CMA_SIZE_SEL_MIN',
  'CONFIG_CMA_SIZE_SEL_MAX',
];

/** What an option is called in older kernels. */
export const OLD_NAMES: Readonly<Record<string, ConfigKey>> = {
  CONFIG_FORCE_MAX_ZONEORDER: 'CONFIG_ARCH_FORCE_MAX_ORDER',
};

const VA_BITS = /^CONFIG_ARM64_VA_BITS_(\d\d)$/;

/** What an option sets; with several, in this order. */
export interface Setting {
  readonly options: readonly (readonly [key: ConfigKey, value: boolean | number])[];
  readonly pageKiB?: PageKiB;
  /** A heap and whether it is a module. */
  readonly heap?: readonly [module: string, isModule: boolean];
  /** An option that is not modelled, in a state that changes answers. */
  readonly noted?: { readonly text: string; readonly refused: boolean };
  /** Whether an option that others depend on is on: `PARENTS`. */
  readonly isParentOn?: boolean;
}

const isModelled = (key: string): key is ConfigKey => Object.hasOwn(DEFCONFIG, key);

/** The options that may be given by name, those that are modelled first. */
export const givenKeys = (): readonly string[] => [...configKeys(), ...Object.keys(PAGE_OPTIONS)];

/** Whether a line of a configuration says something that answers depend on. */
export const isRead = (key: string): boolean =>
  isModelled(key) ||
  Object.hasOwn(PAGE_OPTIONS, key) ||
  Object.hasOwn(OLD_NAMES, key) ||
  VA_BITS.test(key) ||
  isMenu(key) ||
  notedOption(key) !== undefined;

/** A text without its quotes, as .config has it. */
const unquoted = (value: unknown): unknown =>
  typeof value === 'string' && /^".*"$/s.test(value) ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value;

const yes = (key: string, value: unknown): boolean | ConfigProblem => {
  if (value === true || value === 'y') return true;
  if (value === false || value === 'n') return false;
  return { key, problem: 'not-boolean', expected: 'y or n' };
};

/**
 * Reads one option.
 *
 * @param key its whole name, as today's or an older kernel has it
 * @param given its value as in .config: `y`, `m`, `n`, a number, a text with or without quotes
 */
export function readGiven(key: string, given: unknown): Setting | ConfigProblem {
  const value = unquoted(given);
  const old = Object.hasOwn(OLD_NAMES, key) ? OLD_NAMES[key] : undefined;
  if (old !== undefined) {
    const read = readOption(old, value);
    return typeof read === 'object' ? { ...read, key } : { options: [[old, read]] };
  }
  const pages = Object.hasOwn(PAGE_OPTIONS, key) ? PAGE_OPTIONS[key] : undefined;
  if (pages !== undefined) {
    const chosen = yes(key, value);
    if (typeof chosen === 'object') return chosen;
    return chosen ? { options: [], pageKiB: pages } : { options: [] };
  }
  const bits = VA_BITS.exec(key)?.[1];
  if (bits !== undefined) {
    const chosen = yes(key, value);
    if (typeof chosen === 'object') return chosen;
    return { options: chosen ? [['CONFIG_ARM64_VA_BITS', Number(bits)]] : [] };
  }
  if (isModelled(key)) {
    const read = readModelled(key, value);
    if ('problem' in read || !Object.hasOwn(PARENTS, key)) return read;
    return { ...read, isParentOn: read.options.every(([, on]) => on !== false) };
  }
  if (isMenu(key)) {
    // A menu that is a module has its parts as modules at most.
    const on = yes(key, value === 'm' ? 'y' : value);
    return typeof on === 'object' ? on : { options: [], isParentOn: on };
  }
  const noted = notedOption(key);
  if (noted === undefined) return { key, problem: 'unknown', expected: givenKeys().join(', ') };
  const read = readNoted(key, noted, value);
  if (typeof read === 'object') return read;
  const options: Setting['options'] = [];
  const parent = Object.hasOwn(PARENTS, key) ? { isParentOn: read !== false } : {};
  if (!noted.matters(read)) return { options, ...parent };
  const shown = read === true ? 'y' : read === false ? 'n' : String(read);
  return {
    options,
    ...parent,
    noted: { text: `${key}=${shown}: ${noted.why}`, refused: noted.refused === true },
  };
}

/** What Kconfig would not take is refused, though the model does not follow the option. */
function readNoted(
  key: string,
  { type }: NotedOption,
  value: unknown,
): boolean | number | string | ConfigProblem {
  if (type === 'text') return value as boolean | number | string;
  if (type === 'number') {
    if (value === false || value === 'n') return false;
    const number = typeof value === 'string' && /^(0x[0-9a-f]+|\d+)$/i.test(value) ? Number(value) : value;
    return typeof number === 'number' && Number.isInteger(number)
      ? number
      : { key, problem: 'not-number', expected: 'a number' };
  }
  if (type === 'tristate' && value === 'm') return true;
  const on = yes(key, value);
  return typeof on === 'object' && type === 'tristate' ? { ...on, expected: 'y, m or n' } : on;
}

function readModelled(key: ConfigKey, value: unknown): Setting | ConfigProblem {
  if (isHeapOption(key)) {
    if (value === 'm') return { options: [[key, true]], heap: [HEAP_OPTIONS[key], true] };
    const built = yes(key, value);
    if (typeof built === 'object') return { ...built, expected: 'y, m or n' };
    return { options: [[key, built]], heap: [HEAP_OPTIONS[key], false] };
  }
  const read = readOption(key, value === 'm' && NOT_LOADED.has(key) ? 'n' : value);
  if (typeof read === 'object') return read;
  if (!SIZE_CHOICE.includes(key)) return { options: [[key, read]] };
  if (!read) return { options: [] };
  return { options: SIZE_CHOICE.map((one) => [one, one === key]) };
}
