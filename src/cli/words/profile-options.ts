/** `--arch NAME` and `--coherent STATE`: what of a kernel is said beside its release. */
import { InvalidArgumentError, Option } from 'commander';
import { COHERENT_STATES, type CoherentSeries, isCoherentSeries } from '../../profile/coherent-series.ts';
import { architectureNames } from '../../profile/profile.ts';
import { offers } from '../completion/option-values.ts';

export function readArch(text: string): string {
  if (architectureNames().includes(text)) return text;
  throw new InvalidArgumentError(`Expected ${architectureNames().join(', ')}.`);
}

export function readCoherent(text: string): CoherentSeries {
  if (isCoherentSeries(text)) return text;
  throw new InvalidArgumentError(`Expected ${COHERENT_STATES.join(', ')}.`);
}

/** @param about what the help says @param read reads a value; `before` is what was given already */
export const archOption = <T>(about: string, read: (text: string, before: T) => T): Option =>
  offers(new Option('--arch <name>', about).argParser(read), architectureNames());

/** @param about what the help says @param read reads a value; `before` is what was given already */
export const coherentOption = <T>(about: string, read: (text: string, before: T) => T): Option =>
  offers(new Option('--coherent <state>', about).argParser(read), COHERENT_STATES);
