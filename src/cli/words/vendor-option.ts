/** `--vendor NAME|FILE`: the heaps that a vendor's kernel has beside mainline's. */
import { Option } from 'commander';
import { offers } from '../completion/option-values.ts';

/** The files of profiles/vendor, without `.yaml`. */
export const VENDORS: readonly string[] = [
  'android-5.10',
  'nxp-5.15',
  'nxp-6.18',
  'qcom-5.15',
  'rockchip-5.10',
  'ti-6.1',
];

export const vendorOption = (): Option =>
  offers(new Option('--vendor <name|file>', "heaps of a vendor's kernel, as rockchip-5.10"), VENDORS);
