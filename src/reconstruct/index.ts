/** From pasted logs and files to a session: what the command line takes of this room. */
export type { Facts } from './facts.ts';
export type { Finding } from './finding.ts';
export type { InputText } from './line.ts';
export { isEmpty, readFacts } from './read-facts.ts';
export { type RebuiltState, rebuildState } from './rebuild-state.ts';
export { type Given, type Reconstruction, reconstruct } from './reconstruct.ts';
