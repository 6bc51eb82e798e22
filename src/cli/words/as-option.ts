/** The option that makes an access a device's. */
import type { Command } from 'commander';

export interface AsOption {
  readonly as?: string;
}

export const addAsOption = (command: Command): Command =>
  command.option('--as <device>', 'access the bytes as this device does, by DMA: its name, or its node');
