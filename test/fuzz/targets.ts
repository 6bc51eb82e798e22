/** The targets by name, loaded when asked for. A new one is one line here. */
import type { FuzzTarget } from './target.ts';

export const TARGETS: Readonly<Record<string, () => Promise<FuzzTarget>>> = {
  dtb: async () => (await import('./dtb-target.ts')).dtbTarget,
  boot: async () => (await import('./boot-target.ts')).bootTarget,
  check: async () => (await import('./check-target.ts')).checkTarget,
  yaml: async () => (await import('../board/yaml-fuzz-target.ts')).yamlTarget,
  dts: async () => (await import('../devicetree/dts/fuzz-target.ts')).dtsTarget,
  reconstruct: async () => (await import('./reconstruct-target.ts')).reconstructTarget,
  pasted: async () => (await import('../devicetree/repair/fuzz-target.ts')).pastedTarget,
  cpp: async () => (await import('../devicetree/cpp/fuzz-target.ts')).cppTarget,
};
