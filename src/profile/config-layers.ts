/** The configuration in force: the architecture's defconfig, and over it presets, files and single options. */
import type { Architecture, PageKiB } from './architecture.ts';
import { type ConfigKey, type ConfigProblem, configKeys, DEFCONFIG, type ProfileConfig } from './config.ts';
import type { ConfigFile } from './dot-config.ts';
import { type ConfigValue, HEAP_OPTIONS, readGiven, type Setting, SIZE_CHOICE } from './given-option.ts';
import { type AskedKernel, ONLY_ON, optionOfHeap, whyNoModule, whyNotThere } from './option-rules.ts';
import { below, isMenu } from './parent-options.ts';
import { presetFor, presetOf } from './presets.ts';

/** Options from one place. */
export interface ConfigLayer {
  /** Where they come from, as people are told: `preset debian`, a file's name, `--config`. */
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
  /**
   * A whole kernel's, which exists: what its architecture or version has otherwise here is unverified, not refused,
   * and the configuration is called by its name.
   */
  readonly isKernel?: true;
  /** Whether it says all: nothing below it counts. */
  readonly whole?: boolean;
}

/** What is given of a configuration beside a board, or by the board's own file. */
export interface GivenConfig {
  readonly preset?: string;
  readonly configFile?: ConfigFile;
  readonly config?: Readonly<Record<string, ConfigValue>>;
}

/** The layers of what is given, the lowest first. @param release the kernel's, on which presets depend */
export function layersOf(given: GivenConfig, release: string): ConfigLayer[] {
  const layers: ConfigLayer[] = [];
  const preset = given.preset === undefined ? undefined : presetOf(given.preset);
  if (preset !== undefined) {
    const { options } = presetFor(preset, release);
    const page = preset.pageKiB === undefined ? {} : { [`CONFIG_ARM64_${preset.pageKiB}K_PAGES`]: true };
    layers.push({ name: `preset ${preset.name}`, options: { ...page, ...options }, isKernel: true });
  }
  const { configFile, config } = given;
  if (configFile !== undefined) {
    const { name, options, whole } = configFile;
    layers.push({ name, options, isKernel: true, whole });
  }
  if (config !== undefined) layers.push({ name: '--config', options: config });
  return layers;
}

/** The configuration that an architecture's recorded kernels had, but for sizes. */
export const defaultConfig = (arch: Architecture): ProfileConfig => ({
  ...DEFCONFIG,
  ...arch.defconfig,
  ...arch.fixedConfig,
});

/** What a configuration is called in which nothing was changed: defconfigs have no heap built in. */
export const defaultName = ({ name }: Architecture): string => `${name} defconfig plus the heaps built in`;

/** The configuration in force, and where each option comes from. */
export interface LayeredConfig {
  readonly config: ProfileConfig;
  readonly pageKiB: PageKiB;
  readonly modules: readonly string[];
  readonly noted: readonly string[];
  readonly name: string;
  readonly problems: readonly ConfigProblem[];
  /** The layer that decided an option; absent: the architecture's defconfig. */
  readonly from: ReadonlyMap<ConfigKey | 'pages', string>;
}

/** Lays options over the architecture's defconfig. @param layers the lowest first */
export function layeredConfig(asked: AskedKernel, layers: readonly ConfigLayer[]): LayeredConfig {
  const whole = layers.findLastIndex((layer) => layer.whole === true);
  const counted = whole < 0 ? layers : layers.slice(whole);
  const pages = new Layering(asked);
  // The pages decide what an option may be: they are found first.
  for (const layer of counted) pages.addPages(layer);
  const layering = new Layering({ ...asked, pageKiB: pages.pageKiB });
  layering.from = pages.from;
  for (const layer of counted) layering.add(layer);
  return layering.result(counted);
}

class Layering {
  pageKiB: PageKiB;
  from = new Map<ConfigKey | 'pages', string>();
  readonly #asked: AskedKernel;
  readonly #config: Record<ConfigKey, boolean | number>;
  readonly #defaults: ProfileConfig;
  readonly #modules = new Set<string>();
  readonly #noted = new Map<string, string>();
  /** Options that are not modelled, or that others depend on, by the layer that has them in a state that matters. */
  readonly #otherFrom = new Map<string, string>();
  /** Options that are off because what they depend on is. */
  readonly #along = new Set<ConfigKey>();
  readonly #problems: ConfigProblem[] = [];

  constructor(asked: AskedKernel) {
    this.#asked = asked;
    this.pageKiB = asked.pageKiB;
    this.#defaults = defaultConfig(asked.arch);
    this.#config = { ...this.#defaults };
  }

  addPages({ name, options }: ConfigLayer): void {
    for (const [key, value] of Object.entries(options)) {
      const read = readGiven(key, value);
      if (!('options' in read) || read.pageKiB === undefined) continue;
      if (this.#asked.arch.pages[read.pageKiB] === undefined) continue;
      this.pageKiB = read.pageKiB;
      this.from.set('pages', name);
    }
  }

  add(layer: ConfigLayer): void {
    const parents: [name: string, isOn: boolean][] = [];
    for (const [key, value] of Object.entries(layer.options)) {
      const read = readGiven(key, value);
      if ('problem' in read) this.#problems.push(read);
      else {
        this.#set(key, read, layer);
        if (read.isParentOn !== undefined) parents.push([key, read.isParentOn]);
      }
    }
    for (const [name, isOn] of parents) this.#parent(name, isOn, layer);
  }

  /** What depends on an option of this layer: a later layer may have it all the same. */
  #parent(name: string, isOn: boolean, { name: from, isKernel }: ConfigLayer): void {
    const parts = below(name);
    const on = parts.filter((key) => this.#config[key] === true);
    if (isOn) {
      this.#otherFrom.delete(name);
      if (isKernel === true || !isMenu(name) || on.length > 0) return;
      const expected = `its parts as well: ${parts.map((key) => `${key}=y`).join(', ')}`;
      this.#problems.push({ key: name, problem: 'not-there', expected, why: 'alone it builds nothing' });
      return;
    }
    if (isMenu(name) && on.length > 0) this.#otherFrom.set(name, from);
    for (const key of on) {
      if (isKernel !== true && this.from.get(key) === from) {
        const why = `it depends on ${name}, which is n`;
        this.#problems.push({ key, problem: 'not-there', expected: 'one of them to be left out', why });
      }
      this.#config[key] = false;
      this.from.set(key, from);
      this.#along.add(key);
    }
  }

  #set(name: string, { options, pageKiB, heap, noted }: Setting, layer: ConfigLayer): void {
    const { arch } = this.#asked;
    if (pageKiB !== undefined && arch.pages[pageKiB] === undefined) {
      const why = `${arch.name} has pages of ${Object.keys(arch.pages).join(', ')} KiB`;
      this.#problems.push({ key: name, problem: 'not-there', expected: 'another page size', why });
    }
    this.#noted.delete(name);
    this.#otherFrom.delete(name);
    if (noted?.refused === true) {
      this.#problems.push({ key: name, problem: 'not-modelled', expected: 'n' });
      return;
    }
    if (noted !== undefined) {
      this.#noted.set(name, noted.text);
      this.#otherFrom.set(name, layer.name);
    }
    for (const [key, value] of options) this.#setOption(name, key, value, layer);
    if (heap === undefined) return;
    const [module, isModule] = heap;
    this.#modules.delete(module);
    if (!isModule) return;
    const why = layer.isKernel === true ? undefined : whyNoModule(this.#asked);
    if (why === undefined) this.#modules.add(module);
    else this.#problems.push({ key: name, problem: 'not-there', expected: 'y or n', why });
  }

  #setOption(
    name: string,
    key: ConfigKey,
    value: boolean | number,
    { name: from, isKernel }: ConfigLayer,
  ): void {
    const { arch } = this.#asked;
    if (arch.refusedConfig[key] === value) {
      this.#problems.push({ key: name, problem: 'not-modelled', expected: value === true ? 'n' : 'y' });
      return;
    }
    const only = ONLY_ON[key];
    // What another architecture's option is not, changes nothing.
    if (only !== undefined && only !== arch.name && (value === false || isKernel === true)) return;
    const why = whyNotThere(name, key, value, this.#asked);
    if (why === undefined) {
      this.#config[key] = value;
      this.from.set(key, from);
      this.#along.delete(key);
    } else if (isKernel !== true) {
      this.#problems.push({ key: name, problem: 'not-there', expected: 'to leave it out', why });
    } else if (Object.hasOwn(arch.fixedConfig, key)) {
      const shown = value === true ? 'y' : value === false ? 'n' : String(value);
      this.#noted.set(name, `${name}=${shown}: ${why}`);
    }
  }

  result(layers: readonly ConfigLayer[]): LayeredConfig {
    if (!SIZE_CHOICE.some((key) => this.#config[key])) this.#config.CONFIG_CMA_SIZE_SEL_MBYTES = true;
    if (this.#config.CONFIG_DMA_CMA === false && this.#config.CONFIG_DMABUF_HEAPS_CMA) {
      const by = layers.find(({ name }) => name === this.from.get('CONFIG_DMABUF_HEAPS_CMA'));
      if (by !== undefined && by.isKernel !== true) {
        const why = 'it depends on CONFIG_DMA_CMA, which is n';
        const expected = 'CONFIG_DMA_CMA=y as well';
        this.#problems.push({ key: 'CONFIG_DMABUF_HEAPS_CMA', problem: 'not-there', expected, why });
      }
      this.#config.CONFIG_DMABUF_HEAPS_CMA = false;
    }
    const config = this.#config as unknown as ProfileConfig;
    return {
      config,
      pageKiB: this.pageKiB,
      modules: [...this.#modules].filter((module) => config[optionOfHeap(module) as ConfigKey] === true),
      noted: [...this.#noted.values()],
      name: this.#name(layers),
      problems: this.#problems,
      from: this.from,
    };
  }

  #isModule(key: ConfigKey): boolean {
    const module = Object.hasOwn(HEAP_OPTIONS, key)
      ? HEAP_OPTIONS[key as keyof typeof HEAP_OPTIONS]
      : undefined;
    return module !== undefined && this.#config[key] === true && this.#modules.has(module);
  }

  /** Called by the kernel that it is of, and by what single options change of that. */
  #name(layers: readonly ConfigLayer[]): string {
    const kernels = layers.filter(({ isKernel }) => isKernel === true).map(({ name }) => name);
    const single = new Set(layers.filter(({ isKernel }) => isKernel !== true).map(({ name }) => name));
    const changed = configKeys().flatMap((key) => {
      const from = this.from.get(key);
      if (from === undefined || !single.has(from) || this.#along.has(key)) return [];
      if (this.#isModule(key)) return [`${key}=m`];
      return kernels.length > 0 || this.#config[key] !== this.#defaults[key] ? [key] : [];
    });
    const others = [...this.#otherFrom].filter(([, from]) => single.has(from)).map(([key]) => key);
    changed.push(...others);
    const pagesBy = this.from.get('pages');
    if (
      pagesBy === undefined
        ? this.pageKiB !== 4
        : single.has(pagesBy) && (kernels.length > 0 || this.pageKiB !== 4)
    ) {
      changed.push(`${this.pageKiB} KiB pages`);
    }
    // A part of a configuration leaves the rest as it is.
    const isPart = layers.find(({ isKernel }) => isKernel === true)?.whole === false;
    const base = [
      ...(kernels.length === 0 || isPart ? [defaultName(this.#asked.arch)] : []),
      ...kernels,
    ].join(' and ');
    return `${base}${changed.length === 0 ? '' : ` but ${changed.join(', ')}`}`;
  }
}
